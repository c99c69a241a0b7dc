"""Chromium and Firefox against `codicil serve` over HTTP/3.

Neither knows secondary certificates: setting and frames must not disturb them. Chromium honours
ORIGIN over HTTP/3 (RFC 9412), so it is the judge of what the server's ORIGIN says; Firefox ignores
it there.
"""

# pylint: disable=redefined-outer-name,unused-import
import pytest
from browsing import FIRST, SECOND, make_browser, page, requests_by_connection, write_page
from harness.codicil import Site

# Names of one site: Chromium keeps the connections of different sites apart.
A, B = "a.site.example", "b.site.example"
NOWHERE = "127.0.0.2"  # nobody listens there


@pytest.fixture(params=["chromium", "firefox"])
def browser(request, trusting, tmp_path, node_modules):
    del node_modules
    return make_browser(request.param, trusting, tmp_path)


@pytest.fixture
def chromium(trusting, tmp_path, node_modules):
    del node_modules
    return make_browser("chromium", trusting, tmp_path)


def protocols(server, paths):
    """The protocols by which `paths` were asked for. The server must have ended."""
    return {e["protocol"] for e in server.log() if e["path"].split("?")[0] in paths}


def forced(server, *hosts):
    return [f"{host}:{server.port}" for host in hosts]


def test_a_page_of_two_sites_loads_undisturbed(browser, serve, page, certs):
    sites = [
        Site("a.example", certs["a"], page["a"], secondary=["b.example"]),
        Site("b.example", certs["b"], page["b"]),
    ]
    server = serve(sites)
    write_page(page, server.port)
    hosts = ["a.example", "b.example"]
    seen = browser.load(server, hosts, quic=forced(server, *hosts))
    assert not [f for f in seen["failed"] if "favicon" not in f["url"]], seen
    asked = requests_by_connection(server, FIRST | SECOND)
    assert set.union(*asked.values()) == FIRST | SECOND
    assert protocols(server, FIRST) == {"HTTP/3.0"}
    # Without the feature on their side the sites stay on connections of their own.
    for paths in asked.values():
        assert paths <= FIRST or paths <= SECOND


def two_names(ca, page):
    """One certificate for both names: what coalescing could always do."""
    both = ca.issue("site", [A, B])
    return [Site(A, both, page["a"]), Site(B, both, page["b"])]


def test_chromium_coalesces_by_our_origin_frame(chromium, serve, page, ca):
    # The second name's address is not the connection's, and nobody listens there: only ORIGIN
    # makes the connection good for it.
    server = serve(two_names(ca, page))
    write_page(page, server.port, second=B)
    chromium.load(server, [A, f"{B}={NOWHERE}"], quic=forced(server, A, B))
    asked = requests_by_connection(server, FIRST | SECOND)
    assert [paths for paths in asked.values() if paths & FIRST and paths & SECOND], asked
    assert set.union(*asked.values()) == FIRST | SECOND
    assert not [paths for paths in asked.values() if paths <= SECOND], asked
    assert protocols(server, FIRST | SECOND) == {"HTTP/3.0"}


def test_without_origin_chromium_does_not_find_the_second_name(chromium, serve, page, ca):
    # The counter-proof: the same page, and a server that sends no ORIGIN.
    server = serve(two_names(ca, page), extra="origin: off\n")
    write_page(page, server.port, second=B)
    with pytest.raises(AssertionError):
        chromium.load(server, [A, f"{B}={NOWHERE}"], 5000, quic=forced(server, A, B))
    assert not requests_by_connection(server, SECOND)


def test_firefox_follows_our_alternative_service(trusting, tmp_path, node_modules, serve, page, certs):
    # No mapping here: Alt-Svc of the first responses, over HTTP/2, leads to HTTP/3.
    del node_modules
    firefox = make_browser("firefox", trusting, tmp_path)
    server = serve([Site("a.example", certs["a"], page["a"]), Site("b.example", certs["b"], page["b"])])
    write_page(page, server.port)
    firefox.load(server, ["a.example", "b.example"], 20000, until="h3")
    server.stop()
    assert protocols(server, FIRST) == {"HTTP/2.0", "HTTP/3.0"}
