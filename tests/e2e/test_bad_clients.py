"""Clients that misbehave against `codicil serve`: each ends as it should, and the server serves on."""

import pytest
from harness.codicil import Site, bad_call, get_json, scenarios

PROTOCOL_ERROR = 0x1
FLOW_CONTROL_ERROR = 0x3
FRAME_SIZE_ERROR = 0x6
COMPRESSION_ERROR = 0x9
ENHANCE_YOUR_CALM = 0xB

# What a client may hold open is short here, so that the tests are.
PATIENCE = """
timeouts: {handshake: 2s, headers: 1s, idle: 2s, write: 1s, linger: 500ms}
"""

# The connection ends, and with this code.
CLOSED = {
    "setting-2": PROTOCOL_ERROR,
    "setting-4294967295": PROTOCOL_ERROR,
    "setting-0-after-1": PROTOCOL_ERROR,
    "setting-2-after-1": PROTOCOL_ERROR,
    "certificate-frame": PROTOCOL_ERROR,
    "certificate-frame-without-setting": PROTOCOL_ERROR,
    "certificate-frame-then-get": PROTOCOL_ERROR,
    "certificate-frame-empty": PROTOCOL_ERROR,
    "certificate-frame-on-stream-1": PROTOCOL_ERROR,
    "headers-on-stream-0": PROTOCOL_ERROR,
    "headers-on-even-stream": PROTOCOL_ERROR,
    "push-promise": PROTOCOL_ERROR,
    "frame-larger-than-allowed": FRAME_SIZE_ERROR,
    "hpack-garbage": COMPRESSION_ERROR,
    "window-overflow": FLOW_CONTROL_ERROR,
}
# The connection ends. Its last frame may be lost: octets that the server did not read reset it.
CUT_OFF = [
    "rapid-reset",
    "made-you-reset",
    "ping-flood",
    "settings-flood",
    "ping-flood-blind",
    "settings-flood-blind",
    "continuation-flood",
    "header-bomb",
    "slow-headers",
    "stalled-window",
    "stalled-read",
    "idle",
]
# The connection lives, or ends: what counts is that the server neither grows nor stops.
EITHER = ["priority-flood", "empty-data-flood", "hpack-bomb", "streams-2000", "cut-off"]
# An ordinary request on the connection works.
LIVES = [
    "get",
    "get-without-setting",
    "get-setting-0",
    "get-with-the-preface",
    "quiet",
    "origin-from-client",
    "settings-32-unknown",
    "frames-unknown",
    "writes-of-one-octet",
]


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites, extra=PATIENCE)


def call(server, scenario):
    authority = f"a.example:{server.port}"
    return bad_call(scenario, server.port, "--sni", "a.example", "--authority", authority)


def check_still_serves(server, ca):
    assert server.is_alive(), server.errors
    result = get_json(server.port, ca.pem, ["a.example", "b.example"])
    assert [r["status"] for r in result.report["requests"]] == [200, 200], result.report


def test_every_scenario_of_the_peer_has_a_test_here():
    assert {*CLOSED, *CUT_OFF, *EITHER, *LIVES} == set(scenarios("call"))


@pytest.mark.parametrize("scenario", sorted(CLOSED))
def test_a_fault_ends_the_connection_with_its_code(server, ca, scenario):
    report = call(server, scenario)
    assert report["goaway"] == CLOSED[scenario], report
    assert report["closed"], report
    check_still_serves(server, ca)


@pytest.mark.parametrize("scenario", CUT_OFF)
def test_abuse_ends_the_connection_and_not_the_server(server, ca, scenario):
    before = server.rss()
    report = call(server, scenario)
    assert report["closed"], report
    assert server.rss() - before < 100 << 20
    check_still_serves(server, ca)


def test_a_client_that_reads_nothing_of_a_huge_file_costs_little(serve, certs, ca, tmp_path):
    # Its windows are open for gigabytes: what is produced must wait for the socket.
    (tmp_path / "index.html").write_bytes(b"small")
    with open(tmp_path / "large", "wb") as f:
        f.truncate(1 << 33)
    server = serve([Site(f"{n}.example", certs[n], tmp_path) for n in "ab"], extra=PATIENCE)
    before = server.rss()
    assert call(server, "stalled-read")["closed"]
    assert server.rss() - before < 32 << 20
    check_still_serves(server, ca)


@pytest.mark.parametrize("scenario", EITHER)
def test_nonsense_costs_the_server_little(server, ca, scenario):
    before = server.rss()
    call(server, scenario)
    assert server.rss() - before < 100 << 20
    check_still_serves(server, ca)


@pytest.mark.parametrize("scenario", LIVES)
def test_what_is_allowed_is_served(server, ca, scenario):
    report = call(server, scenario)
    assert report["goaway"] is None, report
    assert report["setting"] == 1
    assert report["settings_acks"] >= 1
    statuses = [r["status"] for r in report["responses"]]
    assert statuses == ([] if scenario == "quiet" else [200])
    check_still_serves(server, ca)


# ---- what the server sends, judged by the peer's own reading of RFC 9261 -------------------------


@pytest.mark.parametrize("flags", [[], ["--tls12"]])
def test_authenticators_are_right_and_in_the_configured_order(server, flags):
    flags = ["--sni", "a.example", "--authority", f"a.example:{server.port}", *flags]
    report = bad_call("get", server.port, "--expect", "2", *flags)
    sent = report["authenticators"]
    assert [a["wrong"] for a in sent] == [None, None], report
    assert [a["names"] for a in sent] == [["b.example"], ["c.example"]]
    assert report["max_certificate_frame"] <= 16384
    assert report["origins"] == [f"https://{n}.example:{server.port}" for n in "abc"]


@pytest.mark.parametrize("scenario", ["get-without-setting", "get-setting-0"])
def test_no_certificate_goes_to_a_client_that_did_not_ask(server, scenario):
    report = call(server, scenario)
    assert report["certificate_frames"] == 0
    assert all("a.example" in origin for origin in report["origins"])


def test_with_the_feature_off_a_certificate_frame_is_ignored(serve, three_sites, ca):
    # protocol.md §2: a server that did not send the setting takes it for an unknown frame.
    server = serve(three_sites, extra=PATIENCE, args=["--no-secondary"])
    report = call(server, "get")
    assert report["setting"] is None
    assert report["certificate_frames"] == 0
    report = call(server, "certificate-frame-then-get")
    assert report["goaway"] is None
    assert [r["status"] for r in report["responses"]] == [200]
    check_still_serves(server, ca)


def test_without_extended_master_secret_nothing_is_sent(server, ca):
    # RFC 9261 §5.1: authenticators must not be generated on such a connection.
    flags = ["--tls12", "--no-ems", "--sni", "a.example", "--authority", f"a.example:{server.port}"]
    report = bad_call("get", server.port, *flags)
    assert report["certificate_frames"] == 0
    assert report["responses"][0]["status"] == 200
    check_still_serves(server, ca)


def test_many_abusers_at_once_do_not_starve_others(server, ca):
    held = [call(server, "cut-off") for _ in range(20)]
    assert len(held) == 20
    check_still_serves(server, ca)
