"""A CDN's certificates: glue is found and proven by itself, in an order that a client can follow."""

import pytest
from harness.codicil import Site, badpeer

pytestmark = pytest.mark.http("h2", "h3")

SITES = ["www.one.example", "www.two.example", "www.three.example"]
GLUE, SHARED = "glue.cdn.example", "shared.cdn.example"


class Cdn:
    """Three customers' sites, a glue certificate for each, and a host that all of them share."""

    def __init__(self, ca, root):
        self.root = root
        self.certificates = {name: ca.issue(name, [name]) for name in SITES}
        self.glue = {n: ca.issue(f"glue-{n}", [GLUE], required=[n]) for n in SITES}
        self.shared = ca.issue(SHARED, [SHARED], required=[GLUE])

    def sites(self):
        sites = [
            Site(name, self.certificates[name], self.root, secondary=[SHARED]) for name in SITES
        ]
        return sites + [Site(SHARED, self.shared, self.root)]

    def glue_yaml(self, names=SITES):
        pairs = [(self.glue[n].pem, self.glue[n].key) for n in names]
        return "glue:\n" + "".join(f"  - {{certificate: {p}, key: {k}}}\n" for p, k in pairs)


@pytest.fixture(scope="session")
def cdn(ca, roots):
    return Cdn(ca, roots["a"])


def ask(server, sni, *authorities, num=2):
    """Awaits `num` certificates, then asks for each authority's page."""
    args = []
    for authority in authorities or [sni]:
        args += ["--"] if args else []
        args += [":method=GET", ":scheme=https", ":path=/", f":authority={authority}:{server.port}"]
    flags = ["--port", server.port, "--sni", sni, "--expect", num]
    return badpeer("request", *flags, *args)[0]


def names(report):
    return [a["names"] for a in report["authenticators"]]


def origins(server, *hosts):
    return {f"https://{host}:{server.port}" for host in hosts}


@pytest.mark.parametrize("name", SITES)
def test_each_site_has_its_own_glue_proven_before_the_shared_host(serve, cdn, name):
    server = serve(cdn.sites(), extra=cdn.glue_yaml())
    report = ask(server, name, name, SHARED)
    assert names(report) == [[GLUE], [SHARED]]
    assert [a["wrong"] for a in report["authenticators"]] == [None, None]
    assert [r["status"] for r in report["responses"]] == [200, 200]


def test_origin_names_the_glue_too(serve, cdn):
    server = serve(cdn.sites(), extra=cdn.glue_yaml())
    report = ask(server, SITES[1])
    assert set(report["origins"]) == origins(server, SITES[1], SHARED, GLUE)


def test_origin_names_the_glue_with_the_public_port(serve, cdn):
    server = serve(cdn.sites(), extra=cdn.glue_yaml() + "public-port: 443\n")
    report = ask(server, SITES[0])
    assert set(report["origins"]) == {f"https://{n}" for n in (SITES[0], SHARED, GLUE)}


def test_a_request_for_the_glues_name_is_421_like_any_other(serve, cdn):
    server = serve(cdn.sites(), extra=cdn.glue_yaml())
    report = ask(server, SITES[0], GLUE, "nobody.example")
    first, second = report["responses"]
    assert first["status"] == second["status"] == 421
    assert first["text"] == second["text"]
