"""Rows that are more than a visit: a CA is asked to sign, a block list changes meanwhile."""

import hashlib
import os
import shlex
import socket
import subprocess
import threading

from harness.codicil import program
from harness.pki import openssl
from harness.process import Process, wait_until

from stage import FIRST_PAGE_PARTS
from visit import Visit


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
        command = [program(), "cert", "new", name, "--required-domain", required, "--out", out,
                   "--ca", stage.office.ca("careful"), "--caa-server", stage.dns.address, *flags]
        with lock:
            if out not in asked:
                os.makedirs(out)
                done = subprocess.run(command, capture_output=True, timeout=60, check=False)
                asked[out] = Issuance(command, done)
            return asked[out]

    return play


class Gate:
    """A URL that is done, by failing, when the gate is opened; until then nobody answers there."""

    def __init__(self, http):
        kind = socket.SOCK_DGRAM if http == "h3" else socket.SOCK_STREAM
        self.socket, self.accepted = socket.socket(socket.AF_INET, kind), None
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(20)
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        self.host = f"gate.example:{self.socket.getsockname()[1]}"

    def wait(self):
        """Returns when somebody is there."""
        if self.socket.type == socket.SOCK_DGRAM:
            self.socket.recv(65535)
        else:
            self.accepted, _ = self.socket.accept()

    def open(self):
        if self.accepted:
            self.accepted.close()
        self.socket.close()


def spki_sha256(certificate):
    """In hexadecimal, as a block list has it."""
    pem = openssl("x509", "-in", certificate.leaf, "-noout", "-pubkey")
    return hashlib.sha256(openssl("pkey", "-pubin", "-outform", "DER", text=pem)).hexdigest()


def block_meanwhile(entry_of):
    """A play: between two requests for the victim, on an open connection, an entry is written."""

    def play(stage, variant, policy, http):
        gate = Gate(http)
        first, victim = stage.row.visit
        hosts = [first] * FIRST_PAGE_PARTS + [victim, gate.host, victim]
        command, where = stage.prepare(hosts, variant, policy, http)
        block_list = f"{where}/block-list"
        with open(block_list, "w", encoding="ascii") as f:
            f.write("# nothing yet\n")
        command += ["-v", "--block-list", "block-list"]
        client = Process(command, cwd=where)
        try:
            gate.wait()
            with open(f"{block_list}.new", "w", encoding="ascii") as f:
                f.write(entry_of(stage.office) + "\n")
            os.replace(f"{block_list}.new", block_list)
            wait_until(lambda: any("entries: 1" in line for line in client.errors),
                       what="the new block list")
        finally:
            gate.open()
            client.child.wait(60)
            client.stop()
        said = ["\n".join(lines).encode() for lines in (client.lines, client.errors)]
        done = subprocess.CompletedProcess(command, client.child.returncode, *said)
        return Visit(command, where, done, [len(hosts) - 3, len(hosts) - 1])

    return play
