"""What speaks against a certificate, or for it: CRLs, the block list, timestamps of logs, staples.

Each is tried on the certificate of the handshake, where there is nothing left to fetch, and on a
secondary one, whose request goes out on a connection of its own.
"""

import base64
import json

import pytest
from harness.codicil import Site, get, get_json
from harness.pki import Authority, Fields, Log, required_domain, with_timestamps
from harness.process import Process

pytestmark = pytest.mark.http("h2", "h3")

HOSTS = ["a.example", "b.example"]
REFUSED = 60  # curl's code for a handshake whose certificate is not good


@pytest.fixture
def own_ca(tmp_path):
    """An authority of which a test may revoke what it likes."""
    return Authority(tmp_path / "own", name="Own CA")


@pytest.fixture
def pair(own_ca):
    return {n: own_ca.issue(n, [f"{n}.example"]) for n in "ab"}


@pytest.fixture
def server(serve, pair, roots):
    return serve(sites_of(pair, roots))


def sites_of(pair, roots):
    return [
        Site("a.example", pair["a"], roots["a"], secondary=["b.example"]),
        Site("b.example", pair["b"], roots["b"]),
    ]


def fetch(server, ca, *flags):
    return get_json(server.port, ca.pem, HOSTS, "--coalesce-wait", "3000", *flags)


def write(path, text):
    path.write_text(text, encoding="ascii")
    return path


def expect_all(result):
    assert result.code == 0, result.stderr
    (connection,) = result.report["connections"]
    assert [c["decision"] for c in connection["certificates"]] == ["accepted"]
    assert result.request("b.example")["reason"] == "secondary"


def expect_refused(result, name, reason, words):
    """Either a.example's handshake is refused, or b.example's certificate, there and here."""
    if name == "a":
        request = result.request("a.example")
    else:
        assert result.request("a.example")["status"] == 200
        (secondary,) = result.connection_of("a.example")["certificates"]
        assert (secondary["decision"], secondary["reason"]) == ("rejected", reason)
        request = result.request("b.example")
        assert request["reason"] == "certificate", request
    assert (result.code, request["status"]) == (REFUSED, None), result.report
    assert words in request["error"], request


# ---- CRLs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", "ab")
def test_what_a_crl_lists_is_refused(server, own_ca, pair, name):
    expect_all(fetch(server, own_ca, "--crlfile", own_ca.crl("empty")))
    own_ca.revoke(pair[name])
    result = fetch(server, own_ca, "--crlfile", own_ca.crl())
    expect_refused(result, name, "revoked", "the certificate is revoked")
    expect_all(fetch(server, own_ca))


@pytest.mark.parametrize("by", ["--crlfile", "--block-list"])
@pytest.mark.parametrize("name", "ab")
def test_insecure_is_for_the_certificates_of_handshakes_alone(server, own_ca, pair, tmp_path, name,
                                                              by):
    own_ca.revoke(pair[name])
    entry = f"spki {Fields(pair[name].leaf).spki_sha256()}\n"
    path = own_ca.crl() if by == "--crlfile" else write(tmp_path / "blocked", entry)
    result = fetch(server, own_ca, "--insecure", by, path)
    assert result.code == 0, result.stderr
    assert [result.request(f"{n}.example")["status"] for n in "ab"] == [200, 200]
    decisions = [c["decision"] for c in result.connection_of("a.example")["certificates"]]
    assert decisions == ([] if name == "a" else ["rejected"])
    assert len(result.report["connections"]) == 2


def test_a_crl_that_cannot_be_used_ends_the_program(server, own_ca, tmp_path):
    missing = fetch(server, own_ca, "--crlfile", tmp_path / "none")
    assert missing.code == 82
    assert "--crlfile: " in missing.stderr and "none" in missing.stderr
    wrong = fetch(server, own_ca, "--crlfile", own_ca.pem)
    assert wrong.code == 82
    assert f"--crlfile: {own_ca.pem}: no CRL in file" in wrong.stderr


# ---- a critical Required Domain -----------------------------------------------------------------


@pytest.mark.parametrize("name", "ab")
def test_a_critical_required_domain_is_untrusted(serve, own_ca, pair, roots, name):
    critical = required_domain("a.example").replace("DER:", "critical,DER:")
    pair[name] = own_ca.issue("critical", [f"{name}.example"], extensions=[critical])
    result = fetch(serve(sites_of(pair, roots)), own_ca)
    expect_refused(result, name, "untrusted", "is refused")


# ---- the block list -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["spki", "serial", "anchor"])
@pytest.mark.parametrize("name", "ab")
def test_what_is_blocked_is_refused(server, own_ca, pair, tmp_path, name, kind):
    fields = Fields(own_ca.pem if kind == "anchor" else pair[name].leaf)
    entry = f"spki {fields.spki_sha256()}"
    if kind == "serial":
        entry = f"serial {fields.issuer_sha256()} {fields.serial}"
    path = write(tmp_path / "blocked", f"# a list\n{entry}  # {name}\n")
    result = fetch(server, own_ca, "--block-list", path)
    expect_refused(result, "a" if kind == "anchor" else name, "blocked", "is on the block list")


def test_a_list_of_others_changes_nothing(server, own_ca, other_ca, tmp_path):
    fields = Fields(other_ca.pem)
    path = write(tmp_path / "others", f"spki {fields.spki_sha256()}\nbreadcrumb a.example\n")
    expect_all(fetch(server, own_ca, "--block-list", path))


def test_a_wrong_line_ends_the_program(server, own_ca, tmp_path):
    path = write(tmp_path / "wrong", "# fine\nspki 1234\n")
    result = fetch(server, own_ca, "--block-list", path)
    assert result.code == 2
    assert f"--block-list: {path}:2: no SHA-256 of 64 hexadecimal digits" in result.stderr


# ---- timestamps ---------------------------------------------------------------------------------


@pytest.fixture
def logs(tmp_path):
    return [Log(tmp_path / f"log{i}") for i in range(2)]


def list_of(path, logs):
    return write(path, json.dumps({"operators": [{"name": "o", "logs": [g.json() for g in logs]}]}))


@pytest.mark.parametrize("name", "ab")
def test_too_few_timestamps_are_refused(serve, own_ca, pair, roots, logs, tmp_path, name):
    logged = {n: with_timestamps(own_ca, pair[n], logs[: 1 if n == name else 2]) for n in "ab"}
    server = serve(sites_of(logged, roots))
    flags = ["--ct-logs", list_of(tmp_path / "logs.json", logs)]
    expect_all(fetch(server, own_ca, *flags, "--min-scts", "1"))
    result = fetch(server, own_ca, *flags, "--min-scts", "2")
    expect_refused(result, name, "scts", "too few signed certificate timestamps")


class TlsServer(Process):
    """openssl's server, which sends timestamps in its TLS extension and speaks no HTTP."""

    # ClientHello, ServerHello of TLS 1.2, Certificate of TLS 1.3; not when resumed.
    CONTEXT = (0x80 | 0x100 | 0x1000 | 0x40).to_bytes(4, "big")

    def __init__(self, path, certificate, scts, *args):
        info = self.CONTEXT + b"\0\x12" + len(scts).to_bytes(2, "big") + scts
        text = base64.encodebytes(info).decode()
        write(path, f"-----BEGIN SERVERINFOV2 FOR SCT-----\n{text}-----END SERVERINFOV2 FOR SCT-----\n")
        files = ["-cert", certificate.pem, "-key", certificate.key, "-serverinfo", path]
        super().__init__(["openssl", "s_server", "-accept", "127.0.0.1:0", "-alpn", "h2", "-rev",
                          *files, *args])
        self.port = int(self.wait_line("ACCEPT").rsplit(":", 1)[1])


@pytest.mark.http("h2", why="GnuTLS cannot offer the extension")
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_timestamps_of_the_tls_extension_count(own_ca, pair, logs, tmp_path, version):
    der = Fields(pair["a"].leaf).der
    entry = b"\0\0" + len(der).to_bytes(3, "big") + der
    scts = [log.timestamp(entry) for log in logs]
    both = b"".join(len(s).to_bytes(2, "big") + s for s in scts)
    server = TlsServer(
        tmp_path / "info.pem", pair["a"], len(both).to_bytes(2, "big") + both, version
    )
    flags = ["--cacert", own_ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    flags += ["--ct-logs", list_of(tmp_path / "logs.json", logs + [Log(tmp_path / "log3")])]
    url = f"https://a.example:{server.port}/"
    try:
        enough = get(*flags, "--min-scts", "2", "--max-time", "20", url)
        assert enough.code not in (0, 28, REFUSED), enough.stderr  # it speaks no HTTP/2
        few = get(*flags, "--min-scts", "3", "--max-time", "20", url)
        assert few.code == REFUSED
        assert "too few signed certificate timestamps" in few.stderr
    finally:
        server.stop()


def test_logs_are_read_as_openssl_lists_them(serve, own_ca, pair, roots, logs, tmp_path):
    server = serve(sites_of({n: with_timestamps(own_ca, pair[n], logs) for n in "ab"}, roots))
    keys = [log.json()["key"] for log in logs]
    path = write(
        tmp_path / "logs.cnf",
        f"enabled_logs = one, two\n[one]\nkey = {keys[0]}\n[two]\nkey = {keys[1]}\n",
    )
    expect_all(fetch(server, own_ca, "--ct-logs", path, "--min-scts", "2"))


def test_a_number_of_timestamps_needs_logs(server, own_ca, logs, tmp_path):
    alone = fetch(server, own_ca, "--min-scts", "1")
    assert (alone.code, "--min-scts needs --ct-logs" in alone.stderr) == (2, True)
    path = list_of(tmp_path / "one.json", logs[:1])
    few = fetch(server, own_ca, "--ct-logs", path, "--min-scts", "2")
    assert (few.code, "fewer than are demanded" in few.stderr) == (2, True)
    broken = write(tmp_path / "broken.json", '{"operators": [\n')
    wrong = fetch(server, own_ca, "--ct-logs", broken, "--min-scts", "1")
    assert (wrong.code, f"--ct-logs: {broken}:2:" in wrong.stderr) == (2, True)


# ---- staples, anchors ---------------------------------------------------------------------------


def test_a_secondary_certificate_that_demands_a_staple_needs_one(serve, own_ca, pair, roots):
    demanding = own_ca.issue("staple", ["b.example"], extensions=["tlsfeature = status_request"])
    server = serve(sites_of({**pair, "b": demanding}, roots))
    result = fetch(server, own_ca)
    expect_refused(result, "b", "staple-missing", "demands a good OCSP staple")


def test_a_mark_on_what_is_no_anchor_is_told(server, own_ca, other_ca):
    url = f"https://a.example:{server.port}/"
    flags = ["-s", "--cacert", own_ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    fine = get(*flags[1:], "--caa-anchor", own_ca.pem, url)
    assert (fine.code, "warning" in fine.stderr) == (0, False)
    strange = get(*flags[1:], "--caa-anchor", other_ca.pem, url)
    assert strange.code == 0
    assert f"--caa-anchor: {other_ca.pem} has a certificate that is no trust anchor" in strange.stderr
    assert get(*flags, "--caa-anchor", other_ca.pem, url).stderr == ""
    missing = get(*flags, "--caa-anchor", "/nowhere", url)
    assert (missing.code, "--caa-anchor: /nowhere" in missing.stderr) == (77, True)
