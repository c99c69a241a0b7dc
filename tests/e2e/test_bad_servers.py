"""Servers that misbehave against `codicil get`: each fault has one outcome.

a.example's connection is the one on which the server misbehaves; b.example is fetched as well and
is what the secondary certificate would prove. Whatever happens on the first connection, b.example
must be fetched.
"""

import pytest
from harness.codicil import get_json, scenarios
from harness.pki import days_ago, required_domain

PROTOCOL_ERROR = 0x1
FRAME_SIZE_ERROR = 0x6
ENHANCE_YOUR_CALM = 0xB
SERVER_CERTIFICATE_INVALID = 0xF0CE

# The connection ends, and this code is told to the server.
CLOSED = {
    "setting-2": PROTOCOL_ERROR,
    "setting-4294967295": PROTOCOL_ERROR,
    "setting-0-after-1": PROTOCOL_ERROR,
    "setting-2-after-1": PROTOCOL_ERROR,
    "setting-1-and-0-in-a-frame": PROTOCOL_ERROR,
    "frame-on-stream-1": PROTOCOL_ERROR,
    "empty-frame-on-stream-3": PROTOCOL_ERROR,
    "frame-larger-than-allowed": FRAME_SIZE_ERROR,
    "frames-of-one-octet": ENHANCE_YOUR_CALM,
    "empty-frames-257": ENHANCE_YOUR_CALM,
    "announces-128-kib-and-1": ENHANCE_YOUR_CALM,
    "announces-16-mib": ENHANCE_YOUR_CALM,
    "announces-too-much-in-verify": ENHANCE_YOUR_CALM,
    "certificates-11": ENHANCE_YOUR_CALM,
    "origin-1100": ENHANCE_YOUR_CALM,
    "garbage": SERVER_CERTIFICATE_INVALID,
    "octets-after-finished": SERVER_CERTIFICATE_INVALID,
    "two-authenticators-in-one-payload": SERVER_CERTIFICATE_INVALID,
    "restarted-in-the-middle": SERVER_CERTIFICATE_INVALID,
    "replayed-octet-for-octet": SERVER_CERTIFICATE_INVALID,
    "context-reused": SERVER_CERTIFICATE_INVALID,
}

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
CLOSED.update({name: SERVER_CERTIFICATE_INVALID for name in FORGED})

# The connection lives, the certificate is accepted, and b.example coalesces.
COALESCED = [
    "valid",
    "valid-in-pieces",
    "setting-1-again",
    "settings-32-unknown",
    "frame-with-all-flags",
    "empty-frames-between",
    "interleaved-with-other-frames",
    "context-of-one-octet",
    "context-of-255-octets",
    "origin-lists",
    "origin-flag-1",
    "origin-flag-8",
    "origin-on-stream-1",
]

# The connection lives, and b.example goes elsewhere for this reason.
APART = {
    "quiet": {"not-covered", "waited"},
    "setting-absent": {"no-support"},
    "setting-absent-garbage-frame": {"no-support"},
    "setting-0": {"no-support"},
    "truncated": {"waited", "not-covered"},
    # Where the set is there before the certificate, the name is not covered and is not waited for.
    "origin-flag-16": {"origin-set", "not-covered"},
    "origin-restricts": {"origin-set", "not-covered"},
    "origin-empty": {"origin-set", "not-covered"},
    "origin-entries-bad": {"origin-set", "not-covered"},
}

# Cases with tests of their own below.
ELSEWHERE = {"authenticators-65", "of-another-connection", "scheme-rsa-pkcs1", "origin-entry-cut"}


def fetch(server, ca, *args):
    return get_json(server.port, ca.pem, ["a.example", "b.example"], *args)


def test_every_scenario_of_the_peer_has_a_test_here():
    named = {*CLOSED, *COALESCED, *APART, *ELSEWHERE}
    assert named == set(scenarios("serve"))


def check_b_is_fetched(result):
    """b.example's response came, whatever the server did elsewhere."""
    request = result.request("b.example")
    assert request["status"] == 200, result.report
    return request


@pytest.mark.parametrize("scenario", sorted(CLOSED))
def test_a_fault_ends_the_connection_with_its_code(bad_server, ca, scenario):
    server = bad_server(scenario)
    result = fetch(server, ca)
    report = server.misbehaved()
    assert report["goaway"] == CLOSED[scenario], (report, result.report, result.stderr)
    closed = [c["closed"] for c in result.report["connections"] if c["closed"]]
    assert CLOSED[scenario] in [c["code"] for c in closed], result.report
    assert all(c["name"] and c["reason"] for c in closed), closed
    if CLOSED[scenario] == SERVER_CERTIFICATE_INVALID:
        assert result.report["connections"][0]["negotiated"], result.report
    request = check_b_is_fetched(result)
    assert not request["coalesced"], request
    cut_off = result.request("a.example")
    if CLOSED[scenario] == SERVER_CERTIFICATE_INVALID:
        # It may be a middlebox's doing: the request is idempotent and is made again (§3).
        assert (cut_off["status"], result.code) == (200, 0), result.report
    else:
        assert cut_off["status"] is None and cut_off["error"], result.report
        assert result.code == 16  # curl's CURLE_HTTP2


@pytest.mark.parametrize("scenario", COALESCED)
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


@pytest.mark.parametrize("scenario", sorted(APART))
def test_the_connection_lives_and_the_reason_is_told(bad_server, ca, scenario):
    server = bad_server(scenario)
    result = fetch(server, ca)
    assert result.code == 0, result.stderr
    request = check_b_is_fetched(result)
    assert not request["coalesced"]
    assert request["reason"] in APART[scenario], result.report
    assert result.request("a.example")["status"] == 200
    first = result.connection_of("a.example")
    assert first["closed"] is None or first["closed"]["code"] == 0
    assert server.misbehaved()["goaway"] in (None, 0)


def test_pkcs1_is_refused_for_an_rsa_certificate(bad_server, ca):
    rsa = ca.issue("rsa-b", ["b.example"], alg="rsa2048")
    server = bad_server("scheme-rsa-pkcs1", secondary=rsa)
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["goaway"] == SERVER_CERTIFICATE_INVALID


@pytest.mark.parametrize("alg", ["p384", "p521", "rsa2048", "ed25519", "ed448"])
def test_every_kind_of_key_is_accepted(bad_server, ca, alg):
    certificate = ca.issue(f"kind-{alg}", ["b.example"], alg=alg)
    server = bad_server("valid", secondary=certificate)
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.request("b.example")["reason"] == "secondary", result.report


@pytest.mark.parametrize("alg", ["p384", "rsa2048", "ed25519"])
def test_a_wrong_signature_of_every_kind_of_key_is_refused(bad_server, ca, alg):
    certificate = ca.issue(f"wrong-{alg}", ["b.example"], alg=alg)
    server = bad_server("signature-bit-flipped", secondary=certificate)
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["goaway"] == SERVER_CERTIFICATE_INVALID


def test_an_authenticator_of_another_connection_is_refused(bad_server, ca):
    server = bad_server("of-another-connection", "--times", "2")
    fetch(server, ca)  # the first connection: the server keeps what it made for it
    assert server.misbehaved()["goaway"] in (None, 0)
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["goaway"] == SERVER_CERTIFICATE_INVALID


def test_beyond_64_authenticators_are_skipped_and_the_limit_is_told(bad_server, ca):
    server = bad_server("authenticators-65")
    result = fetch(server, ca, "--coalesce-wait", "25000")  # which nothing is worth waiting for
    assert result.code == 0, result.stderr
    first = result.connection_of("a.example")
    assert first["closed"] is None or first["closed"]["code"] == 0
    assert (len(first["certificates"]), first["skipped"]) == (64, 1)
    request = check_b_is_fetched(result)
    assert not request["coalesced"]
    assert request["certificate_reason"] == "limit", request


def test_an_origin_entry_that_is_cut_ends_the_connection_or_is_ignored(bad_server, ca):
    server = bad_server("origin-entry-cut")
    check_b_is_fetched(fetch(server, ca))
    assert server.misbehaved()["goaway"] in (None, 0, PROTOCOL_ERROR, FRAME_SIZE_ERROR)


@pytest.mark.parametrize("scenario", ["valid", "garbage", "signature-bit-flipped", "setting-0"])
def test_with_the_feature_off_frames_are_ignored(bad_server, ca, scenario):
    server = bad_server(scenario)
    result = fetch(server, ca, "--no-secondary")
    assert result.code == 0, result.stderr
    assert [r["status"] for r in result.report["requests"]] == [200, 200]
    assert result.connection_of("a.example")["ignored"] == 1
    report = server.misbehaved()
    assert report["setting"] in (None, 0)
    assert report["goaway"] in (None, 0)
    assert len(result.report["connections"]) == 2


@pytest.mark.parametrize("scenario", ["setting-2", "settings-32-unknown", "setting-0"])
def test_settings_are_acknowledged(bad_server, ca, scenario):
    # "The SETTINGS acknowledgement skipped when the setting's value was unexpected": a value that
    # is an error needs none, every other one does.
    server = bad_server(scenario)
    fetch(server, ca)
    report = server.misbehaved()
    assert report["settings_acks"] >= 1 or report["goaway"] == PROTOCOL_ERROR


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
    assert label == "required-domain"
    return ca.issue(label, ["b.example"], extensions=[required_domain("a.example")])


@pytest.mark.parametrize(
    "reason",
    ["expired", "not-yet-valid", "untrusted", "purpose", "staple-missing", "required-domain"],
)
def test_a_certificate_that_is_not_wanted_closes_nothing(bad_server, ca, other_ca, reason):
    server = bad_server("valid", secondary=unwanted(reason, ca, other_ca))
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.request("a.example")["status"] == 200
    first = result.connection_of("a.example")
    assert first["closed"] is None or first["closed"]["code"] == 0
    (certificate,) = first["certificates"]
    assert (certificate["decision"], certificate["reason"]) == ("rejected", reason)
    request = result.request("b.example")
    assert not request["coalesced"]
    assert request["reason"] == "certificate", request
    assert server.misbehaved()["goaway"] in (None, 0)


def test_421_is_retried_once_on_a_connection_of_its_own(bad_server, ca):
    server = bad_server("valid", "--misdirect")
    result = fetch(server, ca, "--coalesce-wait", "3000")
    assert result.code == 0, result.stderr
    request = check_b_is_fetched(result)
    assert not request["coalesced"]
    assert request["reason"] == "misdirected"
    assert len(result.report["connections"]) == 2
