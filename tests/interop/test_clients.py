"""curl, nghttp, h2load, Node and openssl s_client against `codicil serve`."""

import json
import re

import pytest
from conftest import HERE, need, run


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_fetches(server, ca, version):
    flags = ["-sS", "--http2", "--tls-max", version, "--cacert", ca.pem]
    flags += ["--resolve", f"a.example:{server.port}:127.0.0.1", "-w", "%{http_version} %{http_code}"]
    done = run(need("curl"), *flags, f"https://a.example:{server.port}/")
    assert done.returncode == 0, done.stderr
    assert "a.example" in done.stdout and done.stdout.endswith("2 200")


def test_curl_resumes_a_range(server, ca, tmp_path):
    flags = ["-sS", "--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    (tmp_path / "part").write_bytes(b"0123456789abcdef" * 100)
    url = f"https://a.example:{server.port}/large"
    done = run(need("curl"), *flags, "-C", "-", "-o", tmp_path / "part", url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "part").read_bytes() == b"0123456789abcdef" * 65536


def test_curl_fetches_many_at_once(server, ca):
    flags = ["-sS", "--parallel", "--cacert", ca.pem, "-w", "%{http_code}\n"]
    flags += ["--resolve", f"a.example:{server.port}:127.0.0.1"]
    urls = [f"https://a.example:{server.port}/large?{i}" for i in range(20)]
    outputs = [word for url in urls for word in (url, "-o", "/dev/null")]
    done = run(need("curl"), *flags, *outputs)
    assert done.stdout.split() == ["200"] * 20, done.stderr


def test_nghttp_shows_setting_and_origin(server):
    url = f"https://127.0.0.1:{server.port}/"
    done = run(need("nghttp"), "-v", "-n", f"-H:authority: a.example:{server.port}", url)
    assert done.returncode == 0, done.stderr
    assert re.search(r"UNKNOWN\(0xf0ce\):1|0xf0ce", done.stdout), done.stdout
    assert "ORIGIN" in done.stdout
    assert f"https://a.example:{server.port}" in done.stdout
    assert ":status: 200" in done.stdout
    assert "GOAWAY" not in done.stdout.split(":status: 200")[0]


def test_nghttp_fetches_a_page_with_its_parts(server):
    url = f"https://127.0.0.1:{server.port}"
    done = run(need("nghttp"), "-ns", f"-H:authority: a.example:{server.port}", f"{url}/large")
    assert done.returncode == 0, done.stderr
    assert " 200 " in done.stdout


@pytest.mark.parametrize("shape", [["-c1", "-m100"], ["-c100", "-m10"], ["-c10", "-m128", "-t2"]])
def test_h2load_sees_no_failure(server, shape):
    args = ["-n", "5000", *shape, "-H", f":authority: a.example:{server.port}"]
    done = run(need("h2load"), *args, f"https://127.0.0.1:{server.port}/")
    assert "5000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout


def node(server, ca, *paths):
    origin = f"https://a.example:{server.port}"
    done = run(need("node"), f"{HERE}/node_client.mjs", ca.pem, origin, *paths)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_node_fetches_and_reports_origin(server, ca):
    seen = node(server, ca, "/", "/large", "/nothing")
    assert [r["status"] for r in seen["responses"]] == [200, 200, 404]
    assert seen["responses"][1]["size"] == 1 << 20
    assert not seen["errors"]
    # Node did not negotiate: the Origin Set holds what the handshake's certificate covers.
    assert seen["originSet"] == [f"https://a.example:{server.port}"]


def test_node_reports_every_name_that_the_certificate_covers(serve, ca, roots):
    from harness.codicil import Site  # pylint: disable=import-outside-toplevel

    both = ca.issue("both", ["a.example", "b.example"])
    server = serve([Site(f"{n}.example", both, roots[n]) for n in "ab"])
    expected = {f"https://{n}.example:{server.port}" for n in "ab"}
    assert set(node(server, ca, "/")["originSet"]) == expected


def test_openssl_without_h2_is_told_no_application_protocol(server):
    args = ["s_client", "-connect", f"127.0.0.1:{server.port}", "-alpn", "http/1.1"]
    done = run(need("openssl"), *args, text="")
    assert "no application protocol" in done.stderr + done.stdout
    assert done.returncode != 0


def test_get_fetches_from_nghttpd(ca, certs, roots):
    """The other way round: our client and a server that knows nothing of us."""
    from harness.codicil import get_json  # pylint: disable=import-outside-toplevel
    from harness.process import Process, wait_until

    import socket  # pylint: disable=import-outside-toplevel

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    args = [need("nghttpd"), "-d", roots["a"], str(port), certs["a"].key, certs["a"].pem]
    server = Process(args)

    def is_listening():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(is_listening)
        result = get_json(port, ca.pem, ["a.example"], path="/large")
        assert result.code == 0, result.stderr
        assert result.request("a.example")["size"] == 1 << 20
        assert not result.connection_of("a.example")["negotiated"]
    finally:
        server.stop()
