"""Chromium and Firefox against `codicil serve`.

Neither knows secondary certificates: setting and frames must not disturb them. Firefox honours
ORIGIN over HTTP/2, so it is the judge of what the server's ORIGIN says (Chromium ignores it there).
"""

import json
import os

import pytest
from conftest import HERE, need, run
from harness.codicil import Site

PAGE = """<!doctype html>
<title>loading</title>
<link rel="stylesheet" href="/style.css">
<script src="https://b.example:{port}/script.js"></script>
<img src="https://b.example:{port}/picture.svg" alt="">
<script>fetch("/data.json").then((r) => r.json()).then((d) => {{ window.data = d.ok }})</script>
"""
SCRIPT = """addEventListener("load", () => {
  const timer = setInterval(() => {
    if (window.data) { document.title = "loaded"; clearInterval(timer) }
  }, 10)
})
"""
FIRST = {"/index.html", "/style.css", "/data.json"}
SECOND = {"/script.js", "/picture.svg"}


@pytest.fixture
def page(tmp_path):
    """Roots of two sites; the first's page needs the second's files."""
    roots = {}
    for name in "ab":
        roots[name] = tmp_path / f"www-{name}"
        os.makedirs(roots[name])
    (roots["a"] / "style.css").write_text("p { color: red }\n")
    (roots["a"] / "data.json").write_text('{"ok": true}\n')
    (roots["b"] / "script.js").write_text(SCRIPT)
    (roots["b"] / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    return roots


class Browser:
    """Loads pages in one of the browsers."""

    def __init__(self, name, program, profile):
        self.name, self.program, self.profile = name, program, profile

    def load(self, server, hosts, patience_ms=60000):
        url = f"https://a.example:{server.port}/index.html"
        options = {"url": url, "profile": str(self.profile), "program": self.program}
        options.update(hosts=hosts, patience=patience_ms)
        done = run(need("node"), f"{HERE}/browser.mjs", self.name, json.dumps(options), timeout=150)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        assert not seen["errors"], (seen, server.log())
        assert seen["title"] == "loaded"
        return seen


@pytest.fixture(params=["chromium", "firefox"])
def browser(request, trusting, tmp_path, node_modules):
    del node_modules
    return make_browser(request.param, trusting, tmp_path)


@pytest.fixture
def firefox(trusting, tmp_path, node_modules):
    del node_modules
    return make_browser("firefox", trusting, tmp_path)


def make_browser(name, trusting, tmp_path):
    if name == "chromium":
        trusting("home/.pki/nssdb")
        return Browser(name, need("chromium"), tmp_path / "home")
    return Browser(name, need("firefox-esr", "firefox"), trusting("profile"))


def write_page(page, port):
    (page["a"] / "index.html").write_text(PAGE.format(port=port))


def requests_by_connection(server, paths):
    """Connections by the paths asked for on them, of those in `paths`. Ends the server."""
    server.stop()  # the log is whole then
    found = {}
    for entry in server.log():
        if entry["path"].split("?")[0] in paths:
            assert entry["status"] in (200, 304), entry
            found.setdefault(entry["connection"], set()).add(entry["path"])
    return found


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
