"""Fixtures of the interop tests: what the end-to-end tests have, and the peers' programs."""

import functools
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position,wildcard-import,unused-wildcard-import
from harness.fixtures import *

HERE = os.path.dirname(os.path.abspath(__file__))
UNPACKED = f"{HERE}/unpacked/usr"  # by scripts/deps: what is not installed
H3_SETTING = "0x2ce5e771"  # docs/protocol.md, codepoints


def need(*programs):
    """The path of the first of `programs` that there is; skips where there is none."""
    for name in programs:
        path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/lib/go/bin")
        if path:
            return path
    pytest.skip(f"{programs[0]} is not installed: run 'make interop'")


def run(*args, timeout=60, text=None, **more):
    """Runs a peer and returns what it did; its status is the caller's to judge."""
    full = [str(a) for a in args]
    options = {"input": text, "capture_output": True, "text": True, "timeout": timeout}
    return subprocess.run(full, check=False, **{**options, **more})


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def curl_get(port, ca, paths, host="a.example", **more):
    """Fetches by a libcurl with HTTP/3; see curl_client.py."""
    found = glob.glob(f"{UNPACKED}/lib/*/libcurl-gnutls.so.4")
    if not found:
        pytest.skip("a libcurl with HTTP/3 is not unpacked: run 'make interop'")
    urls = [f"https://{host}:{port}{path}" for path in paths]
    options = {"urls": urls, "ca": ca.pem, "resolve": [f"{host}:{port}:127.0.0.1"], **more}
    done = run(sys.executable, f"{HERE}/curl_client.py", found[0], json.dumps(options))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@functools.cache
def quic_go(name):
    """Builds a program of quic_go/, with the Go and the packages that were unpacked."""
    (goroot,) = glob.glob(f"{UNPACKED}/lib/go-*") or [None]
    if goroot is None:
        pytest.skip("quic-go is not unpacked: run 'make interop'")
    directory = f"{HERE}/unpacked/built"
    env = {**os.environ, "GOROOT": goroot, "GOPATH": f"{UNPACKED}/share/gocode"}
    env.update(GO111MODULE="off", GOPROXY="off", GOTOOLCHAIN="local", GOCACHE=f"{directory}/cache")
    args = [f"{goroot}/bin/go", "build", "-o", f"{directory}/{name}", f"{HERE}/quic_go/{name}.go"]
    done = run(*args, timeout=300, env=env)
    assert done.returncode == 0, done.stderr
    return f"{directory}/{name}"


@pytest.fixture
def trusting(tmp_path, ca):
    """Makes a directory with an NSS store that trusts the tests' authority."""
    certutil = need("certutil")

    def make(path):
        store = tmp_path / path
        os.makedirs(store)
        for args in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "test", "-i", ca.pem]):
            done = run(certutil, *args, "-d", f"sql:{store}")
            assert done.returncode == 0, done.stderr
        return store

    return make


@pytest.fixture
def node_modules():
    if not os.path.isdir(f"{HERE}/node_modules"):
        pytest.skip("npm's packages are not installed: run 'make interop'")
