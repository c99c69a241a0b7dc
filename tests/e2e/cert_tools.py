"""What the tests of `codicil cert` share: the program, and what it leaves in files."""

import json
import os
import re
import sqlite3
import stat
import subprocess

from harness.codicil import program
from harness.pki import openssl

SKIP = "--insecure-skip-caa"


def cert(*args, cwd=None, **more):
    full = [program(), "cert", *map(str, args)]
    return subprocess.run(full, capture_output=True, text=True, cwd=cwd, check=False, **more)


def made(*args, **more):
    """The same, for what must succeed."""
    done = cert(*args, **more)
    assert done.returncode == 0, (args, done.stderr)
    return done


def refused(*args, says="", **more):
    """The same, for what must fail with these words."""
    done = cert(*args, **more)
    assert done.returncode != 0, (args, done.stdout)
    assert done.stderr.startswith("codicil cert:"), done.stderr
    assert says in done.stderr, done.stderr
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def audit(ca_dir):
    """The events of the audit log."""
    with open(f"{ca_dir}/audit.log", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def register(ca_dir):
    """The entries of the register, as dictionaries."""
    with sqlite3.connect(f"{ca_dir}/register.db") as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM certificate ORDER BY rowid")]


def listed(ca_dir):
    return json.loads(made("list", "--ca", ca_dir, "--json").stdout)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def text_of(path):
    """What openssl says of the first certificate of a file."""
    return openssl("x509", "-in", str(path), "-noout", "-text", "-certopt", "ext_parse").decode()


def extension(path, oid):
    """The DER of a certificate's extension, found by openssl."""
    der = openssl("x509", "-in", str(path), "-outform", "DER")
    parsed = openssl("asn1parse", "-inform", "DER", text=der).decode().splitlines()
    at = next(i for i, line in enumerate(parsed) if line.endswith(f":{oid}"))
    return bytes.fromhex(re.search(r"\[HEX DUMP\]:([0-9A-F]+)", parsed[at + 1]).group(1))


def serial_of(path):
    said = openssl("x509", "-in", str(path), "-noout", "-serial").decode()
    return said.strip().removeprefix("serial=").lower()
