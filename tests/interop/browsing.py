"""Pages of two sites, and browsers that load them: what the browser tests have in common.

The first site's page needs files of the second. Connections are told apart by the server's log:
counted is what was asked for on each, since browsers open connections that they never use.
"""

import json
import os

import pytest
from conftest import HERE, need, run

PAGE = """<!doctype html>
<title>loading</title>
<link rel="stylesheet" href="/style.css">
<script src="https://{second}:{port}/script.js"></script>
<img src="https://{second}:{port}/picture.svg" alt="">
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

    def load(self, server, hosts, patience_ms=60000, **more):
        """Loads the first of `hosts`, which are names or have their address behind `=`."""
        host = hosts[0].split("=")[0]
        options = {"url": f"https://{host}:{server.port}/index.html", "profile": str(self.profile)}
        options.update(program=self.program, hosts=hosts, patience=patience_ms, **more)
        done = run(need("node"), f"{HERE}/browser.mjs", self.name, json.dumps(options), timeout=150)
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        assert not seen["errors"], (seen, server.log())
        assert seen["title"] == "loaded"
        return seen


def make_browser(name, trusting, tmp_path):
    if name == "chromium":
        trusting("home/.pki/nssdb")
        return Browser(name, need("chromium"), tmp_path / "home")
    return Browser(name, need("firefox-esr", "firefox"), trusting("profile"))


def write_page(page, port, second="b.example"):
    (page["a"] / "index.html").write_text(PAGE.format(port=port, second=second))


def requests_by_connection(server, paths):
    """Connections by the paths asked for on them, of those in `paths`. Ends the server."""
    server.stop()  # the log is whole then
    found = {}
    for entry in server.log():
        if entry["path"].split("?")[0] in paths:
            assert entry["status"] in (200, 304), entry
            found.setdefault(entry["connection"], set()).add(entry["path"])
    return found
