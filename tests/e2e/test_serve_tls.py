"""TLS of `codicil serve`: versions, suites, names, protocols and tickets."""

import subprocess

import pytest
from harness.codicil import Site, badpeer, raw_request, resume


@pytest.fixture
def server(serve, three_sites, ca, roots):
    wild = ca.issue("wild", ["*.wild.example"])
    deep = ca.issue("deep", ["deep.wild.example"])
    more = [
        Site("*.wild.example", wild, roots["a"]),
        Site("deep.wild.example", deep, roots["a"]),
    ]
    return serve(three_sites + more)


def s_client(server, *args):
    """Runs openssl s_client to the end of its handshake; returns what it printed."""
    full = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", *args]
    done = subprocess.run(full, input=b"", capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def subject(server, *args):
    text = s_client(server, "-alpn", "h2", *args)
    return next(line for line in text.splitlines() if line.startswith("subject=")).split("=")[-1].strip()


@pytest.mark.parametrize(
    "name,label",
    [
        ("a.example", "a"),
        ("b.example", "b"),
        ("B.EXAMPLE", "b"),
        ("x.wild.example", "wild"),
        ("deep.wild.example", "deep"),
        ("unknown.example", "a"),
    ],
)
def test_the_server_name_chooses_the_certificate(server, name, label):
    assert subject(server, "-servername", name) == label


def test_without_a_server_name_the_first_site_answers(server):
    assert subject(server, "-noservername") == "a"


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_h2_is_selected(server, version):
    text = s_client(server, "-alpn", "h2,http/1.1", version, "-servername", "a.example")
    assert "ALPN protocol: h2" in text


@pytest.mark.parametrize("alpn", [["-alpn", "http/1.1"], ["-alpn", "h3,spdy/3"]])
def test_without_h2_the_handshake_ends_with_no_application_protocol(server, alpn):
    assert "no application protocol" in s_client(server, *alpn)


def test_a_client_that_offers_no_protocol_gets_no_service(server):
    report = raw_request(server.port, flags=["--no-alpn"])
    assert "handshake" in report or report["closed"], report


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_older_versions_are_refused(server, version):
    text = s_client(server, "-alpn", "h2", version, "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in text or "New, (NONE)" in text


@pytest.mark.parametrize(
    "suite", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA256"]
)
def test_suites_that_rfc_9113_prohibits_are_refused(server, suite):
    text = s_client(server, "-alpn", "h2", "-tls1_2", "-cipher", suite)
    assert "Cipher is (NONE)" in text


@pytest.mark.parametrize(
    "suite",
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"],
)
def test_suites_of_rfc_9113_work(server, suite):
    text = s_client(server, "-alpn", "h2", "-tls1_2", "-cipher", suite)
    assert f"Cipher is {suite}" in text


def test_renegotiation_is_refused(server):
    full = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-alpn", "h2", "-tls1_2"]
    done = subprocess.run(full, input=b"R\n", capture_output=True, timeout=20, check=False)
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert "no renegotiation" in text or "RENEGOTIATING" in text
    assert text.count("verify return") <= 4


@pytest.mark.http("h2", "h3")
def test_a_ticket_resumes_its_own_site(server):
    first, second = resume(server.port, "a.example", "a.example")
    assert not first["resumed"]
    assert second["resumed"]


@pytest.mark.http("h2", "h3")
def test_a_ticket_does_not_resume_another_site(server):
    _, second = resume(server.port, "a.example", "b.example")
    assert not second["resumed"]


@pytest.mark.http("h2", "h3")
def test_certificates_are_proven_anew_after_resumption(server):
    args = ["--sni", "a.example", "--then-sni", "a.example", "--expect", "2"]
    first, second = badpeer("request", "--port", server.port, *args)
    assert second["resumed"]
    for report in (first, second):
        assert [a["wrong"] for a in report["authenticators"]] == [None, None], report
