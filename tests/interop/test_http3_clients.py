"""gtlsclient (ngtcp2), libcurl and quic-go against `codicil serve` over HTTP/3."""

import json
import os
import re

import pytest
from conftest import H3_SETTING, curl_get, need, quic_go, run, sha256

LARGE = b"0123456789abcdef" * 65536


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites)


class Transfer:
    """What gtlsclient did: `log` tells every packet and frame."""

    def __init__(self, server, directory, *flags, urls=("/large",), host="a.example"):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        fixed = ["--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close"]
        fixed += [f"--download={directory}", f"--sni={host}", "--timeout=20s"]
        full = [f"https://{host}:{server.port}{url}" for url in urls]
        done = run(need("gtlsclient"), *fixed, *flags, "127.0.0.1", server.port, *full)
        self.log = done.stderr + done.stdout
        assert done.returncode == 0, self.log[-4000:]
        assert "Sanitizer" not in self.log

    def has(self, pattern):
        return re.search(pattern, self.log) is not None

    def is_whole(self, name="large"):
        with open(f"{self.directory}/{name}", "rb") as file:
            return file.read() == LARGE


@pytest.fixture
def transfer(server, tmp_path):
    def start(*flags, **more):
        return Transfer(server, tmp_path / "got", *flags, **more)

    return start


def test_gtlsclient_downloads_unharmed(server, transfer):
    done = transfer()
    assert done.is_whole()
    assert done.has("Negotiated ALPN is h3")
    (entry,) = server.log(1)
    assert entry["protocol"] == "HTTP/3.0" and entry["status"] == 200


def test_gtlsclient_downloads_over_a_lossy_link(serve, three_sites, tmp_path):
    server = serve(three_sites, extra="timeouts: {drain: 300ms}\n")
    assert Transfer(server, tmp_path / "got", "--tx-loss=0.1", "--rx-loss=0.1").is_whole()
    # The client's last packets may be lost as well: then an acknowledgement is awaited in vain.
    assert server.stop() in (0, 3)


@pytest.mark.parametrize("flags", [
    ["--max-stream-data-bidi-local=4K"],
    ["--max-data=16K"],
    ["--max-stream-data-uni=1K"],  # our control stream may not send all at once
    ["--max-udp-payload-size=1200", "--no-pmtud"],
    ["--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305"],
    ["--ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM"],
    ["--scid="],
], ids=lambda flags: flags[0].lstrip("-").split(":")[0])
def test_gtlsclient_downloads_in_spite_of(transfer, flags):
    assert transfer(*flags).is_whole()


def test_gtlsclient_asks_for_much_at_once(server, transfer):
    done = transfer("--nstreams=200", urls=["/"])
    assert len(server.log(200)) == 200
    assert len({entry["connection"] for entry in server.log()}) == 1
    assert len(re.findall(r"\[:status: 200\]", done.log)) == 200


def test_gtlsclient_updates_keys(transfer):
    # The request goes out after the update, so all of the response is under new keys.
    done = transfer("--key-update=5ms", "--delay-stream=30ms")
    assert done.has("key update confirmed") and done.is_whole()


@pytest.mark.parametrize("flags", [[], ["--nat-rebinding"]], ids=["migration", "rebinding"])
def test_gtlsclient_moves(server, transfer, flags):
    done = transfer("--change-local-addr=5ms", "--delay-stream=30ms", *flags)
    assert done.has("Changing local address") and done.is_whole()
    # Where the client moved by itself, or seems to have, its new address is asked to answer.
    assert done.has(r"frm rx \d+ 1RTT PATH_CHALLENGE")
    assert len({port for port in re.findall(r"local=\[127.0.0.1\]:(\d+)", done.log)}) == 2
    assert len(server.log(1)) == 1


def test_gtlsclient_is_told_our_versions(server, tmp_path):
    done = Transfer(server, tmp_path / "got", "--version=0x1a2a3a4a")
    assert done.has("type=VN") and done.has("ERR_RECV_VERSION_NEGOTIATION")
    assert not server.log()


def test_gtlsclient_proves_its_address(serve, three_sites, tmp_path):
    server = serve(three_sites, extra="limits: {handshakes: 0}\n")
    done = Transfer(server, tmp_path / "got")
    assert done.has("type=Retry") and done.is_whole()


def test_without_load_nobody_has_to_prove_its_address(transfer):
    assert not transfer().has("type=Retry")


def resume(server, tmp_path):
    """Two connections, the second with the first's ticket: what the second did."""
    files = [f"--session-file={tmp_path}/session", f"--tp-file={tmp_path}/parameters"]
    Transfer(server, tmp_path / "got", "--wait-for-ticket", *files, urls=["/"])
    return Transfer(server, tmp_path / "got", *files)


def test_early_data_is_off(server, tmp_path):
    # gtlsclient sends it whatever the ticket says, is refused, and asks again.
    done = resume(server, tmp_path)
    assert done.has("Early data was rejected by server") and done.is_whole()
    assert len(server.log(2)) == 2


def test_early_data_is_taken_where_it_is_on(serve, three_sites, tmp_path):
    server = serve(three_sites, extra="early-data: on\n")
    done = resume(server, tmp_path)
    assert done.has("pkt tx .*type=0RTT") and done.is_whole()
    assert not done.has("Early data was rejected by server")


def test_curl_fetches_on_one_connection(server, ca):
    results = curl_get(server.port, ca, ["/large", "/", "/nothing"], http="3only")
    assert [r["code"] for r in results] == [0, 0, 0]
    assert [r["status"] for r in results] == [200, 200, 404]
    assert {r["http"] for r in results} == {30}
    assert [r["connects"] for r in results] == [1, 0, 0]
    assert results[0]["sha256"] == sha256(LARGE)


def test_curl_follows_our_alternative_service(server, ca, tmp_path):
    cache = tmp_path / "alt-svc"
    for version in (3, 30):  # HTTP/2, then what the cache says
        (result,) = curl_get(server.port, ca, ["/"], http="3" if version == 30 else "2",
                             alt_svc=str(cache))
        assert (result["code"], result["status"], result["http"]) == (0, 200, version)
    assert f"h3 a.example {server.port}" in cache.read_text()


def test_curl_refuses_another_authority(server, other_ca):
    (result,) = curl_get(server.port, other_ca, ["/"], http="3only")
    assert result["code"] == 60 or result["code"] == 7, result
    assert not server.log()


@pytest.mark.parametrize("value", [None, 1])
def test_quic_go_is_told_the_setting_and_minds_no_frame(server, ca, value):
    """With value 1 it says that it can take certificates, and so is sent two."""
    setting = H3_SETTING if value is None else f"{H3_SETTING}={value}"
    urls = [f"https://a.example:{server.port}{path}" for path in ("/", "/large", "/nothing", "/")]
    done = run(quic_go("client"), ca.pem, f"127.0.0.1:{server.port}", setting, *urls)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["Setting"] == 1
    assert sorted(r["Status"] for r in said["Responses"]) == [200, 200, 200, 404]
    assert sha256(LARGE) in {r["Sha256"] for r in said["Responses"]}


def test_quic_go_fetches_much_at_once(server, ca):
    urls = [f"https://a.example:{server.port}/large?{i}" for i in range(100)]
    done = run(quic_go("client"), ca.pem, f"127.0.0.1:{server.port}", f"{H3_SETTING}=1", *urls)
    assert done.returncode == 0, done.stderr
    assert {r["Sha256"] for r in json.loads(done.stdout)["Responses"]} == {sha256(LARGE)}
