"""Fixtures of the end-to-end tests: an authority, sites, and servers that are stopped again.

A suite's conftest.py imports all of it.
"""

import os

import pytest

from .codicil import BadServer, Serve, Site
from .pki import Authority


def pytest_terminal_summary(terminalreporter):
    """Tells what was skipped in the form that scripts/test gathers."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[2]}")


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki") / "ca")


@pytest.fixture(scope="session")
def other_ca(tmp_path_factory):
    """An authority that no client trusts."""
    return Authority(tmp_path_factory.mktemp("pki") / "other", name="Other CA")


@pytest.fixture(scope="session")
def certs(ca):
    """Certificates of a.example, b.example and c.example, one each."""
    return {n: ca.issue(n, [f"{n}.example"]) for n in "abc"}


def make_root(directory, name):
    """A document root whose index names the site."""
    os.makedirs(directory, exist_ok=True)
    with open(f"{directory}/index.html", "w", encoding="ascii") as f:
        f.write(f"<!doctype html><title>{name}</title>\n")
    with open(f"{directory}/large", "wb") as f:
        f.write(b"0123456789abcdef" * 65536)
    return str(directory)


@pytest.fixture(scope="session")
def roots(tmp_path_factory):
    base = tmp_path_factory.mktemp("www")
    return {n: make_root(base / n, f"{n}.example") for n in "abc"}


@pytest.fixture
def serve(tmp_path):
    """Starts `codicil serve`; every server is stopped, and must end in peace, after the test."""
    started = []

    def start(sites, **more):
        started.append(Serve(tmp_path / f"serve{len(started)}", sites, **more))
        return started[-1]

    yield start
    for server in started:
        if server.is_alive():
            assert server.stop() == 0, server.errors
        assert not [line for line in server.errors if "Sanitizer" in line], server.errors


@pytest.fixture
def three_sites(certs, roots):
    """a.example with b.example and c.example as secondaries."""
    return [
        Site("a.example", certs["a"], roots["a"], secondary=["b.example", "c.example"]),
        Site("b.example", certs["b"], roots["b"]),
        Site("c.example", certs["c"], roots["c"]),
    ]


@pytest.fixture
def bad_server(certs):
    """Starts the misbehaving peer as a server."""
    started = []

    def start(scenario, *args, primary=None, secondary=None):
        pair = (primary or certs["a"], secondary or certs["b"])
        started.append(BadServer(scenario, *pair, *args))
        return started[-1]

    yield start
    for server in started:
        server.stop()
        assert not [line for line in server.errors if "Sanitizer" in line], server.errors
