"""`codicil get` and the choice of HTTP's version: --http3, --http3-only, --alt-svc."""

import os
import re
import select
import signal
import socket
import ssl
import stat
import struct
import subprocess
import threading
import time

import pytest
from harness.codicil import Site, get, get_json, program
from harness.http import why_not_http3

needs_http3 = pytest.mark.skipif(bool(why_not_http3()), reason=why_not_http3() or "-")


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites)


@pytest.fixture
def tcp_server(serve, three_sites):
    """A server with nobody on the UDP port."""
    return serve(three_sites, extra="http3: false\n" if not why_not_http3() else "")


@pytest.fixture
def black_hole(tcp_server):
    """The same with a UDP socket that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", tcp_server.port))
        yield tcp_server


def flags_of(server, ca, hosts=("a.example",)):
    flags = ["--cacert", ca.pem, "--max-time", "30"]
    for host in hosts:
        flags += ["--resolve", f"{host}:{server.port}:127.0.0.1"]
    return flags


def protocols(result):
    return [c["protocol"] for c in result.report["connections"]]


def without_measures(request):
    return {k: v for k, v in request.items() if k != "timings"}


# ---- which version ------------------------------------------------------------------------------


@needs_http3
@pytest.mark.parametrize("flag", ["--http3", "--http3-only"])
def test_http3_is_used_where_it_is_asked_for(server, ca, flag):
    result = get_json(server.port, ca.pem, ["a.example"], flag)
    assert result.code == 0, result.stderr
    assert protocols(result) == ["h3"]
    assert result.request("a.example")["reason"] == "own-origin"


@pytest.mark.parametrize("flags", [[], ["--http2"]])
def test_http2_is_used_else(server, ca, flags):
    assert protocols(get_json(server.port, ca.pem, ["a.example"], *flags)) == ["h2"]


@needs_http3
def test_of_several_flags_the_last_one_counts(server, ca):
    assert protocols(get_json(server.port, ca.pem, ["a.example"], "--http2", "--http3-only")) == ["h3"]
    assert protocols(get_json(server.port, ca.pem, ["a.example"], "--http3-only", "--http2")) == ["h2"]


@needs_http3
def test_http3_falls_back_at_once_where_nobody_listens(tcp_server, ca):
    result = get_json(tcp_server.port, ca.pem, ["a.example"], "--http3")
    assert result.code == 0, result.stderr
    assert protocols(result) == ["h2"]
    assert result.request("a.example")["timings"]["time_connect"] < 0.2


@needs_http3
def test_http3_falls_back_where_nobody_answers(black_hole, ca):
    result = get_json(black_hole.port, ca.pem, ["a.example", "b.example"], "--http3")
    assert result.code == 0, result.stderr
    assert protocols(result) == ["h2"]
    assert result.request("a.example")["timings"]["time_connect"] >= 0.2


@needs_http3
def test_http3_only_has_no_fallback(tcp_server, ca):
    result = get_json(tcp_server.port, ca.pem, ["a.example"], "--http3-only")
    assert result.code == 7, result.stderr
    assert "QUIC" in result.stderr
    assert protocols(result) == ["h3"]


@needs_http3
@pytest.mark.parametrize("limit", ["--connect-timeout", "--max-time"])
def test_http3_only_gives_up_in_time(black_hole, ca, limit):
    begin = time.monotonic()
    result = get(*flags_of(black_hole, ca), "--http3-only", limit, "0.5", f"https://a.example:{black_hole.port}/")
    assert result.code == 28, result.stderr
    assert time.monotonic() - begin < 10


@needs_http3
def test_w_tells_the_version(server, ca):
    text = "%{http_version} %{num_connects} %{remote_port}"
    result = get(*flags_of(server, ca), "--http3", "-s", "-o", os.devnull, "-w", text, f"https://a.example:{server.port}/")
    assert result.stdout.decode() == f"3 1 {server.port}"


@pytest.mark.parametrize("flag", ["--http3", "--http3-only"])
def test_a_build_without_http3_says_so(flag):
    said = subprocess.run([program(), "--version"], check=True, capture_output=True, text=True)
    is_without = "without HTTP/3" in said.stdout
    result = get(flag, "https://nothing.invalid/")
    expected = (2, "built without HTTP/3") if is_without else (6, "could not resolve host")
    assert result.code == expected[0]
    assert expected[1] in result.stderr


class LateUdp(threading.Thread):
    """A port whose TCP says nothing, and whose UDP leads to a server once TCP was tried."""

    def __init__(self):
        super().__init__(daemon=True)
        self.tcp, self.client = socket.create_server(("127.0.0.1", 0)), None
        self.port = self.tcp.getsockname()[1]
        self.udp, self.onward = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
        self.udp.bind(("127.0.0.1", self.port))

    def lead_to(self, port):
        self.onward.connect(("127.0.0.1", port))
        self.start()

    def run(self):
        held = [self.tcp.accept()]
        while held:
            for ready in select.select([self.udp, self.onward], [], [])[0]:
                octets, sender = ready.recvfrom(65536)
                if ready is self.udp:
                    self.client = sender
                    self.onward.send(octets)
                else:
                    self.udp.sendto(octets, self.client)


@needs_http3
def test_quic_that_is_late_may_still_win(serve, three_sites, ca):
    between = LateUdp()
    server = serve(three_sites, extra=f"public-port: {between.port}\n")
    between.lead_to(server.port)
    result = get_json(between.port, ca.pem, ["a.example"], "--http3")
    assert result.code == 0, result.stderr
    assert protocols(result) == ["h3"]
    assert result.request("a.example")["timings"]["time_connect"] >= 0.2


# ---- the same over both -------------------------------------------------------------------------


@needs_http3
@pytest.mark.parametrize("host", ["a.example", "other.example"])
def test_a_bad_certificate_is_told_in_the_same_words(server, other_ca, ca, host):
    anchors = other_ca if host == "a.example" else ca
    said = []
    for flag in ("--http2", "--http3-only", "--http3"):
        result = get(*flags_of(server, anchors, [host]), "-sS", flag, f"https://{host}:{server.port}/")
        assert (result.code, result.stdout) == (60, b"")
        said.append(result.stderr)
    assert said[0] == said[1] == said[2]


@needs_http3
def test_k_goes_on_with_a_bad_certificate(server, other_ca):
    flags = ["-k", "--http3-only"]
    result = get_json(server.port, other_ca.pem, ["a.example", "b.example"], *flags)
    assert result.code == 0, result.stderr
    assert not any(r["coalesced"] for r in result.report["requests"])


@needs_http3
def test_the_report_of_three_sites_is_the_same(server, ca):
    hosts = ["a.example", "b.example", "c.example"]
    reports = [
        get_json(server.port, ca.pem, hosts, "--coalesce-wait", "3000", flag).report
        for flag in ("--http2", "--http3-only")
    ]
    rows = [[without_measures(r) for r in report["requests"]] for report in reports]
    assert rows[0] == rows[1]
    varies = ("protocol", "octets", "certificates")
    h2, h3 = ({k: v for k, v in r["connections"][0].items() if k not in varies} for r in reports)
    assert h2 == h3


@needs_http3
def test_an_early_answer_to_an_upload_is_an_answer(server, ca, tmp_path):
    (tmp_path / "body").write_bytes(b"x" * (4 << 20))
    flags = ["--http3-only", "-s", "-o", os.devnull, "-w", "%{http_code}", "--data-binary", f"@{tmp_path}/body"]
    result = get(*flags_of(server, ca), *flags, f"https://a.example:{server.port}/")
    assert (result.code, result.stdout) == (0, b"405"), result.stderr


@needs_http3
def test_a_reader_that_is_slow_gets_everything(server, ca):
    full = [program(), "get", "-s", "--http3-only", *map(str, flags_of(server, ca))]
    full += [f"https://a.example:{server.port}/large"] + [f"https://a.example:{server.port}/"] * 10
    with subprocess.Popen(full, stdout=subprocess.PIPE) as client:
        assert client.stdout.read(1) == b"0"
        server.log(5)  # the first body waits for its reader, and others come meanwhile
        assert 1 + len(client.stdout.read()) > 1 << 20
        assert client.wait(30) == 0


@needs_http3
def test_a_request_in_flight_survives_goaway(serve, certs, roots, ca):
    server = serve([Site("a.example", certs["a"], roots["a"])])
    full = [program(), "get", "-sS", "--http3-only", *map(str, flags_of(server, ca))]
    full += [f"https://a.example:{server.port}/large"] * 8
    with subprocess.Popen(full, stdout=subprocess.PIPE) as client:
        assert client.stdout.read(1) == b"0"
        server.child.send_signal(signal.SIGTERM)
        assert 1 + len(client.stdout.read()) == 8 << 20
        assert client.wait(30) == 0


@needs_http3
def test_qlog_writes_a_file_for_each_connection(server, ca, tmp_path):
    (logs := tmp_path / "qlog").mkdir()
    result = get_json(server.port, ca.pem, ["a.example"], "--http3-only", "--qlog", logs)
    assert result.code == 0, result.stderr
    (name,) = os.listdir(logs)
    assert (logs / name).read_bytes().startswith(b"\x1e{")


@needs_http3
def test_qlog_needs_a_directory(tmp_path):
    result = get("--http3", "--qlog", tmp_path / "none", "https://a.example/")
    assert result.code == 2
    assert f"--qlog: {tmp_path}/none: No such file or directory" in result.stderr


# ---- Alternative Services -----------------------------------------------------------------------


def run_alt_svc(server, ca, path, *args, num=1):
    """Fetches / `num` times, one after the other, with a cache."""
    urls = f"https://a.example:{server.port}/\n"
    urls += "".join(f"https://a.example:{server.port}/?{i} after={i}\n" for i in range(1, num))
    (file := path.parent / "urls").write_text(urls)
    flags = ["--json", "--alt-svc", path, "--urls-from", file]
    result = get(*flags_of(server, ca), *flags, *args)
    assert result.code == 0, result.stderr
    return result


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "alt-svc"


@needs_http3
def test_an_alternative_service_is_used_in_the_next_run(server, ca, cache):
    assert protocols(run_alt_svc(server, ca, cache)) == ["h2"]
    line = cache.read_text().splitlines()[-1]
    host = f"a.example {server.port}"
    assert re.fullmatch(rf'h2 {host} h3 {host} "\d{{8}} \d\d:\d\d:\d\d" 0 0', line), line
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    result = run_alt_svc(server, ca, cache)
    assert protocols(result) == ["h3"]
    assert result.request("a.example")["reason"] == "alt-svc"


@needs_http3
def test_an_alternative_service_is_used_in_the_same_run(server, ca, cache):
    result = run_alt_svc(server, ca, cache, num=3)
    assert protocols(result) == ["h2", "h3"]
    first, second, third = result.report["requests"]
    assert [r["connection"] for r in (first, second, third)] == [0, 1, 1]
    assert (first["reason"], second["reason"]) == ("own-origin", "alt-svc")


@needs_http3
def test_sites_meet_on_an_alternative_service(server, ca, cache):
    hosts = ["a.example", "b.example", "c.example"]
    flags = ["--alt-svc", cache, "--coalesce-wait", "3000"]
    assert protocols(get_json(server.port, ca.pem, hosts, *flags)) == ["h2"]
    assert len(cache.read_text().split(" h3 ")) == 1 + len(hosts)
    result = get_json(server.port, ca.pem, hosts, *flags)
    assert protocols(result) == ["h3"]
    reasons = [result.request(host)["reason"] for host in hosts]
    assert reasons == ["alt-svc", "secondary", "secondary"]


@needs_http3
def test_a_cache_without_a_name_is_kept_in_memory(server, ca, tmp_path):
    result = get(
        *flags_of(server, ca), "--json", "--alt-svc", "", f"https://a.example:{server.port}/"
    )
    assert result.code == 0, result.stderr
    assert os.listdir(tmp_path) == ["serve0"]


@needs_http3
@pytest.mark.parametrize("num", [1, 3])
def test_while_an_alternative_service_does_not_answer_requests_go_on(black_hole, ca, cache, num):
    place = f"a.example {black_hole.port}"
    cache.write_text(f'h2 {place} h3 {place} "20990101 00:00:00" 0 0\n')
    result = run_alt_svc(black_hole, ca, cache, num=num)
    assert protocols(result) == ["h2"]
    assert {r["status"] for r in result.report["requests"]} == {200}


@needs_http3
def test_an_alternative_service_that_is_gone_is_tried_once(tcp_server, ca, cache):
    place = f"a.example {tcp_server.port}"
    cache.write_text(f'h2 {place} h3 {place} "20990101 00:00:00" 0 0\n')
    result = run_alt_svc(tcp_server, ca, cache, num=3)
    assert protocols(result) == ["h2"]


@needs_http3
def test_http2_alone_does_not_use_it(server, ca, cache):
    run_alt_svc(server, ca, cache)
    assert protocols(run_alt_svc(server, ca, cache, "--http2")) == ["h2"]


@needs_http3
def test_connect_to_comes_before_it(server, ca, cache):
    cache.write_text('h2 a.example 443 h3 a.example 1 "20990101 00:00:00" 0 0\n')
    flags = ["--cacert", ca.pem, "--json", "--alt-svc", cache]
    there = f"a.example:443:127.0.0.1:{server.port}"
    result = get(*flags, "--connect-to", there, "-v", "https://a.example/")
    assert result.code == 0, result.stderr
    assert protocols(result) == ["h2"]
    assert "QUIC" not in result.stderr


@needs_http3
def test_what_was_said_without_authority_is_not_kept(server, other_ca, cache):
    flags = ["-k", "--alt-svc", cache, "-o", os.devnull]
    result = get(*flags_of(server, other_ca), *flags, f"https://a.example:{server.port}/")
    assert result.code == 0, result.stderr
    assert "h3" not in cache.read_text()


def test_bad_lines_of_a_cache_are_shown_and_dropped(server, ca, cache):
    cache.write_text("nonsense\n")
    flags = ["-v", "-o", os.devnull, "--alt-svc", cache]
    result = get(*flags_of(server, ca), *flags, f"https://a.example:{server.port}/")
    assert result.code == 0, result.stderr
    assert f"{cache}:1: not an Alternative Service" in result.stderr
    assert "nonsense" not in cache.read_text()


class Announcing(threading.Thread):
    """A server over HTTP/2 whose responses have these fields: of each header section a list."""

    def __init__(self, certificate, *sections):
        super().__init__(daemon=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate.pem, certificate.key)
        self.tls.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sections = sections
        self.start()

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return struct.pack(">IBI", len(payload) << 8 | kind, flags, stream) + payload

    @staticmethod
    def literal(name, value):
        return bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()

    def run(self):
        while True:
            with self.tls.wrap_socket(self.listener.accept()[0], server_side=True) as client:
                self.serve(client, client.makefile("rb"))

    def serve(self, client, read):
        client.sendall(self.frame(4, 0, 0))
        read.read(24)  # the preface
        while len(head := read.read(9)) == 9:
            size, flags, stream = struct.unpack(">IBI", head)
            read.read(size >> 8)
            if size & 0xFF == 4 and not flags & 1:
                client.sendall(self.frame(4, 1, 0))
            elif size & 0xFF == 1:
                for i, fields in enumerate(self.sections):
                    end = 5 if i == len(self.sections) - 1 else 4
                    block = b"".join(self.literal(*field) for field in fields)
                    client.sendall(self.frame(1, end, stream, block))


OK = (":status", "200")


def cached_after(ca, cache, certificate, *sections, before=""):
    """What the cache has of a server whose responses have these header sections."""
    server = Announcing(certificate, *sections)
    cache.write_text(before.replace("PORT", str(server.port)))
    flags = ["--http2", "--alt-svc", cache, "-o", os.devnull]
    result = get(*flags_of(server, ca), *flags, f"https://a.example:{server.port}/")
    assert result.code == 0, result.stderr
    lines = [line for line in cache.read_text().splitlines() if not line.startswith("#")]
    return [line.replace(str(server.port), "PORT") for line in lines]


LONG = '"20990101 00:00:00" 0 0\n'


def test_clear_makes_what_was_known_void(ca, certs, cache):
    before = f"h2 a.example PORT h3 a.example PORT {LONG}h2 b.example PORT h3 b.example PORT {LONG}"
    left = cached_after(ca, cache, certs["a"], [OK, ("alt-svc", "clear")], before=before)
    assert [line.split()[1] for line in left] == ["b.example"]


def test_what_a_421_says_is_not_kept(ca, certs, cache):
    assert not cached_after(ca, cache, certs["a"], [(":status", "421"), ("alt-svc", 'h3=":1"')])


def test_several_fields_are_one_list(ca, certs, cache):
    said = [("alt-svc", 'h3=":1"'), ("alt-svc", 'h3=":2", h2=":3"')]
    left = cached_after(ca, cache, certs["a"], [OK, *said])
    assert [line.split()[3:6:2] for line in left] == [["h3", "1"], ["h3", "2"], ["h2", "3"]]


def test_the_age_of_an_interim_response_is_not_that_of_the_response(ca, certs, cache):
    interim = [(":status", "103"), ("age", "1000"), ("alt-svc", 'h3=":1"')]
    left = cached_after(ca, cache, certs["a"], interim, [OK, ("alt-svc", 'h3=":2"; ma=900')])
    assert [line.split()[5] for line in left] == ["2"]


@needs_http3
def test_an_alternative_service_that_answers_421_is_forgotten(tcp_server, serve, three_sites, ca, cache):
    other = serve(three_sites)  # it does not serve a.example at another port than its own
    place = f"a.example {tcp_server.port}"
    kept = f"h2 {place} h2 a.example {other.port} {LONG}"
    cache.write_text(f"h2 {place} h3 a.example {other.port} {LONG}{kept}")
    result = run_alt_svc(tcp_server, ca, cache)
    assert protocols(result) == ["h3", "h2"]
    assert result.request("a.example")["status"] == 200
    assert cache.read_text().splitlines(True)[2:] == [kept]


@needs_http3
def test_a_host_that_is_gone_is_not_tried_again_and_again(ca, cache):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    cache.write_text(f"h2 a.example {port} h3 a.example {port} {LONG}")
    flags = ["--cacert", ca.pem, "--resolve", f"a.example:{port}:127.0.0.1", "--json"]
    result = get(*flags, "--alt-svc", cache, f"https://a.example:{port}/")
    assert result.code == 7, result.stderr
    assert len(result.report["connections"]) <= 2
