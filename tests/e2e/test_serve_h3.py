"""What `codicil serve` does for HTTP/3 alone: UDP, Alt-Svc, early data, a graceful end, qlog."""

import os
import re
import shutil
import signal
import socket
import subprocess

import pytest
from harness.codicil import Serve, Site, ask, get, get_command, get_json, program
from harness.http import why_not_http3
from harness.process import Process

pytestmark = [
    pytest.mark.http("h3", why="HTTP/3's own"),
    pytest.mark.skipif(bool(why_not_http3()), reason=why_not_http3()),
]
over_h2 = pytest.mark.http("h2", why="HTTP/3 is announced over HTTP/2")


@pytest.fixture
def site(certs, roots):
    return [Site("a.example", certs["a"], roots["a"])]


@pytest.fixture
def big_site(certs, tmp_path):
    """A file that fits into no window and no buffer between server and client."""
    os.makedirs(tmp_path / "big")
    with open(tmp_path / "big" / "file", "wb") as f:
        f.write(os.urandom(1 << 20) * 40)
    return [Site("a.example", certs["a"], tmp_path / "big")]


def start_download(server, ca, *args):
    """A client that has begun to get the file, and goes on once it is read from."""
    flags = ["--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1", *args]
    full = get_command("-s", *flags, f"https://a.example:{server.port}/file")
    client = subprocess.Popen(  # pylint: disable=consider-using-with
        full, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert client.stdout.read(1)
    return client


# ---- Alt-Svc


def announced(server, authority=None):
    return ask(server.port, authority or f"a.example:{server.port}")["fields"].get("alt-svc")


@over_h2
def test_http2_announces_http3_on_the_same_port(serve, site):
    server = serve(site)
    assert announced(server) == f'h3=":{server.port}"; ma=86400'


@over_h2
def test_a_misdirected_request_is_told_of_no_alternative(serve, site):
    assert announced(serve(site), "b.example:1") is None


@over_h2
@pytest.mark.parametrize(
    "extra,expected",
    [
        ("alt-svc-max-age: 1m\npublic-port: 443\n", 'h3=":443"; ma=60'),
        ("alt-svc-max-age: 0\npublic-port: 443\n", None),
        ("http3: off\npublic-port: 443\n", None),
    ],
)
def test_what_is_announced_is_configured(serve, site, extra, expected):
    server = serve(site, extra=extra)
    assert announced(server, "a.example") == expected


def test_http3_announces_nothing(serve, site):
    assert announced(serve(site)) is None


# ---- sockets


def bind_udp(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", port))


def test_without_http3_no_udp_port_is_taken(serve, site):
    with_it, without_it = serve(site), serve(site, args=["--no-http3"])
    assert with_it.lines[0].endswith(" h2 h3") and without_it.lines[0].endswith(" h2")
    bind_udp(without_it.port)
    with pytest.raises(OSError):
        bind_udp(with_it.port)


def test_a_udp_port_in_use_is_named(tmp_path, site):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError) as failure:
            Serve(tmp_path / "serve", site, listen=f"127.0.0.1:{port}")
        assert f"cannot listen on 127.0.0.1:{port}" in str(failure.value)


def test_every_worker_serves_its_clients(serve, three_sites, ca):
    server = serve(three_sites, extra="workers: 4\n")
    for _ in range(12):
        result = get_json(server.port, ca.pem, ["a.example", "b.example", "c.example"])
        assert [r["status"] for r in result.report["requests"]] == [200] * 3
    entries = server.log(36)
    assert {e["protocol"] for e in entries} == {"HTTP/3.0"}
    assert len({e["connection"] % 4 for e in entries}) > 1  # numbers tell workers apart
    assert server.stop() == 0


def test_every_address_has_the_authorities_of_its_port(certs, roots, ca):
    args = ["--root", roots["a"], "--cert", certs["a"].pem, "--key", certs["a"].key]
    listen = ["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--workers", "1"]
    server = Process([program(), "serve", *args, *listen])
    for address in ("127.0.0.1", "127.0.0.2"):
        port = server.wait_line(f"ready https://{address}:").split()[1].rsplit(":", 1)[1]
        flags = ["--cacert", ca.pem, "--resolve", f"a.example:{port}:{address}"]
        result = get("-sS", "-w", "%{http_code}", *flags, f"https://a.example:{port}/")
        assert result.stdout.endswith(b"200"), (address, result.stdout, result.stderr)
    assert server.stop() == 0


# ---- early data


def gtlsclient(directory, port, *args):
    """Status codes, and whether 0-RTT packets were sent; resumes the session in `directory`."""
    program = shutil.which("gtlsclient")
    if not program:
        pytest.skip("there is no gtlsclient")
    fixed = ["--exit-on-all-streams-close", "--no-quic-dump", "--no-http-dump"]
    fixed += [f"--session-file={directory}/session", f"--tp-file={directory}/parameters"]
    full = [program, *fixed, *args, "127.0.0.1", str(port), f"https://a.example:{port}/"]
    done = subprocess.run(full, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    return re.findall(r"\[:status: (\d+)\]", said), " 0RTT " in said


def test_early_data_is_served_where_it_may_be_repeated(serve, site, tmp_path):
    server = serve(site, extra="early-data: on\n")
    assert gtlsclient(tmp_path, server.port, "--wait-for-ticket") == (["200"], False)
    assert gtlsclient(tmp_path, server.port, "-m", "DELETE") == (["425"], True)
    assert gtlsclient(tmp_path, server.port, "-m", "HEAD") == (["200"], True)
    assert gtlsclient(tmp_path, server.port) == (["200"], True)
    assert sorted(e["status"] for e in server.log(4)) == [200, 200, 200, 425]


def test_early_data_is_off_by_default(serve, site, tmp_path):
    server = serve(site)
    assert gtlsclient(tmp_path, server.port, "--wait-for-ticket") == (["200"], False)
    statuses, _ = gtlsclient(tmp_path, server.port, "-m", "DELETE")
    assert statuses == ["405"]


# ---- the end


def test_a_response_under_way_is_finished_after_sigterm(serve, big_site, ca):
    server = serve(big_site)
    client = start_download(server, ca)
    server.child.send_signal(signal.SIGTERM)
    rest, errors = client.communicate(timeout=60)
    assert client.returncode == 0, errors
    assert len(rest) + 1 == 40 << 20
    assert server.stop() == 0


def test_a_second_signal_cuts_off(serve, big_site, ca):
    server = serve(big_site)
    client = start_download(server, ca)
    server.child.send_signal(signal.SIGTERM)
    assert server.stop(signal.SIGINT, timeout=5) == 3  # the default is to drain for 10 s
    client.kill()
    client.communicate()


def test_draining_ends_in_time(serve, big_site, ca):
    server = serve(big_site, extra="timeouts: {drain: 300ms}\n")
    client = start_download(server, ca)
    assert server.stop() == 3
    client.kill()
    client.communicate()


def test_while_it_drains_no_new_client_is_taken(serve, big_site, ca):
    server = serve(big_site)
    client = start_download(server, ca)
    server.child.send_signal(signal.SIGTERM)
    url = f"https://a.example:{server.port}/"
    flags = ["--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    # The signal has been taken once a connection is refused; until then one may still be made.
    refused = ""
    while "CONNECTION_REFUSED" not in refused:
        refused = get("-sS", "--max-time", "20", *flags, url).stderr
        assert client.poll() is None
    rest, errors = client.communicate(timeout=60)
    assert client.returncode == 0 and len(rest) + 1 == 40 << 20, errors
    assert server.stop() == 0


# ---- limits


def test_beyond_its_requests_a_connection_is_followed_by_another(serve, site, ca):
    server = serve(site, extra="limits: {requests: 2}\n")
    url = f"https://a.example:{server.port}/"
    flags = ["-s", "--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    result = get(*flags, *[url] * 5)
    assert result.code == 0, result.stderr
    assert result.stdout.count(b"<title>a.example") == 5
    entries = server.log(5)
    assert len({e["connection"] for e in entries}) >= 3
    assert {e["status"] for e in entries} == {200}


@pytest.mark.parametrize("held", ["--http2", "--http3-only"])
@pytest.mark.parametrize("other", ["--http2", "--http3-only"])
def test_connections_of_both_kinds_count_as_one_number(serve, big_site, ca, held, other):
    server = serve(big_site, extra="workers: 1\nlimits: {connections: 1}\n")
    client = start_download(server, ca, held)
    flags = ["--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    url = f"https://a.example:{server.port}/file"
    assert get("-s", "-I", "--max-time", "1", other, *flags, url).code != 0
    rest, errors = client.communicate(timeout=60)
    assert client.returncode == 0 and len(rest) + 1 == 40 << 20, errors
    assert get("-s", "-I", "--max-time", "20", other, *flags, url).code == 0


# ---- what is written down


def test_qlog_is_a_file_a_connection(serve, site, ca, tmp_path):
    os.makedirs(tmp_path / "qlog")
    server = serve(site, args=["--qlog", tmp_path / "qlog"])
    for _ in range(2):
        assert get_json(server.port, ca.pem, ["a.example"]).code == 0
    assert server.stop() == 0
    files = os.listdir(tmp_path / "qlog")
    assert len(files) == 2
    assert all(os.path.getsize(tmp_path / "qlog" / name) > 0 for name in files)


@pytest.mark.parametrize("where,said", [("nowhere", "No such file"), ("file", "Not a directory")])
def test_qlog_without_a_directory_is_a_mistake(tmp_path, site, where, said):
    (tmp_path / "file").touch()
    with pytest.raises(AssertionError) as failure:
        Serve(tmp_path / "serve", site, args=["--qlog", tmp_path / where])
    assert f"{where}: {said}" in str(failure.value)


def test_a_missing_qlog_directory_is_named_with_its_line(tmp_path, site):
    expected = f"codicil.yaml:3:7: error: qlog: {tmp_path}/serve/nowhere: No such file or directory"
    with pytest.raises(AssertionError) as failure:
        Serve(tmp_path / "serve", site, extra="qlog: nowhere\n")
    assert expected in str(failure.value)
    full = [program(), "serve", "--check", "-c", tmp_path / "serve/codicil.yaml"]
    done = subprocess.run(full, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and expected in done.stderr


def test_secrets_go_where_sslkeylogfile_says(serve, site, ca, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    server = serve(site)
    monkeypatch.delenv("SSLKEYLOGFILE")
    assert get_json(server.port, ca.pem, ["a.example"]).code == 0
    over_quic = (tmp_path / "keys").read_text()
    assert "CLIENT_TRAFFIC_SECRET_0 " in over_quic and "SERVER_TRAFFIC_SECRET_0 " in over_quic
    flags = ["--http2", "--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    full = [program(), "get", "-s", *flags, f"https://a.example:{server.port}/"]
    assert subprocess.run(full, capture_output=True, timeout=30, check=False).returncode == 0
    both = (tmp_path / "keys").read_text()
    assert both.startswith(over_quic) and both.count("CLIENT_TRAFFIC_SECRET_0 ") == 2


# ---- keys


@pytest.fixture
def odd_site(ca, certs, roots, tmp_path):
    """b.example with a key that GnuTLS 3.7 cannot use, and OpenSSL can."""
    odd = ca.issue(f"odd-{tmp_path.name}", ["b.example"], alg="rsapss-salt20")
    sites = [Site("a.example", certs["a"], roots["a"], secondary=["b.example"])]
    return sites + [Site("b.example", odd, roots["b"])]


def test_a_key_that_quic_cannot_use_leaves_its_site_to_http2(serve, odd_site, ca):
    server = serve(odd_site)
    full = [program(), "serve", "--check", "-c", server.config_path]
    done = subprocess.run(full, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0
    if "warning: HTTP/3 cannot serve this site" not in done.stderr:
        pytest.skip("QUIC's TLS takes every key")
    # By itself it is not to be had, and beside the other it is proven all the same.
    assert get_json(server.port, ca.pem, ["b.example"]).code != 0
    hosts = ["a.example", "b.example"]
    result = get_json(server.port, ca.pem, hosts, "--coalesce-wait", "20000")
    assert [r["status"] for r in result.report["requests"]] == [200, 200]
    assert len(result.report["connections"]) == 1


@over_h2
def test_a_site_that_is_left_to_http2_announces_nothing(serve, odd_site):
    server = serve(odd_site)
    full = [program(), "serve", "--check", "-c", server.config_path]
    done = subprocess.run(full, capture_output=True, text=True, timeout=20, check=False)
    expected = None if "cannot serve" in done.stderr else f'h3=":{server.port}"; ma=86400'
    assert announced(server, f"b.example:{server.port}") == expected
    assert announced(server) == f'h3=":{server.port}"; ma=86400'
