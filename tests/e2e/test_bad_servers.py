"""Servers that misbehave against `codicil get`: each fault has one outcome.

a.example's connection is the one on which the server misbehaves; b.example is fetched as well and
is what the secondary certificate would prove. Whatever happens on the first connection, b.example
must be fetched.
"""

import pytest
from harness.codicil import get_json, scenarios
from harness.pki import days_ago, required_domain

pytestmark = pytest.mark.http("h2", "h3")

PROTOCOL_ERROR = 0x1
FRAME_SIZE_ERROR = 0x6
ENHANCE_YOUR_CALM = 0xB

H3_STREAM_CREATION_ERROR = 0x103
H3_CLOSED_CRITICAL_STREAM = 0x104
H3_FRAME_UNEXPECTED = 0x105
H3_FRAME_ERROR = 0x106
H3_EXCESSIVE_LOAD = 0x107
H3_ID_ERROR = 0x108
H3_SETTINGS_ERROR = 0x109
H3_MISSING_SETTINGS = 0x10A
QPACK_DECOMPRESSION_FAILED = 0x200
QPACK_ENCODER_STREAM_ERROR = 0x201
QPACK_DECODER_STREAM_ERROR = 0x202

# The same fault, and its code by version.
EXCESS = {"h2": ENHANCE_YOUR_CALM, "h3": H3_EXCESSIVE_LOAD}
INVALID = {"h2": 0xF0CE, "h3": 0x2CE5E440}  # INVALID[http.name]
CONNECTION_FAILED = {"h2": 16, "h3": 95}  # curl's CURLE_HTTP2 and CURLE_HTTP3, as exit codes
BAD_SETTING = {"h2": PROTOCOL_ERROR, "h3": H3_SETTINGS_ERROR}
WRONG_STREAM = {"h2": PROTOCOL_ERROR, "h3": H3_FRAME_UNEXPECTED}

# The connection ends, and this code is told to the server.
CLOSED_BOTH = {
    "setting-2": BAD_SETTING,
    "setting-4294967295": BAD_SETTING,
    "setting-1-and-0-in-a-frame": BAD_SETTING,
    "frames-of-one-octet": EXCESS,
    "empty-frames-257": EXCESS,
    "announces-128-kib-and-1": EXCESS,
    "announces-16-mib": EXCESS,
    "announces-too-much-in-verify": EXCESS,
    "certificates-11": EXCESS,
    "origin-1100": EXCESS,
    "garbage": INVALID,
    "octets-after-finished": INVALID,
    "two-authenticators-in-one-payload": INVALID,
    "restarted-in-the-middle": INVALID,
    "replayed-octet-for-octet": INVALID,
    "context-reused": INVALID,
}
CLOSED_ONLY = {
    "h2": {
        "setting-0-after-1": PROTOCOL_ERROR,
        "setting-2-after-1": PROTOCOL_ERROR,
        "frame-on-stream-1": PROTOCOL_ERROR,
        "empty-frame-on-stream-3": PROTOCOL_ERROR,
        "frame-larger-than-allowed": FRAME_SIZE_ERROR,
    },
    "h3": {
        "setting-of-http2": H3_SETTINGS_ERROR,
        "settings-again": H3_FRAME_UNEXPECTED,
        "certificate-before-settings": H3_MISSING_SETTINGS,
        "origin-before-settings": H3_MISSING_SETTINGS,
        "grease-before-settings": H3_MISSING_SETTINGS,
        "frame-on-request-stream": H3_FRAME_UNEXPECTED,
        "empty-frame-on-request-stream": H3_FRAME_UNEXPECTED,
        "frame-header-on-request-stream": H3_FRAME_UNEXPECTED,
        "frame-on-request-stream-before-its-settings": H3_FRAME_UNEXPECTED,
        "frame-after-headers": H3_FRAME_UNEXPECTED,
        "frame-in-response": H3_FRAME_UNEXPECTED,
        "frame-after-data": H3_FRAME_UNEXPECTED,
        "frame-of-128-kib-and-1": H3_EXCESSIVE_LOAD,
        "frame-of-2-to-62": H3_EXCESSIVE_LOAD,
        "origin-of-2-to-62": H3_EXCESSIVE_LOAD,
        "control-stream-ended": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-ended-in-a-frame": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-reset": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-stopped": H3_CLOSED_CRITICAL_STREAM,
        "encoder-stream-ended": H3_CLOSED_CRITICAL_STREAM,
        "encoder-stream-reset": H3_CLOSED_CRITICAL_STREAM,
        "decoder-stream-ended": H3_CLOSED_CRITICAL_STREAM,
        "decoder-stream-reset": H3_CLOSED_CRITICAL_STREAM,
        "control-stream-twice": H3_STREAM_CREATION_ERROR,
        "encoder-stream-twice": H3_STREAM_CREATION_ERROR,
        "decoder-stream-twice": H3_STREAM_CREATION_ERROR,
        "priority-of-http2": H3_FRAME_UNEXPECTED,
        "ping-of-http2": H3_FRAME_UNEXPECTED,
        "ping-of-http2-in-response": H3_FRAME_UNEXPECTED,
        "data-on-control-stream": H3_FRAME_UNEXPECTED,
        "headers-on-control-stream": H3_FRAME_UNEXPECTED,
        "max-push-id": H3_FRAME_UNEXPECTED,
        "goaway-of-no-request": H3_ID_ERROR,
        "goaway-too-long": H3_FRAME_ERROR,
        "goaway-of-1000-octets": H3_FRAME_ERROR,
        "qpack-garbage": QPACK_DECOMPRESSION_FAILED,
        "qpack-dynamic-reference": QPACK_DECOMPRESSION_FAILED,
        "qpack-capacity": QPACK_ENCODER_STREAM_ERROR,
        "qpack-increment-0": QPACK_DECODER_STREAM_ERROR,
        "data-before-headers": H3_FRAME_UNEXPECTED,
        "response-ends-in-a-frame": H3_FRAME_ERROR,
    },
}

# Of these the response has begun when the fault comes, or may even be there.
IN_RESPONSE = {"frame-after-headers", "frame-in-response", "frame-after-data"}
IN_RESPONSE |= {"response-ends-in-a-frame"}
AFTER_RESPONSE = {"control-stream-stopped"}

# What a forged authenticator is, where it is not simply invalid.
FORGED_ACCEPTED = {"valid"}
FORGED = [
    "signature-bit-flipped",
    "finished-bit-flipped",
    "finished-one-octet-short",
    "finished-one-octet-long",
    "finished-empty",
    "finished-over-raw-transcript",
    "finished-key-expanded-like-tls",
    "labels-of-the-client-role",
    "transcript-in-the-other-hash",
    "handshake-context-left-out",
    "certificate-hashed-without-its-header",
    "context-string-of-tls-certificate-verify",
    "signed-content-without-padding",
    "signed-with-another-key",
    "scheme-not-offered",
    "scheme-ecdsa-sha1",
    "scheme-ecdsa-sha224-offered-but-not-of-tls13",
    "scheme-of-another-curve",
    "scheme-unknown",
    "context-empty",
    "certificate-list-empty",
    "certificate-of-no-octets",
    "certificate-not-der",
    "entry-extension-unoffered",
    "entry-extension-signature-algorithms",
    "entry-extension-twice",
    "entry-extensions-cut",
    "entry-status-request-malformed",
    "trailing-octets-in-certificate",
    "trailing-octets-in-certificate-verify",
    "certificate-list-longer-than-message",
    "certificate-verify-first",
    "certificate-verify-left-out",
    "first-message-of-another-type",
    "certificate-request-instead",
    "lone-finished",
]
CLOSED_BOTH.update({name: INVALID for name in FORGED})
CLOSED = {
    version: {**{name: code[version] for name, code in CLOSED_BOTH.items()}, **only}
    for version, only in CLOSED_ONLY.items()
}

# The connection lives, the certificate is accepted, and b.example coalesces.
COALESCED_BOTH = [
    "valid",
    "valid-in-pieces",
    "settings-32-unknown",
    "empty-frames-between",
    "interleaved-with-other-frames",
    "context-of-one-octet",
    "context-of-255-octets",
    "origin-lists",
    "certificate-after-headers",
    "certificate-after-response",
]
COALESCED = {
    "h2": [
        *COALESCED_BOTH,
        "setting-1-again",
        "frame-with-all-flags",
        "origin-flag-1",
        "origin-flag-8",
        "origin-on-stream-1",
    ],
    "h3": [
        *COALESCED_BOTH,
        "settings-an-octet-a-packet",
        "frame-on-unknown-stream",
        "valid-in-one-frame",
        "valid-an-octet-a-packet",
        "grease",
        "grease-in-response",
        "origin-on-request-stream",
        "key-update",
    ],
}

# The connection lives, and b.example goes elsewhere for this reason.
APART_BOTH = {
    "quiet": {"not-covered", "waited"},
    "setting-absent": {"no-support"},
    "setting-absent-garbage-frame": {"no-support"},
    "setting-0": {"no-support"},
    "truncated": {"waited", "not-covered"},
    # Where the set is there before the certificate, the name is not covered and is not waited for.
    "origin-restricts": {"origin-set", "not-covered"},
    "origin-empty": {"origin-set", "not-covered"},
    "origin-entries-bad": {"origin-set", "not-covered"},
}
APART = {
    "h2": {**APART_BOTH, "origin-flag-16": {"origin-set", "not-covered"}},
    "h3": APART_BOTH,
}

# The request for a.example ends with an error, and the connection lives.
STREAM_FAILS = ["response-reset", "response-cut", "response-without-status"]
# The server has not touched the request for a.example, and says so.
MADE_AGAIN = ["response-rejected", "goaway-of-the-request"]

# Cases with tests of their own below.
ELSEWHERE_BOTH = ["authenticators-65", "of-another-connection", "scheme-rsa-pkcs1"]
ELSEWHERE_BOTH += ["origin-entry-cut"]
ELSEWHERE = {
    "h2": ELSEWHERE_BOTH,
    "h3": [
        *ELSEWHERE_BOTH,
        "setting-without-a-value",
        "frame-on-push-stream",
        "frames-unknown-20000",
        "response-headers-2-mb",
        "goaway-alone",
        "goaway-grows",
        "push-promise",
        "cancel-push-of-no-promise",
        "request-stream-stopped",
        "request-stream-stopped-with-an-error",
    ],
}


def fetch(server, ca, *args):
    return get_json(server.port, ca.pem, ["a.example", "b.example"], *args)


def test_every_scenario_of_the_peer_has_a_test_here(http):
    named = {name for t in (CLOSED, COALESCED, APART, ELSEWHERE) for name in t[http.name]}
    assert named | {*STREAM_FAILS, *MADE_AGAIN} == set(scenarios("serve"))


def check_b_is_fetched(result):
    """b.example's response came, whatever the server did elsewhere."""
    request = result.request("b.example")
    assert request["status"] == 200, result.report
    return request


@pytest.mark.scenarios(CLOSED)
def test_a_fault_ends_the_connection_with_its_code(bad_server, ca, http, scenario):
    code = CLOSED[http.name][scenario]
    server = bad_server(scenario)
    result = fetch(server, ca)
    report = server.misbehaved()
    assert report["code"] == code, (report, result.report, result.stderr)
    closed = [c["closed"] for c in result.report["connections"] if c["closed"]]
    assert code in [c["code"] for c in closed], result.report
    assert all(c["name"] and c["reason"] for c in closed), closed
    is_invalid = code == INVALID[http.name]
    if is_invalid:
        assert result.report["connections"][0]["negotiated"], result.report
    request = check_b_is_fetched(result)
    assert not request["coalesced"], request
    cut_off = result.request("a.example")
    if is_invalid:
        # It may be a middlebox's doing: the request is idempotent and is made again (§3).
        assert (cut_off["status"], result.code) == (200, 0), result.report
    elif scenario not in AFTER_RESPONSE:
        assert cut_off["status"] is None or scenario in IN_RESPONSE, result.report
        assert cut_off["error"], result.report
        assert result.code == CONNECTION_FAILED[http.name]


@pytest.mark.http("h3", why="HTTP/2 has no such push IDs and GOAWAYs")
@pytest.mark.parametrize("scenario", ["push-promise", "cancel-push-of-no-promise", "goaway-grows"])
def test_an_id_that_may_not_be_ends_the_connection(bad_server, ca, scenario):
    # RFC 9114 says H3_ID_ERROR; nghttp3, which has no pushes, takes them for unexpected frames.
    server = bad_server(scenario)
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] in (H3_ID_ERROR, H3_FRAME_UNEXPECTED)


@pytest.mark.scenarios(COALESCED)
def test_what_is_allowed_is_accepted(bad_server, ca, scenario):
    server = bad_server(scenario)
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.code == 0, result.stderr
    request = check_b_is_fetched(result)
    assert request["reason"] == "secondary", result.report
    assert request["coalesced"]
    (connection,) = result.report["connections"]
    assert connection["negotiated"]
    (certificate,) = connection["certificates"]
    assert certificate["decision"] == "accepted"
    assert certificate["names"] == ["b.example"]


@pytest.mark.scenarios(APART)
def test_the_connection_lives_and_the_reason_is_told(bad_server, ca, http, scenario):
    server = bad_server(scenario)
    result = fetch(server, ca)
    assert result.code == 0, result.stderr
    request = check_b_is_fetched(result)
    assert not request["coalesced"]
    assert request["reason"] in APART[http.name][scenario], result.report
    assert (request["reason"] == "origin-set") == ("Origin Set" in request["sentence"]), request
    assert result.request("a.example")["status"] == 200
    first = result.connection_of("a.example")
    assert first["closed"] is None or http.is_peace(first["closed"]["code"])
    assert http.is_peace(server.misbehaved()["code"])


def test_pkcs1_is_refused_for_an_rsa_certificate(bad_server, ca, http):
    rsa = ca.issue("rsa-b", ["b.example"], alg="rsa2048")
    server = bad_server("scheme-rsa-pkcs1", secondary=rsa)
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] == INVALID[http.name]


@pytest.mark.parametrize("alg", ["p384", "p521", "rsa2048", "ed25519", "ed448"])
def test_every_kind_of_key_is_accepted(bad_server, ca, alg):
    certificate = ca.issue(f"kind-{alg}", ["b.example"], alg=alg)
    server = bad_server("valid", secondary=certificate)
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.request("b.example")["reason"] == "secondary", result.report


@pytest.mark.parametrize("alg", ["p384", "rsa2048", "ed25519"])
def test_a_wrong_signature_of_every_kind_of_key_is_refused(bad_server, ca, alg, http):
    certificate = ca.issue(f"wrong-{alg}", ["b.example"], alg=alg)
    server = bad_server("signature-bit-flipped", secondary=certificate)
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] == INVALID[http.name]


def test_an_authenticator_of_another_connection_is_refused(bad_server, ca, http):
    server = bad_server("of-another-connection", "--times", "2")
    fetch(server, ca)  # the first connection: the server keeps what it made for it
    assert http.is_peace(server.misbehaved()["code"])
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] == INVALID[http.name]


def test_beyond_64_authenticators_are_skipped_and_the_limit_is_told(bad_server, ca, http):
    server = bad_server("authenticators-65")
    result = fetch(server, ca, "--coalesce-wait", "25000")  # which nothing is worth waiting for
    assert result.code == 0, result.stderr
    first = result.connection_of("a.example")
    assert first["closed"] is None or http.is_peace(first["closed"]["code"])
    assert (len(first["certificates"]), first["skipped"]) == (64, 1)
    request = check_b_is_fetched(result)
    assert not request["coalesced"]
    assert request["certificate_reason"] == "limit", request


def test_an_origin_entry_that_is_cut_ends_the_connection_or_is_ignored(bad_server, ca, http):
    server = bad_server("origin-entry-cut")
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] in {
        "h2": (None, 0, PROTOCOL_ERROR, FRAME_SIZE_ERROR),
        "h3": (None, 0x100, H3_FRAME_ERROR),
    }[http.name]


# RFC 6066 §3
@pytest.mark.parametrize("host, sni", [("127.0.0.1", ""), ("a.example", "a.example")])
def test_a_name_is_sent_as_server_name_and_an_address_is_not(bad_server, ca, host, sni):
    server = bad_server("valid")
    get_json(server.port, ca.pem, [host], "--insecure")
    assert server.misbehaved()["sni"] == sni


FRAMES = ["valid", "garbage", "signature-bit-flipped", "setting-0"]


@pytest.mark.scenarios({"h2": FRAMES, "h3": [*FRAMES, "frame-in-response"]})
def test_with_the_feature_off_frames_are_ignored(bad_server, ca, scenario, http):
    server = bad_server(scenario)
    result = fetch(server, ca, "--no-secondary")
    assert result.code == 0, result.stderr
    assert [r["status"] for r in result.report["requests"]] == [200, 200]
    assert result.connection_of("a.example")["ignored"] == 1
    report = server.misbehaved()
    assert report["setting"] in (None, 0)
    assert http.is_peace(report["code"])
    assert len(result.report["connections"]) == 2


@pytest.mark.http("h2", why="HTTP/3 acknowledges no SETTINGS")
@pytest.mark.parametrize("scenario", ["setting-2", "settings-32-unknown", "setting-0"])
def test_settings_are_acknowledged(bad_server, ca, scenario):
    # "The SETTINGS acknowledgement skipped when the setting's value was unexpected": a value that
    # is an error needs none, every other one does.
    server = bad_server(scenario)
    fetch(server, ca)
    report = server.misbehaved()
    assert report["settings_acks"] >= 1 or report["code"] == PROTOCOL_ERROR


def test_after_two_failures_the_setting_is_no_longer_offered(bad_server, ca):
    # A middlebox that ends TLS makes every authenticator fail: protocol.md §3.
    server = bad_server("finished-bit-flipped", "--times", "100")
    result = get_json(server.port, ca.pem, ["a.example"])
    assert result.request("a.example")["status"] == 200, result.report
    offers = [server.misbehaved()["setting"] for _ in range(3)]
    assert offers == [1, 1, None]


# ---- certificates that are genuine and not wanted: no errors (protocol §5) -------------------


def unwanted(label, ca, other_ca):
    """A certificate for b.example that a client does not want, for the reason in its label."""
    if label == "expired":
        return ca.issue(label, ["b.example"], start=days_ago(20), end=days_ago(10))
    if label == "not-yet-valid":
        return ca.issue(label, ["b.example"], start=days_ago(-10), end=days_ago(-20))
    if label == "untrusted":
        return other_ca.issue(label, ["b.example"])
    if label == "purpose":
        return ca.issue(label, ["b.example"], eku="clientAuth")
    if label == "staple-missing":
        return ca.issue(label, ["b.example"], extensions=["tlsfeature = status_request"])
    assert label == "required-domain-invalid"
    return ca.issue(label, ["b.example"], extensions=[required_domain("a.example.")])


@pytest.mark.parametrize(
    "reason",
    [
        "expired", "not-yet-valid", "untrusted", "purpose", "staple-missing",
        "required-domain-invalid",
    ],
)
def test_a_certificate_that_is_not_wanted_closes_nothing(bad_server, ca, other_ca, reason, http):
    server = bad_server("valid", secondary=unwanted(reason, ca, other_ca))
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.request("a.example")["status"] == 200
    first = result.connection_of("a.example")
    assert first["closed"] is None or http.is_peace(first["closed"]["code"])
    (certificate,) = first["certificates"]
    assert (certificate["decision"], certificate["reason"]) == ("rejected", reason)
    request = result.request("b.example")
    assert not request["coalesced"]
    assert request["reason"] == "certificate", request
    assert http.is_peace(server.misbehaved()["code"])


def test_421_is_retried_once_on_a_connection_of_its_own(bad_server, ca):
    server = bad_server("valid", "--misdirect")
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.code == 0, result.stderr
    request = check_b_is_fetched(result)
    assert not request["coalesced"]
    assert request["reason"] == "misdirected"
    assert len(result.report["connections"]) == 2


@pytest.mark.parametrize("scenario", STREAM_FAILS)
def test_a_response_that_fails_takes_no_other_with_it(bad_server, ca, http, scenario):
    server = bad_server(scenario)
    result = fetch(server, ca)
    check_b_is_fetched(result)
    failed = result.request("a.example")
    assert failed["error"], failed
    assert result.code != 0
    assert http.is_peace(server.misbehaved()["code"])


@pytest.mark.parametrize("scenario", MADE_AGAIN)
def test_a_request_that_was_not_touched_is_made_again(bad_server, ca, scenario):
    result = fetch(bad_server(scenario), ca)
    assert result.code == 0, result.stderr
    assert [r["status"] for r in result.report["requests"]] == [200, 200], result.report


# ---- HTTP/3 alone --------------------------------------------------------------------------------


@pytest.mark.http("h3", why="nghttp2 ends such streams by itself")
def test_a_request_that_goaway_excludes_is_made_again_whatever_its_method(bad_server, ca):
    server = bad_server("goaway-alone")
    result = get_json(server.port, ca.pem, ["a.example"], "-d", "data")
    assert result.code == 0, result.stderr
    assert result.request("a.example")["status"] == 200
    assert len(result.report["connections"]) == 2


@pytest.mark.http("h3", why="HTTP/2 has no such stream")
def test_a_certificate_on_a_push_stream_ends_the_connection(bad_server, ca):
    # No push stream may come at all: no push ID was ever allowed.
    server = bad_server("frame-on-push-stream")
    check_b_is_fetched(fetch(server, ca))
    codes = (H3_FRAME_UNEXPECTED, H3_ID_ERROR, H3_STREAM_CREATION_ERROR)
    assert server.misbehaved()["code"] in codes


@pytest.mark.http("h3", why="HTTP/2's SETTINGS have a size of their own")
def test_a_setting_without_a_value_ends_the_connection(bad_server, ca):
    server = bad_server("setting-without-a-value")
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] in (H3_FRAME_ERROR, H3_SETTINGS_ERROR)


@pytest.mark.http("h3", why="control frames without end are tested over HTTP/2 from the client")
def test_frames_without_end_are_ignored_or_too_many(bad_server, ca):
    server = bad_server("frames-unknown-20000")
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["code"] in (None, 0x100, H3_EXCESSIVE_LOAD)


@pytest.mark.http("h3", why="of HTTP/2, the library limits it")
def test_fields_without_end_cost_the_request(bad_server, ca):
    result = fetch(bad_server("response-headers-2-mb"), ca)
    check_b_is_fetched(result)
    assert result.request("a.example")["error"], result.report
    assert result.code != 0


@pytest.mark.http("h3", why="HTTP/2 has no half of a stream to stop")
def test_a_request_that_the_server_reads_no_more_is_still_answered(bad_server, ca):
    result = fetch(bad_server("request-stream-stopped"), ca, "--coalesce-wait", "3000")
    assert result.code == 0, result.stderr
    assert [r["status"] for r in result.report["requests"]] == [200, 200], result.report


@pytest.mark.http("h3", why="HTTP/2 has no half of a stream to stop")
@pytest.mark.parametrize("scenario", ["request-stream-stopped", "request-stream-stopped-with-an-error"])
def test_a_response_that_is_whole_counts_whatever_became_of_the_upload(bad_server, ca, tmp_path, scenario):
    (tmp_path / "body").write_bytes(b"x" * (4 << 20))
    result = get_json(bad_server(scenario).port, ca.pem, ["a.example"], "--data-binary", f"@{tmp_path}/body")
    assert result.code == 0, result.stderr
    assert [(r["status"], r["size"]) for r in result.report["requests"]] == [(200, 3)]


@pytest.mark.http("h3", why="a frame of HTTP/2 holds 16,384 octets")
def test_a_certificate_larger_than_16384_octets_comes_in_one_frame(bad_server, ca):
    names = [f"{'x' * 60}{i:03d}.example" for i in range(280)]
    server = bad_server("valid-in-one-frame", secondary=ca.issue("huge", ["b.example", *names]))
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.request("b.example")["reason"] == "secondary", result.report
    (certificate,) = result.connection_of("a.example")["certificates"]
    assert (certificate["frames"], certificate["octets"] > 16384) == (1, True)
