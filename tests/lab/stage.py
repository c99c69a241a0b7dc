"""The lab's stage: servers on addresses of loopback, a DNS server, and a victim that fetches.

A `Stage` is one row's: `codicil serve` on as many addresses as the row has parties, all at one port,
and NSD with what DNS says there. Its `visit` runs `codicil get` and tells who answered. All files
stay where they are, so that a row can be played again by hand.
"""

import os
import socket
import subprocess
import threading

from harness.codicil import Serve, Site, program
from harness.dns import DnsServer, a, caa, lame, zone

from visit import Visit

# How long the victim's client gives a server to prove what it says it can: on a busy machine, too,
# an attack has its best chance, and what can be accepted is.
COALESCE_WAIT_MS = 1000
MAX_SECONDS = 30
FIRST_PAGE_PARTS = 16
POLICIES = {"off": "insecure-ignore", "honour": "honour", "require": "require"}
HTTP_FLAGS = {"h2": "--http2", "h3": "--http3-only"}

class Party:
    """Somebody with a server: address, sites by name, labels of glue certificates."""

    def __init__(self, name, address, sites, glue=(), extra=""):
        self.name, self.address, self.sites = name, address, sites
        self.glue, self.extra = glue, extra


class Held:
    """A site that a party serves: which certificate it has for it, what else it proves there."""

    def __init__(self, certificate, secondary=(), **more):
        self.certificate, self.secondary, self.more = certificate, list(secondary), more


def is_free(port, addresses):
    """Whether a port is free for TCP and UDP on all these addresses."""
    for address in addresses:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as s:
                try:
                    s.bind((address, port))
                except OSError:
                    return False
    return True


class Ports:
    """Ports that no other stage of this process has."""

    lock, taken = threading.Lock(), set()

    @classmethod
    def take(cls, addresses):
        with cls.lock:
            while True:
                with socket.socket() as s:
                    s.bind(("127.0.0.1", 0))
                    port = s.getsockname()[1]
                if port not in cls.taken and is_free(port, addresses):
                    cls.taken.add(port)
                    return port


def zones_of(hosts, records, forged=None):
    """What DNS says: addresses by host, CAA properties, and names that cannot be asked for."""
    return [zone("example", *(a(f"{host}.", address) for host, address in hosts.items()),
                 *(caa(f"{name}.", tag, value) for name, tag, value in records), is_signed=True,
                 forged=forged),
            lame("broken.example")]


class Stage:
    """One row's servers and DNS; a context manager that stops them."""

    def __init__(self, directory, office, row, hosts, records=()):
        self.dir, self.office, self.row = str(directory), office, row
        os.makedirs(self.dir, exist_ok=True)
        self.hosts, self.records = hosts, records
        self.servers, self.dns, self.port = [], None, None

    def __enter__(self):
        try:
            self.dns = DnsServer(f"{self.dir}/dns", *zones_of(self.hosts, self.records))
            self._serve()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        ends = [(server.stop(), server.errors) for server in self.servers]
        if self.dns:
            self.dns.stop()
        for status, errors in ends:
            assert status == 0 and not any("Sanitizer" in line for line in errors), errors

    def change_dns(self, overrides):
        """DNS says what is true, and is signed, but for these hosts: their addresses are forged."""
        self.dns.change(*zones_of(self.hosts, self.records, overrides))

    def _serve(self):
        """Another process may take the port between the look and the server: then a new one."""
        for attempt in range(5):
            self.port = Ports.take([p.address for p in self.row.parties])
            try:
                for party in self.row.parties:
                    self.servers.append(self._start(party))
                return
            except AssertionError:
                while self.servers:
                    self.servers.pop().stop()
                if attempt == 4:
                    raise

    def _start(self, party):
        top = f"{self.dir}/{party.name.replace(' ', '-')}"
        os.makedirs(f"{top}/root", exist_ok=True)
        with open(f"{top}/root/index.html", "w", encoding="ascii") as f:
            f.write(f"{party.name} at {party.address}\n")
        sites = []
        for name, held in party.sites.items():
            more = dict(held.more)
            if held.secondary:
                more["secondary"] = held.secondary
            sites.append(Site(name, self.office.get(held.certificate), f"{top}/root", **more))
        extra = party.extra + ("glue:\n" if party.glue else "")
        for label in party.glue:
            certificate = self.office.get(label)
            extra += f"  - certificate: {certificate.pem}\n    key: {certificate.key}\n"
        return Serve(top, sites, extra=extra, listen=f"{party.address}:{self.port}")

    # ---- the victim -----------------------------------------------------------------------------

    def command(self, num_urls, variant, policy, http):
        """The victim's command line; the nth body goes to a file with that number."""
        full = [program(), "get", HTTP_FLAGS[http], "--cacert", self.office.bundle]
        full += ["--dns-servers", self.dns.address, "--required-domain", POLICIES[policy]]
        files = {"dns": self.dns.anchor, **self.office.anchors}
        full += [files.get(flag, flag) for flag in variant.flags]
        full += ["--coalesce-wait", str(COALESCE_WAIT_MS), "--max-time", str(MAX_SECONDS)]
        for i in range(num_urls):
            full += ["-o", str(i)]
        return full + ["--json", "--urls-from", "urls"]

    def prepare(self, hosts, variant, policy, http):
        """Writes the list of URLs, each after the one before; returns the command and directory."""
        where = f"{self.dir}/{variant.key}-{policy}-{http}"
        os.makedirs(where, exist_ok=True)
        with open(f"{where}/urls", "w", encoding="ascii") as f:
            for i, host in enumerate(hosts):
                port = "" if ":" in host else f":{self.port}"
                f.write(f"https://{host}{port}/" + (f" after={i}\n" if i else "\n"))
        return self.command(len(hosts), variant, policy, http), where

    def visit(self, variant, policy, http):
        """Fetches a page of each host, one after the other, and tells of the row's targets.

        The first page has so many parts that what its server has to prove is there before the next
        host is wanted: a client does not wait for a server to which DNS does not lead.
        """
        first, *others = variant.visit or self.row.visit
        hosts = [first] * FIRST_PAGE_PARTS + others
        command, where = self.prepare(hosts, variant, policy, http)
        done = subprocess.run(command, cwd=where, capture_output=True, timeout=120, check=False)
        return Visit(command, where, done, [FIRST_PAGE_PARTS - 1 + i for i in self.row.targets])
