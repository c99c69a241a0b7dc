"""`codicil get`: curl's flags, curl's exit codes, and the report."""

import json
import os
import re
import socket
import subprocess

import pytest
from harness.codicil import get, get_command, get_json

TIMINGS = {
    "time_namelookup",
    "time_connect",
    "time_appconnect",
    "time_pretransfer",
    "time_starttransfer",
    "time_total",
}


pytestmark = pytest.mark.http("h2", "h3")

SOCKET_TYPES = {"h2": socket.SOCK_STREAM, "h3": socket.SOCK_DGRAM}


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites)


def fetch(server, ca, *args, path="/", host="a.example", env=None):
    """Runs get for one URL of the server, with `args` before it."""
    flags = ["--cacert", ca.pem, "--resolve", f"{host}:{server.port}:127.0.0.1", "--max-time", "20"]
    return get(*flags, *args, f"https://{host}:{server.port}{path}", env=env)


# ---- what goes where ----------------------------------------------------------------------------


def test_the_body_goes_to_stdout(server, ca, roots):
    result = fetch(server, ca, "-s")
    assert result.code == 0, result.stderr
    with open(f"{roots['a']}/index.html", "rb") as f:
        assert result.stdout == f.read()


def test_the_body_goes_to_a_file(server, ca, tmp_path):
    assert fetch(server, ca, "-s", "-o", tmp_path / "out", path="/large").code == 0
    assert (tmp_path / "out").stat().st_size == 1 << 20


def test_the_body_goes_to_a_file_of_its_name(server, ca, tmp_path):
    full = get_command("-s", "-O", "--cacert", ca.pem)
    full += ["--resolve", f"a.example:{server.port}:127.0.0.1"]
    full += [f"https://a.example:{server.port}/large"]
    assert subprocess.run(full, cwd=tmp_path, timeout=20, check=False).returncode == 0
    assert (tmp_path / "large").stat().st_size == 1 << 20


def test_without_standard_streams_nothing_is_written_elsewhere(server, ca, tmp_path):
    # With descriptors 0 to 2 closed the first files that are opened would take their place.
    urls = f"--cacert {ca.pem} --resolve a.example:{server.port}:127.0.0.1 https://a.example:{server.port}"
    for flags, code in ((f"-o {tmp_path}/out", 0), ("-v", 23), ("--json", 23)):
        command = f"exec {' '.join(get_command(flags))} {urls}/large <&- >&- 2>&-"
        assert subprocess.run(["sh", "-c", command], timeout=20, check=False).returncode == code
    assert (tmp_path / "out").stat().st_size == 1 << 20


def test_many_urls_have_many_files(server, ca, tmp_path):
    flags = ["-s", "--cacert", ca.pem]
    for n in "abc":
        flags += ["--resolve", f"{n}.example:{server.port}:127.0.0.1", "-o", tmp_path / n]
    assert get(*flags, *[f"https://{n}.example:{server.port}/" for n in "abc"]).code == 0
    for n in "abc":
        assert f"{n}.example" in (tmp_path / n).read_text()


def test_i_shows_the_fields_before_the_body(server, ca, http):
    text = fetch(server, ca, "-s", "-i").stdout.decode()
    head, body = re.split(r"\r?\n\r?\n", text, maxsplit=1)
    assert head.splitlines()[0].startswith(f"HTTP/{http.number} 200")
    assert "content-length:" in head
    assert "a.example" in body


def test_capital_i_asks_with_head(server, ca, http):
    text = fetch(server, ca, "-s", "-I", path="/large").stdout.decode()
    assert text.startswith(f"HTTP/{http.number} 200")
    assert "content-length: 1048576" in text
    assert server.log(1)[0]["method"] == "HEAD"


def test_fields_and_methods_are_sent(server, ca):
    result = fetch(server, ca, "-s", "-H", "range: bytes=0-3", "-w", "%{http_code}", path="/large")
    assert result.stdout == b"0123206"
    result = fetch(server, ca, "-s", "-X", "DELETE", "-w", "%{http_code}", "-o", os.devnull)
    assert result.stdout == b"405"


def test_d_sends_a_post(server, ca):
    result = fetch(server, ca, "-s", "-d", "x=1", "-o", os.devnull, "-w", "%{http_code}")
    assert result.stdout == b"405"
    assert server.log(1)[0]["method"] == "POST"


def test_w_has_curls_variables(server, ca, http):
    text = r"%{http_code} %{size_download} %{http_version} %{remote_ip} %{url_effective}\n"
    result = fetch(server, ca, "-s", "-o", os.devnull, "-w", text, path="/large")
    url = f"https://a.example:{server.port}/large"
    assert result.stdout.decode() == f"200 1048576 {http.number} 127.0.0.1 {url}\n"


def test_v_shows_frames_certificates_and_decisions(server, ca):
    flags = ["-v", "--cacert", ca.pem, "--coalesce-wait", "20000"]
    for n in "ab":
        flags += ["--resolve", f"{n}.example:{server.port}:127.0.0.1"]
    result = get(*flags, *[f"https://{n}.example:{server.port}/" for n in "ab"])
    assert result.code == 0
    for word in ("SETTINGS", "HEADERS", "SERVER_CERTIFICATE", "ORIGIN", "b.example", "accepted"):
        assert word in result.stderr, word


def test_silence_is_silent(server, ca):
    assert fetch(server, ca, "-s").stderr == ""


def test_sslkeylogfile_is_honoured(server, ca, tmp_path):
    path = tmp_path / "keys"
    assert fetch(server, ca, "-s", env={"SSLKEYLOGFILE": str(path)}).code == 0
    assert "CLIENT_TRAFFIC_SECRET_0" in path.read_text()


def test_a_response_that_is_an_error_is_no_failure(server, ca):
    result = fetch(server, ca, "-s", "-o", os.devnull, "-w", "%{http_code}", path="/nothing")
    assert (result.code, result.stdout) == (0, b"404")


# ---- exit codes: curl's -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args,code",
    [
        ([], 2),
        (["--no-such-flag", "https://a.example/"], 2),
        (["ftp://a.example/"], 1),
        (["http://a.example/"], 1),
        (["https://"], 3),
        (["https://a.example:99999/"], 3),
        (["--cacert", "/nowhere.pem", "https://a.example/"], 77),
        (["https://nothing.invalid/"], 6),
    ],
)
def test_a_mistake_has_curls_exit_code(args, code):
    result = get(*args)
    assert result.code == code, result.stderr
    assert result.stderr


def test_a_bundle_without_certificates_is_77(server, tmp_path):
    (tmp_path / "none.pem").write_text("none\n", encoding="ascii")
    resolve = ["--resolve", f"a.example:{server.port}:127.0.0.1"]
    for flag, path in (("--cacert", tmp_path / "none.pem"), ("--capath", tmp_path)):
        result = get(flag, path, *resolve, f"https://a.example:{server.port}/")
        assert result.code == 77, result.stderr
        assert str(path) in result.stderr


def test_nobody_listening_is_7(ca, http):
    # Nobody else can take the port: TCP's is bound and does not listen, UDP's hears itself alone.
    with socket.socket(type=SOCKET_TYPES[http.name]) as taken:
        taken.bind(("127.0.0.1", 0))
        if http.name == "h3":
            taken.connect(taken.getsockname())
        result = get_json(taken.getsockname()[1], ca.pem, ["a.example"])
    assert result.code == 7, result.stderr
    (request,) = result.report["requests"]
    assert request["status"] is None and request["error"]


def test_an_untrusted_server_is_60(server, other_ca):
    result = fetch(server, other_ca, "-s")
    assert result.code == 60
    assert result.stdout == b""


def test_a_certificate_for_another_name_is_60(server, ca):
    assert fetch(server, ca, "-s", host="other.example").code == 60


@pytest.mark.http("h2", why="QUIC has no protocol to fall back to")
def test_a_server_without_h2_is_named(certs, ca):
    server = subprocess.Popen(  # pylint: disable=consider-using-with
        ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certs["a"].pem]
        + ["-key", certs["a"].key, "-alpn", "http/1.1", "-www"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = next(line for line in server.stdout if line.startswith("ACCEPT"))
        result = get_json(int(line.rsplit(":", 1)[1]), ca.pem, ["a.example"])
    finally:
        server.kill()
        server.communicate()
    assert result.code in (16, 35), result.stderr
    (request,) = result.report["requests"]
    assert "no_application_protocol" in request["error"] or "h2" in request["error"], request


@pytest.mark.http("h3", why="RFC 9001 §8.1: without ALPN there is no connection")
def test_a_server_that_selects_no_protocol_is_refused(bad_server, ca):
    result = get_json(bad_server("quiet", "--no-alpn").port, ca.pem, ["a.example"])
    assert result.code != 0, result.stderr
    (request,) = result.report["requests"]
    assert request["status"] is None and request["error"]


def test_a_server_that_says_nothing_is_28(ca, http):
    with socket.socket(type=SOCKET_TYPES[http.name]) as mute:
        mute.bind(("127.0.0.1", 0))
        if http.name == "h2":
            mute.listen()
        port = mute.getsockname()[1]
        flags = ["--cacert", ca.pem, "--resolve", f"a.example:{port}:127.0.0.1"]
        for limit in (["--max-time", "0.3"], ["--connect-timeout", "0.3"]):
            assert get("-s", *flags, *limit, f"https://a.example:{port}/").code == 28


def test_one_failure_among_many_does_not_stop_the_others(server, ca):
    hosts = ["a.example", "unserved.example", "b.example"]
    result = get_json(server.port, ca.pem, hosts)
    assert result.code != 0
    assert result.request("a.example")["status"] == 200
    assert result.request("b.example")["status"] == 200
    assert result.request("unserved.example")["error"]


def test_output_that_cannot_be_written_is_23(server, ca):
    assert fetch(server, ca, "-s", "-o", "/nowhere/at/all").code == 23


# ---- the report ---------------------------------------------------------------------------------


def test_the_report_has_the_documented_members(server, ca, http):
    report = get_json(server.port, ca.pem, ["a.example", "b.example"]).report
    assert set(report) == {"requests", "connections"}
    for request in report["requests"]:
        assert {
            "url",
            "status",
            "size",
            "connection",
            "coalesced",
            "certificate",
            "reason",
            "error",
            "timings",
            "proved_by",
            "dns",
        } <= set(request)
        assert request["dns"]["source"] == "given"
        assert request["dns"]["addresses"] == ["127.0.0.1"]
        assert TIMINGS <= set(request["timings"])
        assert request["error"] is None
        assert re.fullmatch("[0-9a-f]{64}", request["certificate"])
    for connection in report["connections"]:
        assert {
            "id",
            "remote",
            "protocol",
            "tls",
            "sni",
            "negotiated",
            "primary",
            "certificates",
            "origin_set",
            "closed",
        } <= set(connection)
        assert set(connection["primary"]) == {"names", "sha256", "decision", "reason"}
        for certificate in connection["certificates"]:
            assert {"sentence", "rule", "required_domains", "proven_domain", "proved_by",
                    "caa_anchor"} <= set(certificate)
        assert connection["protocol"] == http.name
        assert connection["tls"] == "TLSv1.3"
        assert connection["remote"] == f"127.0.0.1:{server.port}"
        for certificate in connection["certificates"]:
            assert {"names", "sha256", "decision", "reason", "frames", "octets"} <= set(certificate)


def test_timings_are_in_order(server, ca):
    report = get_json(server.port, ca.pem, ["a.example"], path="/large").report
    times = report["requests"][0]["timings"]
    order = ["connect", "appconnect", "pretransfer", "starttransfer", "total"]
    values = [times[f"time_{name}"] for name in order]
    assert values == sorted(values)
    assert values[-1] > 0


def test_json_is_one_document_and_nothing_else(server, ca, tmp_path):
    flags = ["--json", "--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    result = get(*flags, "-o", tmp_path / "body", f"https://a.example:{server.port}/")
    json.loads(result.stdout)
    assert "a.example" in (tmp_path / "body").read_text()


# ---- waiting (protocol §5.6) --------------------------------------------------------------------


def test_a_wait_ends_when_no_certificate_comes(bad_server, ca):
    # The server supports the feature, lists b.example in ORIGIN, and never proves it.
    server = bad_server("truncated")
    result = get_json(server.port, ca.pem, ["a.example", "b.example"], "--coalesce-wait", "200")
    request = result.request("b.example")
    assert request["status"] == 200
    assert request["reason"] in ("waited", "not-covered"), request


def test_zero_wait_does_not_wait(bad_server, ca):
    server = bad_server("quiet")
    hosts = ["a.example", "b.example"]
    result = get_json(server.port, ca.pem, hosts, "--coalesce-wait", "0")
    assert {r["status"] for r in result.report["requests"]} == {200}


@pytest.mark.http("h2", why="QUIC has TLS 1.3 and nothing older")
@pytest.mark.parametrize("flags", [["--tls12"], ["--tls12", "--no-ems"]])
def test_tls12_carries_certificates_only_with_extended_master_secret(bad_server, ca, flags):
    server = bad_server("quiet" if "--no-ems" in flags else "valid", *flags)
    hosts = ["a.example", "b.example"]
    result = get_json(server.port, ca.pem, hosts, "--coalesce-wait", "1000")
    assert result.code == 0, result.stderr
    request = result.request("b.example")
    assert request["status"] == 200
    assert request["coalesced"] == ("--no-ems" not in flags)


# ---- URLs from a file ---------------------------------------------------------------------------


def test_urls_from_a_file_wait_for_each_other(server, ca, tmp_path):
    urls = [f"https://a.example:{server.port}/large?{i}" for i in range(3)]
    text = f"# a page\n{urls[0]}\n\n{urls[1]} after=1\n{urls[2]}\tafter=2\n"
    (tmp_path / "urls").write_text(text)
    flags = ["--json", "--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    result = get(*flags, "--urls-from", tmp_path / "urls")
    assert result.code == 0, result.stderr
    assert [r["url"] for r in result.report["requests"]] == urls
    assert [r["size"] for r in result.report["requests"]] == [1 << 20] * 3
    # Done in order: each was asked for when the one before had come.
    logged = [e["path"] for e in server.log(3)]
    assert logged == [f"/large?{i}" for i in range(3)]


@pytest.mark.parametrize(
    "text",
    ["https://a.example/ after=1\n", "https://a.example/ after=x\n", "https://a/ before=1\n", ""],
)
def test_a_list_of_urls_without_sense_is_refused(tmp_path, text):
    (tmp_path / "urls").write_text(text)
    result = get("--urls-from", tmp_path / "urls")
    assert result.code == 2, result.stderr
