"""Rows that are more than a visit: a CA that is asked to sign."""

import os
import shlex
import subprocess
import threading

from harness.codicil import program


class Issuance:
    """One run of `codicil cert new`; the attributes are those of a visit."""

    def __init__(self, command, done):
        self.command = shlex.join(command)
        self.outcome = "issued" if done.returncode == 0 else "not issued"
        self.words = f"exit:{done.returncode}"
        lines = done.stderr.decode(errors="replace").splitlines()
        self.said = [line.removeprefix("codicil cert: ") for line in lines]

    @property
    def sentences(self):
        return self.said[-1:]

    def describe(self):
        return self.said


def ask_to_issue(name, required, *flags):
    """A play: a CA is asked, once, for a certificate for `name` that requires `required`."""
    lock, asked = threading.Lock(), {}

    def play(stage, variant, _policy, _http):
        out = f"{stage.dir}/{variant.key}"
        command = [program(), "cert", "new", name, "--required-domain", required, "--ca",
                   stage.office.ca("careful"), "--out", out, "--caa-server", stage.dns.address, *flags]
        with lock:
            if out not in asked:
                os.makedirs(out)
                done = subprocess.run(command, capture_output=True, timeout=60, check=False)
                asked[out] = Issuance(command, done)
            return asked[out]

    return play
