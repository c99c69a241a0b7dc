"""A CDN's certificates: glue is found and proven by itself, in an order that a client can follow."""

import os
import shutil
import subprocess

import pytest
from harness.codicil import Site, badpeer, get_json, program
from harness.pki import Certificate

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


def test_glue_is_found_in_a_directory(serve, cdn, tmp_path):
    os.makedirs(tmp_path / "glue")
    for name in SITES:
        for suffix, path in (("pem", cdn.glue[name].pem), ("key", cdn.glue[name].key)):
            shutil.copy(path, tmp_path / "glue" / f"glue-{name}.{suffix}")
    shutil.copy(cdn.shared.pem, tmp_path / "glue" / "no-key.pem")
    server = serve(cdn.sites(), extra=f"glue: [{tmp_path}/glue]\n")
    for name in SITES:
        assert names(ask(server, name)) == [[GLUE], [SHARED]]


def test_two_shared_hosts_need_one_glue_certificate(serve, cdn, ca):
    other = ca.issue("other.cdn.example", ["other.cdn.example"], required=[GLUE])
    sites = [
        Site(SITES[0], cdn.certificates[SITES[0]], cdn.root, secondary=[SHARED, "other.cdn.example"]),
        Site(SHARED, cdn.shared, cdn.root),
        Site("other.cdn.example", other, cdn.root),
    ]
    server = serve(sites, extra=cdn.glue_yaml())
    assert names(ask(server, SITES[0], num=3)) == [[GLUE], [SHARED], ["other.cdn.example"]]


def test_another_secondary_that_proves_what_is_required_is_sent_before(serve, cdn, ca, roots):
    # glue.cdn.example is a site here, and listed after what it proves.
    sites = [
        Site(SITES[0], cdn.certificates[SITES[0]], cdn.root, secondary=[SHARED, GLUE]),
        Site(SHARED, cdn.shared, cdn.root),
        Site(GLUE, cdn.glue[SITES[0]], roots["b"]),
    ]
    server = serve(sites)
    report = ask(server, SITES[0], SHARED, GLUE)
    assert names(report) == [[GLUE], [SHARED]]
    assert [r["status"] for r in report["responses"]] == [200, 200]


def test_what_the_handshakes_certificate_proves_needs_no_glue(serve, cdn, ca):
    both = ca.issue("both", [SITES[0], GLUE])
    sites = [Site(SITES[0], both, cdn.root, secondary=[SHARED]), Site(SHARED, cdn.shared, cdn.root)]
    server = serve(sites, extra=cdn.glue_yaml())
    report = ask(server, SITES[0], num=1)
    assert names(report) == [[SHARED]]
    # The name of its own by which it proves is no site's, and a member all the same.
    assert set(report["origins"]) == origins(server, SITES[0], SHARED, GLUE)


def test_a_certificate_that_nothing_can_prove_is_sent_as_the_configuration_says(serve, cdn):
    server = serve(cdn.sites(), extra=cdn.glue_yaml(SITES[1:]))
    report = ask(server, SITES[0], num=1)
    assert names(report) == [[SHARED]]


def test_what_a_blocked_glue_certificate_would_prove_is_not_sent(serve, cdn, tmp_path):
    (tmp_path / "list").write_text(f"breadcrumb {SITES[0]}\n", encoding="ascii")
    server = serve(cdn.sites(), extra=cdn.glue_yaml() + f"block-list: {tmp_path}/list\n")
    flags = ["--port", server.port, "--sni", SITES[0], "--authority", f"{SITES[0]}:{server.port}"]
    report = badpeer("call", "get", *flags)[0]  # what comes, comes at once
    assert names(report) == [] and SHARED not in str(report["origins"])
    assert names(ask(server, SITES[1])) == [[GLUE], [SHARED]]


def test_a_chain_that_exceeds_the_budget_is_not_begun(serve, cdn, ca, roots):
    img = ca.issue("img.one.example", ["img.one.example"])
    sites = [
        Site(SITES[0], cdn.certificates[SITES[0]], cdn.root, secondary=["img.one.example", SHARED]),
        Site(SHARED, cdn.shared, cdn.root),
        Site("img.one.example", img, roots["b"]),
    ]
    server = serve(sites, extra=cdn.glue_yaml() + "secondary-budget: {certificates: 2}\n")
    report = ask(server, SITES[0], num=1)
    assert names(report) == [["img.one.example"]]
    assert set(report["origins"]) == origins(server, SITES[0], "img.one.example")


# ---- what a client makes of it


PATIENTLY = ["--coalesce-wait", "3000"]  # on a busy machine too


def fetch(server, ca, name, *args):
    glue = ["--resolve", f"{GLUE}:{server.port}:127.0.0.1"]
    return get_json(server.port, ca.pem, [name, SHARED], *glue, *args)


@pytest.mark.parametrize("name", SITES)
def test_a_client_needs_one_connection_for_a_site_and_the_shared_host(serve, cdn, ca, name):
    server = serve(cdn.sites(), extra=cdn.glue_yaml())
    result = fetch(server, ca, name, *PATIENTLY)
    assert result.request(SHARED)["status"] == 200
    assert result.request(SHARED)["connection"] == result.request(name)["connection"]
    (connection,) = result.report["connections"]
    told = [(c["names"], c["decision"]) for c in connection["certificates"]]
    assert told == [([GLUE], "accepted"), ([SHARED], "accepted")], connection


def test_without_its_glue_a_site_shares_no_connection(serve, cdn, ca):
    server = serve(cdn.sites(), extra=cdn.glue_yaml(SITES[1:]))
    result = fetch(server, ca, SITES[0])
    assert result.request(SHARED)["status"] == 200
    assert result.request(SHARED)["connection"] != result.request(SITES[0])["connection"]
    assert len(fetch(server, ca, SITES[1], *PATIENTLY).report["connections"]) == 1


def test_a_glue_certificate_is_stapled_to(serve, cdn, ca):
    name = SITES[0]
    glue = ca.issue("stapled-glue", [GLUE], required=[name], extensions=["tlsfeature = status_request"])
    yaml = f"glue: [{{certificate: {glue.pem}, key: {glue.key}, ocsp: {ca.ocsp(glue)}}}]\n"
    # Without the staple that it demands the glue would be refused, and the shared host with it.
    result = fetch(serve(cdn.sites(), extra=yaml), ca, name, *PATIENTLY)
    (connection,) = result.report["connections"]
    assert [c["decision"] for c in connection["certificates"]] == ["accepted"] * 2
    without = serve(cdn.sites(), extra=yaml.split(", ocsp")[0] + "}]\n")
    assert len(fetch(without, ca, name).report["connections"]) == 2


def test_what_codicil_cert_glue_makes_is_what_is_served(serve, cdn, tmp_path):
    def cert(*args):
        full = [program(), "cert", *args, "--ca", tmp_path / "ca"]
        subprocess.run(full, cwd=tmp_path, capture_output=True, check=True)

    subprocess.run([program(), "cert", "new-ca", tmp_path / "ca"], capture_output=True, check=True)
    cert("new", SITES[0])
    cert("glue", "--site", SITES[0], "--shared", SHARED, "--glue", GLUE, "--insecure-skip-caa")
    made = {n: Certificate(tmp_path / f"{n}.pem", tmp_path / f"{n}.key", None)
            for n in (SITES[0], SHARED)}
    sites = [Site(SITES[0], made[SITES[0]], cdn.root, secondary=[SHARED])]
    sites.append(Site(SHARED, made[SHARED], cdn.root))
    server = serve(sites, extra=f"glue: {tmp_path}\n")
    ca_pem = Certificate(tmp_path / "ca" / "ca.pem", None, None)
    assert len(fetch(server, ca_pem, SITES[0], *PATIENTLY).report["connections"]) == 1
