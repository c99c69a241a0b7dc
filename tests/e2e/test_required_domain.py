"""Required Domain as a client sees it: what is proven, by what, and what DNS has to do with it."""

import pytest
from harness.codicil import Site, get
from harness.dns import a, lame, zone
from harness.fixtures import make_root

pytestmark = pytest.mark.http("h2", "h3")

SITE, GLUE, SHARED = "www.site.example", "glue.cdn.example", "shared.cdn.example"
LAST = "img.site.example"  # proven after the others: where it is used, their certificates are here
HOSTS = [SITE, SHARED]
ELSEWHERE = "127.0.0.9"  # where nobody listens


class Cdn:
    """A customer's site, the glue certificate for it, and a host that customers share."""

    def __init__(self, ca, root):
        self.ca, self.root = ca, root
        self.site = ca.issue("cdn-site", [SITE])
        self.glue = ca.issue("cdn-glue", [GLUE], required=[SITE])
        self.shared = ca.issue("cdn-shared", [SHARED], required=[GLUE])
        self.last = ca.issue("cdn-last", [LAST], required=[SITE])

    def sites(self, shared=None, secondary=(SHARED,)):
        return [Site(SITE, self.site, self.root, secondary=list(secondary)),
                Site(SHARED, shared or self.shared, self.root), Site(LAST, self.last, self.root)]

    def glue_yaml(self):
        return f"glue:\n  - {{certificate: {self.glue.pem}, key: {self.glue.key}}}\n"


@pytest.fixture(scope="module")
def cdn(ca, tmp_path_factory):
    return Cdn(ca, make_root(tmp_path_factory.mktemp("www") / "cdn", "cdn"))


@pytest.fixture
def server(serve, cdn):
    return serve(cdn.sites(), extra=cdn.glue_yaml())


@pytest.fixture
def server_with_last(serve, cdn):
    return serve(cdn.sites(secondary=[SHARED, LAST]), extra=cdn.glue_yaml())


def zones(site="127.0.0.1", glue="127.0.0.1", shared="127.0.0.1", **more):
    return [zone("site.example", a("www", site), **more),
            zone("cdn.example", a("glue", glue), a("shared", shared), **more)]


def fetch(server, cdn, *args, hosts=HOSTS):
    urls = [f"https://{host}:{server.port}/" for host in hosts]
    flags = ["--json", "--cacert", cdn.ca.pem, "--max-time", "20", "--coalesce-wait", "3000"]
    return get(*flags, *args, *urls)


def fetch_when_here(server, cdn, tmp_path, *args):
    """The shared host when its certificate is here, and before it what shows that."""
    urls = tmp_path / "urls"
    site, last, shared = (f"https://{host}:{server.port}/" for host in (SITE, LAST, SHARED))
    urls.write_text(f"{site}\n{last} after=1\n{shared} after=2\n")
    result = fetch(server, cdn, "--resolve", f"{LAST}:{server.port}:127.0.0.1", "--urls-from", urls,
                   *args, hosts=[])
    assert result.request(LAST)["reason"] == "secondary"
    return result


def by_dns(dns_server):
    return ["--dns-servers", dns_server.address]


def by_resolve(server, site="127.0.0.1", glue="127.0.0.1", shared="127.0.0.1"):
    rules = {SITE: site, GLUE: glue, SHARED: shared}
    return [word for host, address in rules.items()
            for word in ("--resolve", f"{host}:{server.port}:{address}")]


def certificates(result):
    """The secondary certificates of the site's connection, by name."""
    return {c["names"][0]: c for c in result.connection_of(SITE)["certificates"]}


def assert_shared(result):
    assert result.code == 0, result.stderr
    assert len(result.report["connections"]) == 1, result.report
    assert result.request(SHARED)["reason"] == "secondary"


# ---- what proves what ---------------------------------------------------------------------------


def test_glue_is_accepted_at_first_sight_and_proves_the_shared_host(server, cdn, dns):
    result = fetch(server, cdn, *by_dns(dns(*zones())))
    assert_shared(result)
    found = certificates(result)
    assert {n: c["decision"] for n, c in found.items()} == {GLUE: "accepted", SHARED: "accepted"}
    assert found[GLUE]["required_domains"] == [SITE]
    assert (found[GLUE]["proven_domain"], found[GLUE]["proved_by"]) == (SITE, cdn.site.sha256())
    assert (found[SHARED]["proven_domain"], found[SHARED]["proved_by"]) == (GLUE, cdn.glue.sha256())
    assert GLUE in found[SHARED]["sentence"] and found[SHARED]["rule"]
    assert not found[SHARED]["caa_anchor"]


def test_a_request_tells_what_proved_it_and_what_dns_said(server, cdn, dns):
    result = fetch(server, cdn, *by_dns(dns(*zones())))
    request = result.request(SHARED)
    assert request["certificate"] == cdn.shared.sha256()
    assert request["proved_by"] == cdn.glue.sha256()
    assert request["dns"]["addresses"] == ["127.0.0.1"]
    assert (request["dns"]["source"], request["dns"]["secure"]) == ("dns", False)
    assert 0 <= request["dns"]["age"] < 20
    assert result.request(SITE)["proved_by"] is None


def test_verbose_shows_the_required_domain_and_the_lookup(server, cdn, dns):
    result = fetch(server, cdn, "-v", *by_dns(dns(*zones())))
    assert f"Required Domain {GLUE}" in result.stderr
    assert f"DNS for the required domain https://{GLUE}:{server.port}: 127.0.0.1" in result.stderr


def test_the_table_tells_which_certificate_proved_the_other(server, cdn):
    flags = ["--cacert", cdn.ca.pem, "--coalesce-wait", "3000", "-w", "%{reason}\\n", "-o", "/dev/null"]
    result = get(*flags, "-o", "/dev/null", *by_resolve(server),
                 *[f"https://{host}:{server.port}/" for host in HOSTS])
    assert result.stdout.split() == [b"own-origin", b"secondary"]


def test_without_glue_the_certificate_waits_and_the_request_goes_elsewhere(serve, cdn, dns):
    server = serve(cdn.sites())
    result = fetch(server, cdn, "--coalesce-wait", "100", *by_dns(dns(*zones())))
    assert result.code == 0, result.stderr
    shared = certificates(result)[SHARED]
    assert (shared["decision"], shared["reason"]) == ("waiting", "required-domain")
    assert GLUE in shared["sentence"]
    assert result.request(SHARED)["connection"] != result.request(SITE)["connection"]
    assert result.request(SHARED)["reason"] in ("waited", "certificate")


def test_a_request_is_held_for_dns_when_the_time_for_certificates_is_over(
        server, cdn, dns, tmp_path):
    """The glue's address is asked for after twenty large bodies, where certificates have 20 ms."""
    urls = tmp_path / "urls"
    site = [f"https://{SITE}:{server.port}/large after={n}" for n in range(1, 21)]
    urls.write_text("\n".join([site[0].split()[0], *site[:-1],
                               f"https://{SHARED}:{server.port}/ after=20"]) + "\n")
    flags = ["--json", "--cacert", cdn.ca.pem, *by_dns(dns(*zones()))]
    assert_shared(get(*flags, "--urls-from", urls))


# ---- modes --------------------------------------------------------------------------------------


def test_required_of_all_refuses_a_certificate_without_the_extension(serve, cdn, ca):
    plain = ca.issue("cdn-plain", [SHARED])
    server = serve(cdn.sites(plain))
    assert_shared(fetch(server, cdn, *by_resolve(server)))
    result = fetch(server, cdn, "--required-domain", "require", *by_resolve(server))
    assert certificates(result)[SHARED]["reason"] == "required-domain-missing"
    assert len(result.report["connections"]) == 2
    assert result.request(SHARED)["certificate_reason"] == "required-domain-missing"


def test_required_of_all_is_no_obstacle_to_glue(server, cdn):
    assert_shared(fetch(server, cdn, "--required-domain", "require", *by_resolve(server)))


def test_ignored_it_hinders_nothing(serve, cdn):
    server = serve(cdn.sites())
    result = fetch(server, cdn, "--required-domain", "insecure-ignore", *by_resolve(server))
    assert_shared(result)
    assert certificates(result)[SHARED]["proven_domain"] is None


def test_any_domain_is_refused_unless_told_otherwise(serve, cdn, ca):
    server = serve(cdn.sites(ca.issue("cdn-any", [SHARED], required=["*"])))
    result = fetch(server, cdn, "--coalesce-wait", "100", *by_resolve(server))
    assert certificates(result)[SHARED]["reason"] == "required-domain-any"
    assert len(result.report["connections"]) == 2
    result = fetch(server, cdn, "--insecure-any-required-domain", *by_resolve(server))
    assert_shared(result)
    assert certificates(result)[SHARED]["required_domains"] == ["*"]


# ---- DNS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [ELSEWHERE, None])
def test_glue_proves_nothing_where_dns_does_not_lead_here(server, cdn, dns, where):
    answers = zones(glue=where) if where else [
        zone("site.example", a("www", "127.0.0.1")), zone("cdn.example", a("shared", "127.0.0.1"))]
    result = fetch(server, cdn, "--coalesce-wait", "200", *by_dns(dns(*answers)))
    assert result.code == 0, result.stderr
    assert certificates(result)[SHARED]["decision"] == "waiting"
    assert len(result.report["connections"]) == 2


def test_resolve_is_evidence_in_place_of_dns(server, cdn, dns):
    nowhere = dns(lame("site.example"), lame("cdn.example"))
    assert_shared(fetch(server, cdn, *by_dns(nowhere), *by_resolve(server)))
    result = fetch(server, cdn, "--coalesce-wait", "200", *by_resolve(server, glue=ELSEWHERE))
    assert certificates(result)[SHARED]["decision"] == "waiting"
    assert result.request(SITE)["dns"]["source"] == "given"


@pytest.mark.parametrize("mode, is_used", [("always", False), ("caa", False),
                                           ("insecure-origin", True), ("insecure-never", True)])
def test_evidence_is_asked_for_as_the_mode_says(server_with_last, cdn, tmp_path, mode, is_used):
    flags = ["--dns-evidence", mode, *by_resolve(server_with_last, shared=ELSEWHERE)]
    result = fetch_when_here(server_with_last, cdn, tmp_path, *flags)
    if is_used:
        assert_shared(result)
    else:
        assert result.request(SHARED)["error"] is not None
        assert result.request(SHARED)["reason"] in ("dns-mismatch", "certificate")


def test_a_ca_that_checks_caa_stands_in_for_dns(server_with_last, cdn, other_ca, tmp_path):
    flags = by_resolve(server_with_last, shared=ELSEWHERE)
    marked = ["--caa-anchor", cdn.ca.pem, *flags]
    result = fetch_when_here(server_with_last, cdn, tmp_path, *marked)
    assert_shared(result)
    assert certificates(result)[SHARED]["caa_anchor"]
    for more in (["--caa-anchor", other_ca.pem, *flags], ["--dns-evidence", "always", *marked]):
        result = fetch_when_here(server_with_last, cdn, tmp_path, *more)
        assert result.request(SHARED)["error"] is not None


def test_a_host_that_dns_does_not_know_is_not_found(server, cdn, dns):
    result = fetch(server, cdn, *by_dns(dns(lame("site.example"))), hosts=[SITE])
    assert result.code == 6
    assert result.request(SITE)["error"].startswith(f"could not resolve host: {SITE}: ")
    assert result.request(SITE)["dns"] is None


def test_validated_answers_are_told_and_bogus_ones_are_none(server, cdn, dns):
    signed = dns(*zones(is_signed=True))
    other = dns(*zones(is_signed=True))
    result = fetch(server, cdn, *by_dns(signed), "--dnssec-anchor", signed.anchor)
    assert_shared(result)
    assert all(r["dns"]["secure"] for r in result.report["requests"])
    result = fetch(server, cdn, *by_dns(signed), "--dnssec-anchor", other.anchor, hosts=[SITE])
    assert result.code == 6, result.report


def test_what_is_no_server_and_no_anchor_is_refused(cdn):
    result = get("--dns-servers", "ns.example", "https://a.example/")
    assert result.code == 2 and "DNS server ns.example" in result.stderr
    result = get("--dnssec-anchor", cdn.ca.pem, "https://a.example/")
    assert result.code == 2 and cdn.ca.pem in result.stderr
