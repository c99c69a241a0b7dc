"""Fixtures of the end-to-end tests: an authority, sites, and servers that are stopped again.

A suite's conftest.py imports all of it.
"""

import os

import pytest

from .codicil import BadServer, Serve, Site
from .dns import DnsServer, why_no_dns
from .http import CURRENT, VERSIONS, versions_of, why_not_http3
from .pki import Authority

WITHOUT_HTTP3 = []  # tests that this build cannot run


def pytest_addoption(parser):
    parser.addoption("--http", choices=list(VERSIONS), help="run what runs over this version only")


def pytest_configure(config):
    config.addinivalue_line("markers", "http(*versions, why): the versions that a test runs over")
    config.addinivalue_line("markers", "scenarios(by_version): the scenarios of each version")


def pytest_generate_tests(metafunc):
    """Makes a test of each version, and of each of its scenarios."""
    marker = metafunc.definition.get_closest_marker("http")
    if marker is None:
        return
    versions = versions_of(marker)
    table = metafunc.definition.get_closest_marker("scenarios")
    if table is None:
        metafunc.parametrize("http", versions, indirect=True)
    else:
        pairs = [(v, name) for v in versions for name in table.args[0][v]]
        ids = [f"{v}-{name}" for v, name in pairs]
        metafunc.parametrize(("http", "scenario"), pairs, indirect=["http"], ids=ids)


def version_of(item):
    return item.callspec.params.get("http") if hasattr(item, "callspec") else None


def pytest_collection_modifyitems(config, items):
    """Takes out what is not asked for, and HTTP/3 where the build has none."""
    only = config.getoption("http")
    if only:
        items[:] = [item for item in items if version_of(item) == only or
                    (version_of(item) is None and only == "h2")]
    if why_not_http3():
        WITHOUT_HTTP3.extend(item for item in items if version_of(item) == "h3")
        items[:] = [item for item in items if version_of(item) != "h3"]


def pytest_terminal_summary(terminalreporter):
    """Tells what was skipped in the form that scripts/test gathers."""
    skipped = terminalreporter.stats.get("skipped", [])
    for_http3 = [r for r in skipped if why_not_http3() and r.longrepr[2].endswith(why_not_http3())]
    for report in skipped:
        if report not in for_http3:
            terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[2]}")
    if WITHOUT_HTTP3 or for_http3:
        terminalreporter.write_line(f"skipped: e2e over HTTP/3: {why_not_http3()}")


@pytest.fixture(autouse=True)
def http(request):
    """The version of HTTP that the programs speak in this test."""
    CURRENT.append(VERSIONS[getattr(request, "param", "h2")])
    yield CURRENT[-1]
    CURRENT.pop()


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
def dns(tmp_path):
    """Starts a DNS server with the zones given (harness.dns)."""
    started = []
    if why_no_dns():
        pytest.skip(why_no_dns())

    def start(*zones):
        started.append(DnsServer(tmp_path / f"dns{len(started)}", *zones))
        return started[-1]

    yield start
    for server in started:
        server.stop()


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
