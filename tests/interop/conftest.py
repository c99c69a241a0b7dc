"""Fixtures of the interop tests: what the end-to-end tests have, and the peers' programs."""

import os
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position,wildcard-import,unused-wildcard-import
from harness.fixtures import *

HERE = os.path.dirname(os.path.abspath(__file__))


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


@pytest.fixture
def peer():
    return need


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
