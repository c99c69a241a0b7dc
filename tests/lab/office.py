"""Where the lab's certificates come from: `codicil cert`, as two CAs that victims trust both.

`careful` asks CAA before it signs, `careless` does not. What the careful one is asked for in the
table it has to sign, so that the owners' CAA records are tried, too.
"""

import os
import subprocess
import threading

from harness.codicil import program
from harness.dns import DnsServer
from harness.pki import Certificate


class Office:
    """Issues each certificate of a table once, when it is first wanted; a context manager."""

    def __init__(self, directory, table, zones):
        os.makedirs(directory, exist_ok=True)
        self.dir, self.table, self.zones = directory, table, zones
        self.issued, self.lock, self.dns = {}, threading.Lock(), None
        self.bundle = f"{directory}/both.pem"

    def __enter__(self):
        self.dns = DnsServer(f"{self.dir}/dns", *self.zones)
        with open(self.bundle, "wb") as out:
            for name, path in self.anchors.items():
                cert("new-ca", self.ca(name), "--name", f"{name.capitalize()} CA")
                with open(path, "rb") as f:
                    out.write(f.read())
        return self

    def __exit__(self, *_):
        self.dns.stop()

    def ca(self, name):
        return f"{self.dir}/{name}"

    @property
    def anchors(self):
        """The CAs' certificates: files by name."""
        return {name: f"{self.ca(name)}/ca.pem" for name in ("careful", "careless")}

    def get(self, label):
        with self.lock:
            if label not in self.issued:
                self.issued[label] = self._issue(label)
            return self.issued[label]

    def _issue(self, label):
        names, required, by = self.table[label]
        out = f"{self.dir}/{label}"
        os.makedirs(out)
        how = ["--caa-server", self.dns.address] if by == "careful" else ["--insecure-skip-caa"]
        for name in required:
            how += ["--required-domain", name]
        cert("new", *names, "--ca", self.ca(by), "--out", out, *how)
        pem = f"{out}/{names[0]}.pem"
        return Certificate(pem, f"{out}/{names[0]}.key", pem)


def cert(*args):
    """Runs `codicil cert`, which has to succeed."""
    done = subprocess.run([program(), "cert", *args], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (args, done.stderr.decode())
