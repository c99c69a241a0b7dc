"""The servers under comparison: one worker each, the same certificate and files, TLS 1.3."""

import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests"))
# pylint: disable=wrong-import-position
from harness.process import Process

H2O = """
num-threads: 1
listen:
  host: 127.0.0.1
  port: {port}
  ssl: {{certificate-file: {pem}, key-file: {key}, minimum-version: TLSv1.3}}
http2-max-concurrent-requests-per-connection: 128
hosts:
  default:
    paths:
      /:
        file.dir: {root}
"""

NGINX = """
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  sendfile on; tcp_nopush on; keepalive_requests 100000000; http2_max_requests 100000000;
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {pem}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;
    root {root};
  }}
}}
"""

CADDY = """
{{
  admin off
  auto_https off
  storage file_system {dir}/caddy
}}
https://:{port} {{
  bind 127.0.0.1
  tls {pem} {key}
  root * {root}
  file_server
}}
"""

CODICIL = """
listen: ["127.0.0.1:{port}"]
workers: 1
limits: {{connections: 100000, resets: 1000000}}
timeouts: {{idle: 1h, handshake: 10m, headers: 10m, write: 10m}}
sites:
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def takes_tcp(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def takes_udp(port):
    """Whether somebody has bound the port: a connected socket hears of it when nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        s.settimeout(0.05)
        try:
            s.send(b"?")
            s.recv(1)
        except TimeoutError:
            return True
        except OSError:
            return False
    return True


class Server:
    """A running server; CPU and memory are those of all its processes."""

    def __init__(self, name, args, port, is_ready=takes_tcp):
        self.name, self.port = name, port
        self.process = Process(args)
        end = time.monotonic() + 20
        while not is_ready(port):  # the others print nothing when they are ready
            if time.monotonic() > end or not self.process.is_alive():
                raise RuntimeError(f"{name}: {self.process.errors}")
            time.sleep(0.02)

    def pids(self):
        """The process and its children: nginx and h2o have some."""
        mine = {self.process.child.pid}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                    if int(f.read().rsplit(")", 1)[1].split()[1]) in mine:
                        mine.add(int(pid))
            except OSError:
                pass
        return mine

    def cpu_us(self):
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
        return total / 1e3

    def rss(self):
        """Private memory: pages that are shared with files or other processes do not count."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                for line in f:
                    if line.startswith(("Private_Dirty:", "Private_Clean:")):
                        total += int(line.split()[1]) * 1024
        return total

    def pin(self, processors):
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), processors)

    def stop(self):
        self.process.stop()


class Material:
    """Certificates and files that all servers use; `program` makes the certificates."""

    def __init__(self, directory, program, num_sites=20):
        self.dir, self.program = directory, program
        self.names = ["a.example", *(f"s{i}.example" for i in range(num_sites))]
        self._cert("new-ca", f"{directory}/ca")
        for name in self.names:  # h2load names the first site by its address
            more = ["127.0.0.1"] if name == self.names[0] else []
            self._cert("new", name, *more, "--ca", f"{directory}/ca", "--out", directory)
        self.root = f"{directory}/www"
        os.mkdir(self.root)
        for name, size in (("1k", 1024), ("100k", 102400)):
            with open(f"{self.root}/{name}", "wb") as f:
                f.write(os.urandom(size))

    def _cert(self, *args):
        subprocess.run([self.program, "cert", *args], check=True, stdout=subprocess.DEVNULL)

    def _write(self, name, text):
        path = f"{self.dir}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def _values(self, port):
        name = self.names[0]
        return {"port": port, "pem": f"{self.dir}/{name}.pem", "key": f"{self.dir}/{name}.key",
                "root": self.root, "dir": self.dir}

    def codicil(self, num_secondary=0, program=None, label="codicil", start=Server):
        """`codicil serve` with so many secondary certificates on the first site."""
        port = free_port()
        text = CODICIL.format(port=port)
        for i, name in enumerate(self.names[: 1 + num_secondary]):
            text += f"  {name}:\n    certificate: {self.dir}/{name}.pem\n"
            text += f"    key: {self.dir}/{name}.key\n    root: {self.root}\n"
            if i == 0:
                text += f"    names: [{name}, 127.0.0.1]\n"
            if i == 0 and num_secondary:
                text += f"    secondary: [{', '.join(self.names[1 : 1 + num_secondary])}]\n"
        path = self._write(f"{label}-{num_secondary}.yaml", text)
        return start(label, [program or self.program, "serve", "-c", path], port)

    def nghttpd(self):
        v = self._values(free_port())
        args = ["nghttpd", "-n1", "-d", v["root"], "-m", "128", str(v["port"]), v["key"], v["pem"]]
        return Server("nghttpd", args, v["port"])

    def h2o(self):
        v = self._values(free_port())
        return Server("h2o", ["h2o", "-c", self._write("h2o.yaml", H2O.format(**v))], v["port"])

    def nginx(self):
        v = self._values(free_port())
        path = self._write("nginx.conf", NGINX.format(**v))
        return Server("nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-c", path], v["port"])

    def gtlsserver(self):
        v = self._values(free_port())
        args = ["gtlsserver", "-q", "--no-quic-dump", "--no-http-dump", "-d", v["root"],
                "--max-streams-bidi=128", "127.0.0.1", str(v["port"]), v["key"], v["pem"]]
        return Server("gtlsserver", args, v["port"], takes_udp)

    def caddy(self):
        v = self._values(free_port())
        path = self._write("Caddyfile", CADDY.format(**v))
        args = ["env", "GOMAXPROCS=1", f"HOME={self.dir}", "caddy", "run", "--adapter", "caddyfile",
                "--config", path]
        return Server("caddy", args, v["port"])


def missing(program):
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None
