"""The programs under test: `codicil serve`, `codicil get` and the misbehaving peer."""

import json
import os
import re
import subprocess

from .http import current
from .process import Process, wait_until


def program(variable="CODICIL"):
    """Path of a program that CTest or make passes by environment."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"the environment has no {variable}: run the tests through CTest")
    return path


class Site:
    """One entry of `sites` in the configuration."""

    def __init__(self, name, certificate, root, **more):
        self.name, self.certificate, self.root, self.more = name, certificate, root, more

    def yaml(self):
        lines = [
            f"  {json.dumps(self.name)}:",
            f"    certificate: {self.certificate.pem}",
            f"    key: {self.certificate.key}",
            f"    root: {self.root}",
        ]
        lines += [f"    {key}: {json.dumps(value)}" for key, value in self.more.items()]
        return "\n".join(lines) + "\n"


class Serve(Process):
    """`codicil serve` with a configuration of its own, on a port of its own."""

    def __init__(self, directory, sites, extra="", listen="127.0.0.1:0", args=()):
        os.makedirs(directory, exist_ok=True)
        self.log_path = f"{directory}/access.log"
        self.config_path = f"{directory}/codicil.yaml"
        text = f'listen: ["{listen}"]\naccess-log: {{path: {self.log_path}, format: json}}\n{extra}sites:\n'
        with open(self.config_path, "w", encoding="utf-8") as f:
            f.write(text + "".join(site.yaml() for site in sites))
        # A sanitizer keeps freed memory for a while: little enough for tests that look at memory.
        env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8"}
        super().__init__([program(), "serve", "-c", self.config_path, *args], env=env)
        ready = self.wait_line("ready ")
        self.port = int(re.search(r":(\d+) h2", ready).group(1))

    def rss(self):
        """Octets of memory in use."""
        with open(f"/proc/{self.child.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def log(self, num=None):
        """The access log's entries; waits until there are `num`."""

        def read():
            with open(self.log_path, encoding="utf-8") as f:
                return [json.loads(line) for line in f if line.endswith("\n")]

        if num is None:
            return read()
        wait_until(lambda: len(read()) >= num, what=f"access log of {num} lines")
        return read()


class Result:
    """What `codicil get` did."""

    def __init__(self, done):
        self.code = done.returncode
        self.stdout, self.stderr = done.stdout, done.stderr.decode(errors="replace")

    @property
    def report(self):
        return json.loads(self.stdout)

    def request(self, host):
        """The report's only request whose URL has `host`."""
        found = [r for r in self.report["requests"] if f"//{host}:" in r["url"]]
        assert len(found) == 1, (host, self.report)
        return found[0]

    def connection_of(self, host):
        wanted = self.request(host)["connection"]
        return next(c for c in self.report["connections"] if c["id"] == wanted)


def get_command(*args):
    """The command line of `codicil get` with `args`, in the version of HTTP of the test."""
    return [program(), "get", *current().get_flags, *map(str, args)]


def get(*args, env=None, timeout=60):
    """Runs `codicil get` with `args`."""
    full = get_command(*args)
    env = {**os.environ, **(env or {})}
    done = subprocess.run(full, capture_output=True, timeout=timeout, env=env, check=False)
    return Result(done)


def get_json(port, ca, hosts, *args, path="/", timeout=60):
    """Fetches `path` of each host from 127.0.0.1 and returns the --json report."""
    flags = ["--json", "--cacert", ca, "--max-time", "30"]
    for host in hosts:
        flags += ["--resolve", f"{host}:{port}:127.0.0.1"]
    urls = [f"https://{host}:{port}{path}" for host in hosts]
    return get(*flags, *args, *urls, timeout=timeout)


class BadServer(Process):
    """The misbehaving peer as a server: a.example's certificate first, b.example's as secondary."""

    def __init__(self, scenario, primary, secondary, *args):
        flags = ["--primary", primary.pem, primary.key]
        flags += ["--secondary", secondary.pem, secondary.key]
        flags += current().badpeer_flags
        super().__init__([program("BADPEER"), "serve", scenario, *flags, *args])
        self.port = int(self.wait_line("ready ").split()[1])

    def reports(self, num):
        """The reports of the first `num` connections that ended."""
        return [json.loads(self.wait_line("{")) for _ in range(num)]

    def misbehaved(self):
        """The report of the connection on which the scenario ran."""
        while True:
            report = json.loads(self.wait_line("{"))
            if report.get("misbehaved"):
                return report


def badpeer_command(*args):
    """The command line of the misbehaving peer as a client, in the version of HTTP of the test."""
    command, *rest = map(str, args)
    scenario = [rest.pop(0)] if command == "call" else []
    return [program("BADPEER"), command, *scenario, *current().badpeer_flags, *rest]


def badpeer(*args, timeout=90):
    """Runs the misbehaving peer as a client; returns its reports, a connection each."""
    full = badpeer_command(*args)
    done = subprocess.run(full, capture_output=True, timeout=timeout, check=False)
    assert done.returncode == 0, (full, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def bad_call(scenario, port, *args):
    """The misbehaving peer as a client; returns its report."""
    return badpeer("call", scenario, "--port", port, *args)[0]


def raw_request(port, *requests, flags=()):
    """Sends requests with exactly these fields (lists of "name=value"); returns the report."""
    args = []
    for fields in requests:
        args += (["--"] if args else []) + list(fields)
    return badpeer("request", "--port", port, *flags, *args)[0]


def ask(port, authority, path="/", *fields, method="GET", flags=None):
    """One ordinary request on a connection of its own; returns the response."""
    pseudo = [f":method={method}", ":scheme=https", f":authority={authority}", f":path={path}"]
    flags = ["--sni", authority.split(":")[0]] if flags is None else flags
    (response,) = raw_request(port, pseudo + list(fields), flags=flags)["responses"]
    return response


def resume(port, first, second):
    """Connects as `first`, then as `second` with the first session; returns both reports."""
    return badpeer("request", "--port", port, "--sni", first, "--then-sni", second)


def scenarios(role):
    full = [program("BADPEER"), "list", role, *current().badpeer_flags]
    return subprocess.run(full, capture_output=True, check=True, text=True).stdout.split()
