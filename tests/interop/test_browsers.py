"""Chromium and Firefox against `codicil serve`.

Neither knows secondary certificates: setting and frames must not disturb them. Firefox honours
ORIGIN over HTTP/2, so it is the judge of what the server's ORIGIN says (Chromium ignores it there).
"""

# pylint: disable=redefined-outer-name,unused-import
import pytest
from browsing import FIRST, SECOND, make_browser, page, requests_by_connection, write_page
from harness.codicil import Site


@pytest.fixture(params=["chromium", "firefox"])
def browser(request, trusting, tmp_path, node_modules):
    del node_modules
    return make_browser(request.param, trusting, tmp_path)


@pytest.fixture
def firefox(trusting, tmp_path, node_modules):
    del node_modules
    return make_browser("firefox", trusting, tmp_path)


def test_a_page_of_two_sites_loads_undisturbed(browser, serve, page, certs):
    sites = [
        Site("a.example", certs["a"], page["a"], secondary=["b.example"]),
        Site("b.example", certs["b"], page["b"]),
    ]
    server = serve(sites)
    write_page(page, server.port)
    seen = browser.load(server, ["a.example", "b.example"])
    assert not [f for f in seen["failed"] if "favicon" not in f["url"]], seen
    asked = requests_by_connection(server, FIRST | SECOND)
    assert set.union(*asked.values()) == FIRST | SECOND
    # Without the feature on their side the sites stay on connections of their own.
    for paths in asked.values():
        assert paths <= FIRST or paths <= SECOND


def two_names(ca, page):
    """One certificate for both names: what coalescing could always do."""
    both = ca.issue("both", ["a.example", "b.example"])
    return [Site("a.example", both, page["a"]), Site("b.example", both, page["b"])]


def test_firefox_coalesces_by_our_origin_frame(firefox, serve, page, ca):
    # b.example has no address at all: only ORIGIN makes the connection good for it.
    server = serve(two_names(ca, page))
    write_page(page, server.port)
    firefox.load(server, ["a.example"])
    asked = requests_by_connection(server, FIRST | SECOND)
    shared = [paths for paths in asked.values() if paths & FIRST and paths & SECOND]
    assert shared, asked
    assert set.union(*asked.values()) == FIRST | SECOND
    assert not [paths for paths in asked.values() if paths <= SECOND], asked


def test_without_origin_firefox_does_not_find_the_second_name(firefox, serve, page, ca):
    # The counter-proof: the same page, and a server that sends no ORIGIN.
    server = serve(two_names(ca, page), extra="origin: off\n")
    write_page(page, server.port)
    with pytest.raises(AssertionError):
        firefox.load(server, ["a.example"], patience_ms=5000)
    assert not requests_by_connection(server, SECOND)
