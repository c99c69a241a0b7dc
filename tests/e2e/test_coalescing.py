"""Many sites, one connection: the main job, seen from both ends."""

import pytest
from harness.codicil import Site, bad_call, get, get_json
from harness.pki import Authority, days_ago

pytestmark = pytest.mark.http("h2", "h3")

HOSTS = ["a.example", "b.example", "c.example"]


def make_sites(ca, roots, certificates):
    """a.example with every other site as a secondary; `certificates` by site name."""
    names = list(certificates)
    sites = [Site(names[0], certificates[names[0]], roots["a"], secondary=names[1:])]
    return sites + [Site(n, certificates[n], roots["b"]) for n in names[1:]]


def test_three_sites_take_one_connection(serve, three_sites, ca, certs):
    server = serve(three_sites)
    result = get_json(server.port, ca.pem, HOSTS, "--coalesce-wait", "3000")
    assert result.code == 0, result.stderr
    (connection,) = result.report["connections"]
    assert connection["negotiated"]
    assert connection["sni"] == "a.example"
    assert connection["primary"]["sha256"] == certs["a"].sha256()
    assert [c["decision"] for c in connection["certificates"]] == ["accepted"] * 2
    assert connection["origin_set"] is not None
    expected = {"a.example": "own-origin", "b.example": "secondary", "c.example": "secondary"}
    for host, reason in expected.items():
        request = result.request(host)
        assert (request["status"], request["reason"]) == (200, reason), request
        assert request["certificate"] == certs[host[0]].sha256()
        assert request["coalesced"] == (host != "a.example")
    entries = server.log(3)
    assert len({e["connection"] for e in entries}) == 1


def test_without_the_feature_each_site_takes_its_own(serve, three_sites, ca):
    server = serve(three_sites)
    result = get_json(server.port, ca.pem, HOSTS, "--no-secondary")
    assert result.code == 0, result.stderr
    assert len(result.report["connections"]) == 3
    assert {r["reason"] for r in result.report["requests"]} <= {"own-origin", "primary"} or all(
        not r["coalesced"] for r in result.report["requests"]
    )
    assert not any(c["negotiated"] for c in result.report["connections"])
    assert len({e["connection"] for e in server.log(3)}) == 3


def test_thirty_sites_take_one_connection(serve, ca, roots):
    names = [f"n{i}.example" for i in range(30)]
    certificates = {n: ca.issue(n, [n]) for n in names}
    server = serve(make_sites(ca, roots, certificates))
    result = get_json(server.port, ca.pem, names, "--coalesce-wait", "3000")
    assert {r["status"] for r in result.report["requests"]} == {200}
    assert len(result.report["connections"]) == 1, result.report["connections"]


def test_beyond_the_budget_clients_open_connections(serve, three_sites, ca):
    server = serve(three_sites, extra="secondary-budget: {certificates: 1}\n")
    result = get_json(server.port, ca.pem, HOSTS, "--coalesce-wait", "2000")
    assert {r["status"] for r in result.report["requests"]} == {200}
    assert result.request("b.example")["coalesced"]
    assert not result.request("c.example")["coalesced"]


def test_a_site_that_the_handshake_covers_is_not_proven_again(serve, ca, certs, roots):
    both = ca.issue("both", ["a.example", "b.example"])
    sites = [
        Site("a.example", both, roots["a"], secondary=["b.example", "c.example"]),
        Site("b.example", certs["b"], roots["b"]),
        Site("c.example", certs["c"], roots["c"]),
    ]
    server = serve(sites)
    result = get_json(server.port, ca.pem, HOSTS, "--coalesce-wait", "3000")
    (connection,) = result.report["connections"]
    assert [c["names"] for c in connection["certificates"]] == [["c.example"]]
    assert result.request("b.example")["reason"] == "primary"


@pytest.mark.parametrize("alg", ["p384", "rsa2048", "ed25519"])
def test_every_kind_of_key_proves_a_site(serve, ca, certs, roots, alg):
    certificate = ca.issue(f"b-{alg}", ["b.example"], alg=alg)
    server = serve(make_sites(ca, roots, {"a.example": certs["a"], "b.example": certificate}))
    result = get_json(server.port, ca.pem, HOSTS[:2], "--coalesce-wait", "3000")
    assert result.request("b.example")["reason"] == "secondary", result.report


@pytest.mark.parametrize("is_revoked", [False, True])
def test_an_ocsp_response_goes_with_its_certificate(serve, ca, roots, is_revoked):
    """Both certificates demand a staple; one is in the handshake, one in an authenticator."""
    must_staple = ["tlsfeature = status_request"]
    a = ca.issue(f"staple-a-{is_revoked}", ["a.example"], extensions=must_staple)
    b = ca.issue(f"staple-b-{is_revoked}", ["b.example"], extensions=must_staple)
    if is_revoked:
        ca.revoke(b)
    sites = [
        Site("a.example", a, roots["a"], secondary=["b.example"], ocsp=ca.ocsp(a)),
        Site("b.example", b, roots["b"], ocsp=ca.ocsp(b)),
    ]
    result = get_json(serve(sites).port, ca.pem, HOSTS[:2], "--coalesce-wait", "3000")
    assert result.request("a.example")["status"] == 200, result.stderr
    (proven,) = result.connection_of("a.example")["certificates"]
    if is_revoked:
        assert (proven["decision"], proven["reason"]) == ("rejected", "revoked")
    else:
        assert proven["decision"] == "accepted", proven
        assert result.request("b.example")["reason"] == "secondary"


@pytest.mark.parametrize("num", [1023, 1024])
def test_as_many_origins_as_there_are_a_client_is_not_sent_too_many(serve, ca, roots, num, http):
    certificate = ca.issue(f"many-{num}", ["*.many.example"])
    names = [f"n{i}.many.example" for i in range(num)]
    server = serve([Site(names[0], certificate, roots["a"], names=names)])
    result = get_json(server.port, ca.pem, names[:2])
    assert result.code == 0, result.stderr
    (connection,) = result.report["connections"]
    assert connection["closed"] is None or http.is_peace(connection["closed"]["code"])
    assert len(connection["origin_set"] or []) == (num if num < 1024 else 0)


def test_a_chain_with_an_intermediate_is_accepted(serve, ca, certs, roots, tmp_path):
    intermediate = Authority(tmp_path / "int", name="Intermediate", issuer=ca)
    certificate = intermediate.issue("b-int", ["b.example"])
    server = serve(make_sites(ca, roots, {"a.example": certs["a"], "b.example": certificate}))
    result = get_json(server.port, ca.pem, HOSTS[:2], "--coalesce-wait", "3000")
    assert result.request("b.example")["reason"] == "secondary", result.report


def test_a_chain_of_many_frames_is_accepted(serve, ca, certs, roots):
    names = [f"{'x' * 60}{i:03d}.example" for i in range(280)]
    large = ca.issue("large", ["b.example", *names])
    server = serve(make_sites(ca, roots, {"a.example": certs["a"], "b.example": large}))
    result = get_json(server.port, ca.pem, HOSTS[:2], "--coalesce-wait", "3000")
    (certificate,) = result.connection_of("a.example")["certificates"]
    assert certificate["frames"] == 2
    assert certificate["octets"] > 16384
    assert result.request("b.example")["reason"] == "secondary"


@pytest.mark.parametrize("reason", ["expired", "not-yet-valid", "untrusted"])
def test_a_refused_certificate_sends_the_request_elsewhere(
    serve, ca, other_ca, certs, roots, reason
):
    made = {
        "expired": lambda: ca.issue("x", ["b.example"], start=days_ago(9), end=days_ago(1)),
        "not-yet-valid": lambda: ca.issue("n", ["b.example"], start=days_ago(-5), end=days_ago(-9)),
        "untrusted": lambda: other_ca.issue("u", ["b.example"]),
    }[reason]()
    # A server that knew what the extension is would not start.
    extra = "codepoints: oid=2.999.1\n" if reason == "required-domain-invalid" else ""
    sites = make_sites(ca, roots, {"a.example": certs["a"], "b.example": made})
    server = serve(sites, extra=extra)
    result = get_json(server.port, ca.pem, HOSTS[:2], "--coalesce-wait", "3000")
    assert result.request("a.example")["status"] == 200
    first = result.connection_of("a.example")
    (certificate,) = first["certificates"]
    assert (certificate["decision"], certificate["reason"]) == ("rejected", reason)
    request = result.request("b.example")
    assert request["reason"] == "certificate", request
    assert request["connection"] != first["id"]
    assert request["status"] is None, request  # its own connection has the same certificate


def test_dns_that_leads_elsewhere_opens_a_connection(serve, three_sites, ca):
    server = serve(three_sites, listen="0.0.0.0:0")
    flags = ["--json", "--cacert", ca.pem, "--parallel-max", "1"]
    for host, address in (("a.example", "127.0.0.1"), ("b.example", "127.0.0.2")):
        flags += ["--resolve", f"{host}:{server.port}:{address}"]
    # Three requests, one after the other: the certificates have come when b.example is wanted.
    paths = ["a.example:{0}/", "a.example:{0}/large", "b.example:{0}/index.html"]
    result = get(*flags, *("https://" + path.format(server.port) for path in paths))
    request = result.request("b.example")
    assert request["status"] == 200
    assert not request["coalesced"]
    assert request["reason"] in ("dns-mismatch", "not-covered"), request
    assert len(result.report["connections"]) == 2


def test_connect_to_is_evidence_as_well(serve, three_sites, ca):
    server = serve(three_sites)
    flags = ["--json", "--cacert", ca.pem, "--coalesce-wait", "3000"]
    flags += ["--connect-to", f"::127.0.0.1:{server.port}"]
    result = get(*flags, *[f"https://{n}.example:{server.port}/" for n in "abc"])
    assert {r["status"] for r in result.report["requests"]} == {200}
    assert len(result.report["connections"]) == 1


def test_no_origin_still_coalesces_by_certificate(serve, three_sites, ca):
    server = serve(three_sites)
    result = get_json(server.port, ca.pem, HOSTS, "--no-origin", "--coalesce-wait", "3000")
    (connection,) = result.report["connections"]
    assert connection["origin_set"] is None
    assert {r["status"] for r in result.report["requests"]} == {200}


def test_a_server_without_secondaries_is_left_at_once(serve, certs, roots, ca):
    sites = [Site(f"{n}.example", certs[n], roots[n]) for n in "ab"]
    server = serve(sites)
    result = get_json(server.port, ca.pem, HOSTS[:2], "--coalesce-wait", "20000", timeout=15)
    assert {r["status"] for r in result.report["requests"]} == {200}
    assert len(result.report["connections"]) == 2


def test_the_first_response_comes_before_the_certificates(serve, ca, roots):
    # Signing must not delay it: a request that is there with our setting is answered first. The
    # order of frames is what can be tested without a clock; bench/load measures the time.
    names = [f"n{i}.example" for i in range(8)]
    certificates = {n: ca.issue(f"slow-{n}", [n], alg="rsa2048") for n in names}
    server = serve(make_sites(ca, roots, certificates))
    flags = ["--sni", names[0], "--authority", f"{names[0]}:{server.port}", "--expect", "7"]
    report = bad_call("get-with-the-preface", server.port, *flags)
    assert [a["wrong"] for a in report["authenticators"]] == [None] * 7
    assert [a["names"] for a in report["authenticators"]] == [[n] for n in names[1:]]
    assert 0 < report["first_headers_at"] < report["first_certificate_at"], report
