"""Clients that misbehave against `codicil serve`: each ends as it should, the server serves on."""

import pytest
from harness.codicil import Site, bad_call, get_json, scenarios

pytestmark = pytest.mark.http("h2", "h3")

PROTOCOL_ERROR = 0x1
FLOW_CONTROL_ERROR = 0x3
FRAME_SIZE_ERROR = 0x6
COMPRESSION_ERROR = 0x9

H3_NO_ERROR = 0x100
H3_STREAM_CREATION_ERROR = 0x103
H3_CLOSED_CRITICAL_STREAM = 0x104
H3_FRAME_UNEXPECTED = 0x105
H3_FRAME_ERROR = 0x106
H3_EXCESSIVE_LOAD = 0x107
H3_ID_ERROR = 0x108
H3_SETTINGS_ERROR = 0x109
H3_MISSING_SETTINGS = 0x10A
H3_REQUEST_INCOMPLETE = 0x10D
QPACK_DECOMPRESSION_FAILED = 0x200
QPACK_ENCODER_STREAM_ERROR = 0x201
QPACK_DECODER_STREAM_ERROR = 0x202

# What H3_EXCESSIVE_LOAD is told with: one limit must not stand in for another.
CANCELS = "too many streams are cancelled"
ASKS_FOR_NOTHING = "too many frames ask for nothing"
IS_TOO_LARGE = "a field section is too large"
COMES_TOO_SLOWLY = "a field section did not come in time"
TAKES_NOTHING = "the client takes nothing"

# What a client may hold open is short here, so that the tests are.
PATIENCE = """
timeouts: {handshake: 2s, headers: 1s, idle: 2s, write: 1s, linger: 500ms}
"""

# The connection ends, and with this code.
CLOSED = {
    "h2": {
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
    },
    "h3": {
        "setting-2": H3_SETTINGS_ERROR,
        "setting-4294967295": H3_SETTINGS_ERROR,
        "setting-1-and-0-in-a-frame": H3_SETTINGS_ERROR,
        "setting-of-http2": H3_SETTINGS_ERROR,
        "settings-again": H3_FRAME_UNEXPECTED,
        "certificate-frame": H3_FRAME_UNEXPECTED,
        "certificate-frame-without-setting": H3_FRAME_UNEXPECTED,
        "certificate-frame-then-get": H3_FRAME_UNEXPECTED,
        "certificate-frame-empty": H3_FRAME_UNEXPECTED,
        "certificate-frame-on-request-stream": H3_FRAME_UNEXPECTED,
        "certificate-frame-in-body": H3_FRAME_UNEXPECTED,
        "certificate-before-settings": H3_MISSING_SETTINGS,
        "grease-before-settings": H3_MISSING_SETTINGS,
        "ping-of-http2": H3_FRAME_UNEXPECTED,
        "data-on-control-stream": H3_FRAME_UNEXPECTED,
        "data-before-headers": H3_FRAME_UNEXPECTED,
        "push-promise": H3_FRAME_UNEXPECTED,
        "request-ends-in-a-frame": H3_FRAME_ERROR,
        # RFC 9114 says H3_ID_ERROR of these two, and H3_REQUEST_INCOMPLETE of a stream that ends
        # before its HEADERS. nghttp3, which has no pushes, says another word; the end is the same.
        "max-push-id-shrinks": {H3_ID_ERROR, H3_FRAME_ERROR},
        "cancel-push-of-no-promise": {H3_ID_ERROR, H3_FRAME_UNEXPECTED},
        "request-incomplete": {H3_REQUEST_INCOMPLETE, H3_FRAME_UNEXPECTED},
        "control-stream-ended": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-reset": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-stopped": H3_CLOSED_CRITICAL_STREAM,
        "encoder-stream-ended": H3_CLOSED_CRITICAL_STREAM,
        "decoder-stream-reset": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-twice": H3_STREAM_CREATION_ERROR,
        "encoder-stream-twice": H3_STREAM_CREATION_ERROR,
        "push-stream": H3_STREAM_CREATION_ERROR,
        "qpack-garbage": QPACK_DECOMPRESSION_FAILED,
        "qpack-capacity": QPACK_ENCODER_STREAM_ERROR,
        "qpack-increment-0": QPACK_DECODER_STREAM_ERROR,
    },
}
# The connection ends. Its last frame may be lost: octets that the server did not read reset it.
CUT_OFF = {
    "h2": [
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
    ],
    "h3": {  # where QUIC brings the code, octets or not
        "rapid-reset": CANCELS,
        "stop-flood": CANCELS,
        "stop-flood-without-error": CANCELS,
        "reset-flood-without-error": CANCELS,
        "unknown-frame-flood": ASKS_FOR_NOTHING,
        "priority-flood": ASKS_FOR_NOTHING,
        "max-push-id-flood": ASKS_FOR_NOTHING,
        "origin-flood": ASKS_FOR_NOTHING,
        "empty-data-flood": ASKS_FOR_NOTHING,
        "header-bomb": IS_TOO_LARGE,
        "headers-of-512-mib": IS_TOO_LARGE,
        "qpack-bomb": IS_TOO_LARGE,
        "qpack-static-bomb": IS_TOO_LARGE,
        "trailers-bomb": IS_TOO_LARGE,
        "qpack-blocked": QPACK_DECOMPRESSION_FAILED,
        "slow-headers": COMES_TOO_SLOWLY,
        "stalled-window": TAKES_NOTHING,
        "stalled-read": TAKES_NOTHING,
        # Idle; or streams are open and nothing is taken for too long: which comes first varies.
        "streams-held": {H3_NO_ERROR, H3_EXCESSIVE_LOAD},
        "idle": H3_NO_ERROR,
        "no-settings": H3_MISSING_SETTINGS,
    },
}
# The connection lives, or ends: what counts is that the server neither grows nor stops.
EITHER = {
    "h2": [
        "priority-flood",
        "empty-data-flood",
        "hpack-bomb",
        "streams-2000",
        "cut-off",
    ],
    "h3": ["uni-stream-flood", "cut-off"],
}
# An ordinary request on the connection works.
LIVES_BOTH = [
    "get",
    "get-without-setting",
    "get-setting-0",
    "get-with-the-preface",
    "quiet",
    "origin-from-client",
    "settings-32-unknown",
    "writes-of-one-octet",
    "content-length-mismatch",
    "cancelled-bodies",
]
LIVES = {
    "h2": [*LIVES_BOTH, "frames-unknown"],
    "h3": [
        *LIVES_BOTH,
        "grease",
        "push-ids",
        "get-before-settings",
        "settings-an-octet-a-packet",
        "certificate-frame-on-unknown-stream",
        "origin-on-request-stream",
        "key-update",
        "stopped-and-reset",
        "qpack-entry-too-late",
        "qpack-entry-of-trailers-too-late",
    ],
}


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites, extra=PATIENCE)


def call(server, scenario):
    authority = f"a.example:{server.port}"
    return bad_call(scenario, server.port, "--sni", "a.example", "--authority", authority)


def check_code(report, expected):
    if isinstance(expected, str):
        assert (report["code"], report["reason"]) == (H3_EXCESSIVE_LOAD, expected), report
        return
    assert report["code"] in (expected if isinstance(expected, set) else {expected}), report


def check_still_serves(server, ca):
    assert server.is_alive(), server.errors
    result = get_json(server.port, ca.pem, ["a.example", "b.example"])
    assert [r["status"] for r in result.report["requests"]] == [200, 200], result.report


def test_every_scenario_of_the_peer_has_a_test_here(http):
    tables = [table[http.name] for table in (CLOSED, CUT_OFF, EITHER, LIVES)]
    elsewhere = {"get-and-stay", "get-until-refused"}  # test_stop.py, test_serve_block_list.py
    elsewhere |= {"body-without-end"} if http.name == "h3" else set()
    assert {name for table in tables for name in table} | elsewhere == set(scenarios("call"))


@pytest.mark.scenarios(CLOSED)
def test_a_fault_ends_the_connection_with_its_code(server, ca, http, scenario):
    report = call(server, scenario)
    check_code(report, CLOSED[http.name][scenario])
    assert report["closed"], report
    check_still_serves(server, ca)


@pytest.mark.scenarios(CUT_OFF)
def test_abuse_ends_the_connection_and_not_the_server(server, ca, http, scenario):
    before = server.rss()
    report = call(server, scenario)
    assert report["closed"], report
    if http.name == "h3":
        check_code(report, CUT_OFF["h3"][scenario])
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


@pytest.mark.scenarios(EITHER)
def test_nonsense_costs_the_server_little(server, ca, scenario):
    before = server.rss()
    call(server, scenario)
    assert server.rss() - before < 100 << 20
    check_still_serves(server, ca)


@pytest.mark.scenarios(LIVES)
def test_what_is_allowed_is_served(server, ca, http, scenario):
    report = call(server, scenario)
    assert report["code"] is None, report
    assert report["setting"] == 1
    assert report["settings_acks"] >= 1 or http.name == "h3"  # which has no such frame
    statuses = [r["status"] for r in sorted(report["responses"], key=lambda r: r["stream"])]
    if scenario == "quiet":
        assert statuses == []
    else:
        assert statuses[-1] == 200  # after what ended a stream of its own
    check_still_serves(server, ca)


@pytest.mark.http("h3", why="HTTP/2 ends the stream with the response")
def test_a_body_that_is_not_wanted_need_not_end(serve, three_sites):
    server = serve(three_sites)
    report = call(server, "body-without-end")
    assert report["code"] is None, report
    # A line is written when the stream is over, and that was long before the other request.
    assert [e["status"] for e in server.log(2)] == [405, 200]


# ---- what the server sends, judged by the peer's own reading of RFC 9261 -------------------------


def check_authenticators(server, *flags):
    flags = ["--sni", "a.example", "--authority", f"a.example:{server.port}", *flags]
    report = bad_call("get", server.port, "--expect", "2", *flags)
    sent = report["authenticators"]
    assert [a["wrong"] for a in sent] == [None, None], report
    assert [a["names"] for a in sent] == [["b.example"], ["c.example"]]
    assert report["max_certificate_frame"] <= 16384
    assert report["origins"] == [f"https://{n}.example:{server.port}" for n in "abc"]


def test_authenticators_are_right_and_in_the_configured_order(server):
    check_authenticators(server)


@pytest.mark.http("h2", why="QUIC has TLS 1.3 and nothing older")
def test_authenticators_over_tls12_are_right(server):
    check_authenticators(server, "--tls12")


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
    assert report["code"] is None
    assert [r["status"] for r in report["responses"]] == [200]
    check_still_serves(server, ca)


@pytest.mark.http("h2", why="TLS 1.3 has no master secret to extend")
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
