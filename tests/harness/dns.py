"""A DNS server of one's own: NSD on loopback, on a free port, with zones written in Python.

A zone is a list of records, most of them made by the functions here:

    zone("example", a("www.site", "127.0.0.2"), caa("site", "issue", "ca.example"))

Names are below the zone's apex, "@" is the apex itself. `DnsServer` serves zones until it is
stopped; a zone without records (`lame`) answers SERVFAIL, names in no zone REFUSED. Signed, a zone
comes with the trust anchor of a validating resolver, `anchor`. `why_no_dns()` says why a machine has
none.
"""

import os
import platform
import re
import shutil
import signal
import socket
import struct
import subprocess

from .process import Process, wait_until

UNPACKED = os.environ.get("CODICIL_UNPACKED") or f"{os.path.dirname(__file__)}/unpacked"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
QTYPES = {"A": 1, "CNAME": 5, "SOA": 6, "AAAA": 28, "CAA": 257}
TTL = 300

CONFIG = """
server:
  ip-address: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  zonesdir: "{dir}"
  database: ""
  pidfile: "{dir}/nsd.pid"
  xfrdfile: "{dir}/xfrd.state"
  xfrdir: "{dir}"
  zonelistfile: "{dir}/zone.list"
  zonefiles-check: yes
  server-count: 1
  rrl-ratelimit: 0
  verbosity: 1
remote-control:
  control-enable: no
"""


def find_tool(name):
    """Path of one of NSD's or ldns's programs: the machine's, or what scripts/deps unpacked."""
    here = f"{UNPACKED}/usr/sbin:{UNPACKED}/usr/bin"
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}:{here}")


def tool_env(path):
    """What one of those programs needs to find its libraries."""
    if not path.startswith(UNPACKED):
        return {}
    return {"LD_LIBRARY_PATH": f"{UNPACKED}/usr/lib/{platform.machine()}-linux-gnu"}


def why_no_dns():
    """The reason for which there is no DNS server to test with; empty where there is one."""
    return "" if find_tool("nsd") and find_tool("ldns-signzone") else "no NSD here: scripts/deps"


# ---- zones --------------------------------------------------------------------------------------


class Zone:
    """Records of one zone; `lines` is None where the server is to know nothing of it."""

    def __init__(self, name, lines, is_signed=False, forged=None):
        self.name, self.lines = name, lines
        self.is_signed, self.forged = is_signed, forged or {}


def zone(name, *records, is_signed=False, forged=None):
    """A zone of `records`, each a line of a zone file or a list of them.

    `forged`, IPv4 addresses by full name, take the place of those that were signed: bogus to who
    validates.
    """
    lines = []
    for record in records:
        lines += [record] if isinstance(record, str) else record
    return Zone(name, lines, is_signed, forged)


def lame(name):
    """A zone of which the server has nothing: it answers SERVFAIL."""
    return Zone(name, None)


def a(name, *addresses, ttl=TTL):
    """Addresses of a name, of both families."""
    return [f"{name} {ttl} IN {'AAAA' if ':' in each else 'A'} {each}" for each in addresses]


def cname(name, target, ttl=TTL):
    """`target` is absolute, without the last dot."""
    return f"{name} {ttl} IN CNAME {target}."


def caa(name, tag, value, flags=0, ttl=TTL):
    """A CAA property. Written as octets (RFC 3597), as a zone's parser may refuse odd ones."""
    rdata = bytes([flags, len(tag)]) + tag.encode() + value.encode()
    return f"{name} {ttl} IN TYPE257 \\# {len(rdata)} {rdata.hex()}"


# ---- asking -------------------------------------------------------------------------------------


def build_query(name, qtype):
    labels = b"".join(bytes([len(x)]) + x.encode() for x in name.rstrip(".").split(".") if x)
    header = struct.pack(">HHHHHH", 0x2b1d, 0, 1, 0, 0, 0)
    return header + labels + b"\0" + struct.pack(">HH", QTYPES[qtype], 1)


def skip_name(packet, at):
    while packet[at] not in (0,) and packet[at] < 0xC0:
        at += 1 + packet[at]
    return at + (2 if packet[at] >= 0xC0 else 1)


def query(port, name, qtype="A", timeout=0.5):
    """Asks 127.0.0.1:port; returns (rcode, [rdata]), or None where no answer came."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.connect(("127.0.0.1", port))
        try:
            s.send(build_query(name, qtype))
            packet = s.recv(65535)
        except OSError:
            return None
    _, flags, num_questions, num_answers = struct.unpack(">HHHH", packet[:8])
    at, answers = 12, []
    for _ in range(num_questions):
        at = skip_name(packet, at) + 4
    for _ in range(num_answers):
        at = skip_name(packet, at)
        kind, _, _, length = struct.unpack(">HHIH", packet[at:at + 10])
        if kind == QTYPES[qtype]:
            answers.append(packet[at + 10:at + 10 + length])
        at += 10 + length
    return flags & 15, answers


def free_port():
    """A port of 127.0.0.1 that is free for UDP and for TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


def forge(path, addresses_by_name):
    """Changes addresses in a zone file, whatever was signed."""
    with open(path, encoding="ascii") as f:
        text = f.read()
    for name, address in addresses_by_name.items():
        text, num = re.subn(rf"(?m)^({re.escape(name)}\.\s.*\sA\s+)\S+$", rf"\g<1>{address}", text)
        assert num == 1, (name, num)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


# ---- the server ---------------------------------------------------------------------------------


class DnsServer:
    """NSD with these zones, ready when made. `address` is what --dns-servers takes."""

    def __init__(self, directory, *zones):
        os.makedirs(directory, exist_ok=True)
        self.dir, self.serial = os.path.abspath(directory), 0
        self.keys, self.zones, self.process = {}, {}, None
        self.anchor = f"{self.dir}/anchor"
        self._write(zones)
        # Somebody else may take the port before NSD does; then NSD ends, and another is tried.
        for attempt in range(5):
            self.port = free_port()
            self._start()
            if wait_until(self._is_ready_or_dead, what="an answer of NSD") == "ready":
                break
            assert attempt < 4, self.process.errors
        self.address = f"127.0.0.1:{self.port}"

    def _start(self):
        config = f"{self.dir}/nsd.conf"
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(port=self.port, dir=self.dir))
            for each in self.zones:
                f.write(f'zone:\n  name: "{each}"\n  zonefile: "{each}.zone"\n')
        nsd = find_tool("nsd")
        self.process = Process([nsd, "-d", "-c", config], env=tool_env(nsd))

    def _is_ready_or_dead(self):
        if not self.process.is_alive():
            return "dead"
        return "ready" if self._serves_all() else None

    def _serves_all(self):
        """Whether every zone is answered for, with the serial number of now."""
        return all(
            (query(self.port, z.name, "SOA") or (2, [])) == (2, [])
            if z.lines is None else self._serial(z.name) == self.serial
            for z in self.zones.values()
        )

    def _serial(self, name):
        answer = query(self.port, name, "SOA")
        if not answer or not answer[1]:
            return None
        return struct.unpack(">I", answer[1][0][-20:-16])[0]

    def change(self, *zones):
        """Serves these zones in place of those of the same names; returns when it does."""
        assert {z.name for z in zones} <= set(self.zones), "NSD is not told of new zones"
        assert not any((z.lines is None) != (self.zones[z.name].lines is None) for z in zones)
        self._write({**self.zones, **{z.name: z for z in zones}}.values())
        self.process.child.send_signal(signal.SIGHUP)
        wait_until(self._serves_all, what="NSD's new zones")

    def stop(self):
        status = self.process.stop()
        assert status == 0, (status, self.process.errors)

    def _write(self, zones):
        self.serial += 1
        self.zones = {z.name: z for z in zones}
        for each in self.zones.values():
            path = f"{self.dir}/{each.name}.zone"
            if each.lines is None:
                continue
            head = [
                f"$ORIGIN {each.name}.",
                f"@ {TTL} IN SOA ns.{each.name}. none.{each.name}. "
                f"{self.serial} 3600 600 86400 {TTL}",
                f"@ {TTL} IN NS ns.{each.name}.",
                f"ns.{each.name}. {TTL} IN A 127.0.0.1",
            ]
            with open(path, "w", encoding="ascii") as f:
                f.write("\n".join(head + each.lines) + "\n")
            if each.is_signed:
                self._sign(each.name, path)
            if each.forged:
                forge(path, each.forged)
        with open(self.anchor, "w", encoding="ascii") as f:
            for key in self.keys.values():
                with open(f"{key}.key", encoding="ascii") as public:
                    f.write(public.read())

    def _sign(self, name, path):
        if name not in self.keys:
            made = self._ldns("ldns-keygen", "-k", "-a", "ECDSAP256SHA256", name)
            self.keys[name] = f"{self.dir}/{made.strip()}"
        self._ldns("ldns-signzone", "-f", f"{path}.signed", "-o", name, path, self.keys[name])
        os.replace(f"{path}.signed", path)

    def _ldns(self, name, *args):
        path = find_tool(name)
        env = {**os.environ, **tool_env(path)}
        done = subprocess.run([path, *args], cwd=self.dir, env=env, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, (name, args, done.stderr)
        return done.stdout


def addresses(port, name):
    """The IPv4 addresses that the server at 127.0.0.1:port gives, as text."""
    _, found = query(port, name, "A")
    return sorted(socket.inet_ntoa(each) for each in found)
