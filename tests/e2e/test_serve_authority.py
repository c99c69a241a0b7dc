"""Whose requests a connection serves: 421, 400, and the certificates that decide."""

import pytest
from harness.codicil import Site, ask, raw_request

pytestmark = pytest.mark.http("h2", "h3")


@pytest.fixture
def server(serve, three_sites, certs, roots, ca):
    wild = ca.issue("wild", ["*.wild.example"])
    sites = three_sites + [Site("*.wild.example", wild, roots["c"])]
    return serve(sites, extra="workers: 1\n")  # one log, in order


def send(server, *fields, sni="a.example", flags=()):
    report = raw_request(server.port, list(fields), flags=["--sni", sni, *flags])
    return report["responses"][0]


def request(authority, path="/"):
    fields = [":method=GET", ":scheme=https", f":path={path}"]
    return fields + ([f":authority={authority}"] if authority is not None else [])


def test_the_site_of_the_handshake_is_served(server):
    response = send(server, *request(f"a.example:{server.port}"))
    assert response["status"] == 200
    assert "a.example" in response["text"]


@pytest.mark.parametrize(
    "authority", ["b.example:{port}", "unknown.example:{port}", "a.example:1", "192.0.2.1:{port}"]
)
def test_an_authority_that_is_not_proven_here_is_421(server, authority):
    response = send(server, *request(authority.format(port=server.port)))
    assert response["status"] == 421


def test_421_is_one_answer_that_lists_no_tenants(server):
    # A site that exists and one that does not are told apart by nothing.
    answers = [
        send(server, *request(f"{name}:{server.port}")) for name in ("b.example", "no.example")
    ]
    for answer in answers:
        answer["fields"].pop("date", None)
    assert answers[0] == answers[1]
    assert "b.example" not in answers[0]["text"]


def test_a_secondary_is_served_once_it_is_proven(server):
    response = send(server, *request(f"b.example:{server.port}"), flags=["--expect", "2"])
    assert response["status"] == 200
    assert "b.example" in response["text"]


def test_a_site_that_is_no_secondary_stays_421(server):
    response = send(
        server, *request(f"a.example:{server.port}"), sni="b.example"
    )
    assert response["status"] == 421


def test_a_wildcard_site_serves_one_label(server):
    authority = f"x.wild.example:{server.port}"
    assert send(server, *request(authority), sni="x.wild.example")["status"] == 200
    deep = f"y.x.wild.example:{server.port}"
    assert send(server, *request(deep), sni="x.wild.example")["status"] == 421


def test_an_empty_port_is_the_default_port_and_so_not_this_one(server):
    # RFC 3986 §3.2.3: the port may be empty, which stands for 443.
    assert send(server, *request("a.example:"))["status"] in (400, 421)


def test_names_compare_without_case(server):
    assert send(server, *request(f"A.EXAMPLE:{server.port}"))["status"] == 200


def test_the_server_name_plays_no_part(server):
    # A connection without SNI has the first site's certificate, which proves a.example.
    report = raw_request(server.port, request(f"a.example:{server.port}"))
    assert report["responses"][0]["status"] == 200


@pytest.mark.parametrize(
    "authority",
    [
        "",
        "a.example:x",
        "a.example:99999",
        "user@a.example",
        "a example",
        "a.example/x",
        "[::1",
        "a..example",
        "a.example:1:2",
        "*",
    ],
)
def test_a_malformed_authority_is_400(server, authority):
    response = send(server, *request(authority))
    assert response["status"] == 400 or response["reset"] is not None, response


def test_a_missing_authority_is_400(server):
    response = send(server, *request(None))
    assert response["status"] == 400 or response["reset"] is not None


def test_a_host_that_contradicts_is_400(server):
    fields = request(f"a.example:{server.port}") + [f"host=b.example:{server.port}"]
    response = send(server, *fields)
    assert response["status"] == 400 or response["reset"] is not None


def test_a_host_that_agrees_is_served(server):
    fields = request(f"a.example:{server.port}") + [f"host=a.example:{server.port}"]
    assert send(server, *fields)["status"] == 200


def test_a_host_without_authority_is_served(server):
    fields = request(None) + [f"host=a.example:{server.port}"]
    assert send(server, *fields)["status"] == 200


def test_the_scheme_must_be_https(server):
    fields = [":method=GET", ":scheme=http", f":authority=a.example:{server.port}", ":path=/"]
    response = send(server, *fields)
    assert response["status"] in (400, 421) or response["reset"] is not None


@pytest.mark.parametrize(
    "extra",
    [
        ["connection=keep-alive"],
        ["transfer-encoding=chunked"],
        ["te=gzip"],
        ["Upper-Case=x"],
        [":late=x"],
        [":path=/twice"],
    ],
)
def test_a_malformed_request_is_reset_and_the_connection_lives(server, extra):
    good = request(f"a.example:{server.port}")
    report = raw_request(server.port, good + extra, good, flags=["--sni", "a.example"])
    first, second = report["responses"]
    assert first["status"] == 400 or first["reset"] is not None
    assert second["status"] == 200


def test_the_access_log_tells_which_certificate_carried_the_authority(server, certs):
    port = server.port
    fields = [request(f"{n}.example:{port}", f"/?{n}") for n in "ab"]
    raw_request(port, *fields, flags=["--sni", "a.example", "--expect", "2"])
    ask(port, f"unknown.example:{port}", flags=["--sni", "a.example"])
    entries = server.log(3)
    assert [e["status"] for e in entries] == [200, 200, 421]
    assert [e["certificate"] for e in entries[:2]] == [certs[n].sha256() for n in "ab"]
    assert entries[0]["connection"] == entries[1]["connection"] != entries[2]["connection"]
