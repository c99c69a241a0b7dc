"""`codicil get` over HTTP/3 from gtlsserver (ngtcp2) and quic-go, which know nothing of us."""

import socket

import pytest
from conftest import H3_SETTING, need, quic_go
from harness.codicil import get_json
from harness.process import Process, wait_until


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_bound(port):
    """Tells whether somebody has the UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@pytest.fixture
def start():
    """Starts a server; all are stopped after the test."""
    started = []

    def run(*args):
        started.append(Process(args))
        return started[-1]

    yield run
    for server in started:
        server.stop()


@pytest.fixture
def gtlsserver(start, certs, roots):
    def run(*flags):
        port = free_udp_port()
        fixed = ["--quiet", f"--htdocs={roots['a']}", *flags]
        start(need("gtlsserver"), *fixed, "127.0.0.1", port, certs["a"].key, certs["a"].pem)
        wait_until(lambda: is_bound(port), what="gtlsserver on its port")
        return port

    return run


def fetch(port, ca, *flags, host="a.example", path="/large"):
    return get_json(port, ca.pem, [host], "--http3-only", *flags, path=path)


def is_whole(result):
    """Tells whether the large file came over HTTP/3, without secondary certificates."""
    assert result.code == 0, (result.stderr, result.stdout)
    assert result.request("a.example")["status"] == 200
    connection = result.connection_of("a.example")
    assert connection["protocol"] == "h3" and not connection["negotiated"]
    return result.request("a.example")["size"] == 1 << 20


@pytest.mark.parametrize("flags", [
    [],
    ["--tx-loss=0.1", "--rx-loss=0.1"],
    ["--validate-addr"],  # Retry
    ["--max-stream-data-uni=256"],
    ["--max-udp-payload-size=1200", "--no-pmtud"],
    ["--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM"],
    ["--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305"],
    ["--groups=-GROUP-ALL:+GROUP-SECP384R1"],  # HelloRetryRequest, or the share is P-384's
    ["--send-trailers"],
], ids=lambda flags: flags[0].lstrip("-").split("=")[0] if flags else "plain")
def test_get_fetches_from_gtlsserver(gtlsserver, ca, flags):
    assert is_whole(fetch(gtlsserver(*flags), ca))


def test_get_follows_gtlsserver_to_its_preferred_address(gtlsserver, ca):
    other = free_udp_port()
    port = gtlsserver(f"--preferred-ipv4-addr=127.0.0.1:{other}")
    assert is_whole(fetch(port, ca))


def test_get_refuses_gtlsserver_for_another_name(gtlsserver, ca):
    result = fetch(gtlsserver(), ca, host="b.example")
    assert result.code != 0
    assert result.request("b.example")["status"] is None


def test_get_refuses_gtlsserver_of_another_authority(gtlsserver, other_ca):
    assert fetch(gtlsserver(), other_ca).code != 0


def test_get_says_that_nobody_is_there(ca):
    result = fetch(free_udp_port(), ca, "--connect-timeout", "2")
    assert result.code != 0


@pytest.mark.parametrize("value", [None, 1])
def test_get_fetches_from_quic_go_and_offers_the_setting(start, certs, roots, ca, value):
    """With value 1 quic-go says that it has certificates, and then sends none."""
    setting = H3_SETTING if value is None else f"{H3_SETTING}={value}"
    server = start(quic_go("server"), certs["a"].pem, certs["a"].key, roots["a"], setting)
    port = int(server.wait_line("ready ").split()[1])
    result = fetch(port, ca)
    assert result.code == 0, (result.stderr, result.stdout)
    assert result.request("a.example")["size"] == 1 << 20
    connection = result.connection_of("a.example")
    assert connection["protocol"] == "h3" and connection["negotiated"] == (value == 1)
    assert server.wait_line("setting ") == "setting 1"


def test_get_does_not_offer_the_setting_with_no_secondary(start, certs, roots, ca):
    server = start(quic_go("server"), certs["a"].pem, certs["a"].key, roots["a"], H3_SETTING)
    port = int(server.wait_line("ready ").split()[1])
    assert fetch(port, ca, "--no-secondary").code == 0
    assert server.wait_line("setting ") == "setting none"
