"""`codicil cert show` and `codicil cert lint`: certificates told in words, and what is wrong with
them. The certificates are made by the openssl program, hostile ones octet by octet."""

import datetime
import json
import os
import subprocess

import pytest
from harness.codicil import program
from harness.pki import Authority, days_ago, openssl, required_domain


def cert(*args, text=None, cwd=None):
    full = [program(), "cert", *map(str, args)]
    return subprocess.run(full, input=text, capture_output=True, cwd=cwd, check=False)


def show(*args, **more):
    done = cert("show", *args, "--json", **more)
    return done, json.loads(done.stdout)


def lint(*args, **more):
    """Exit code and the set of (severity, id); of what concerns all certificates here nothing."""
    done = cert("lint", "--json", *args, **more)
    found = json.loads(done.stdout)
    everywhere = {("warning", "common-name")}  # the harness names certificates by their label
    return done.returncode, {(f["severity"], f["id"]) for f in found["findings"]} - everywhere


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki") / "ca")


@pytest.fixture(scope="module")
def inter(ca, tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki") / "inter", "Inter CA", issuer=ca)


# ---- show ---------------------------------------------------------------------------------------


def test_every_field_is_told(ca):
    made = ca.issue("full", ["www.site.example", "*.site.example", "192.0.2.7"], extensions=[
        "keyUsage = critical, digitalSignature",
        "authorityInfoAccess = OCSP;URI:http://ocsp.example, caIssuers;URI:http://ca.example/ca",
        "crlDistributionPoints = URI:http://crl.example/ca.crl",
        "tlsfeature = status_request",
    ])
    done, (said,) = show(made.leaf)
    assert done.returncode == 0
    assert said["subject"] == "CN=full" and said["issuer"] == "CN=Test CA"
    assert said["names"] == ["www.site.example", "*.site.example", "192.0.2.7"]
    assert said["validity"] == "expires in 29 days" or said["validity"] == "expires in 30 days"
    assert said["key"] == {"type": "EC", "bits": 256, "group": "prime256v1"}
    assert said["signature"] == "ecdsa-with-SHA256"
    assert said["key_usage"] == ["digitalSignature"]
    assert said["extended_key_usage"] == ["serverAuth"]
    assert said["basic_constraints"] == {"ca": False, "path_length": None}
    assert said["ocsp"] == ["uri:http://ocsp.example"]
    assert said["ca_issuers"] == ["uri:http://ca.example/ca"]
    assert said["crl"] == ["uri:http://crl.example/ca.crl"]
    assert said["must_staple"] is True
    assert said["sha256"] == made.sha256()
    spki = openssl("x509", "-in", made.leaf, "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "DER", text=spki)
    assert said["spki_sha256"] == openssl("dgst", "-sha256", "-r", text=der).split()[0].decode()
    serial = openssl("x509", "-in", made.leaf, "-noout", "-serial").decode().strip().split("=")[1]
    assert said["serial"].lstrip("0") == serial.lower().lstrip("0")
    assert said["block_list"][0] == f"spki {said['spki_sha256']}"
    assert said["block_list"][1].endswith(f" {said['serial']}")


def test_embedded_timestamps_are_told(ca):
    sct = bytes([0]) + b"\xab" * 32 + (1_700_000_000_123).to_bytes(8, "big") + b"\0\0\4\3\0\2xx"
    other = bytes([7]) + b"of another version"
    each = b"".join(len(x).to_bytes(2, "big") + x for x in (sct, other))
    content = len(each).to_bytes(2, "big") + each
    octets = bytes([4, len(content)]) + content
    line = "1.3.6.1.4.1.11129.2.4.2 = DER:" + octets.hex(":")
    leaf = ca.issue("scts", ["a.example"], extensions=[line]).leaf
    _, (said,) = show(leaf)
    assert said["scts"] == [
        {"version": 1, "log_id": "ab" * 32, "time": "2023-11-14T22:13:20Z"},
        {"version": 8, "log_id": None, "time": None},
    ]
    assert b"2023-11-14T22:13:20Z, log abab" in cert("show", leaf).stdout


def test_name_constraints_and_a_ca(ca, tmp_path):
    limited = Authority(tmp_path / "limited", "Limited", issuer=ca, extensions=[
        "nameConstraints = permitted;DNS:site.example, excluded;IP:192.0.2.0/255.255.255.0"])
    _, (said,) = show(limited.pem)
    assert said["basic_constraints"]["ca"] is True
    assert said["name_constraints"] == {"permitted": ["dns:site.example"],
                                        "excluded": ["ip:192.0.2.0/255.255.255.0"]}
    assert "Required Domain" not in cert("show", limited.pem).stdout.decode()


def test_required_domain_is_told_in_words(ca):
    def meaning(*names):
        made = ca.issue("rd" + "".join(n.strip("*").replace(".", "") for n in names),
                        ["shared.cdn.example"], extensions=[required_domain(*names)])
        return show(made.leaf)[1][0]["required_domain"]

    one = meaning("glue.cdn.example")
    assert one["meaning"] == ("usable only on connections that are authoritative for "
                              "glue.cdn.example")
    assert one["state"] == "valid" and one["names"] == ["glue.cdn.example"]
    two = meaning("a.example", "*.b.example")
    assert two["meaning"].endswith("for a.example or a name directly below b.example")
    assert "any name at all (*), which clients refuse" in meaning("*")["meaning"]
    assert "clients refuse it, as a wildcard spans" in meaning("*.co.uk", "a.example")["meaning"]
    bad = meaning("bad..example")
    assert bad["state"] == "invalid" and "does not parse" in bad["meaning"]
    assert show(ca.issue("plain", ["a.example"]).leaf)[1][0]["required_domain"]["state"] == "absent"


def test_chains_der_directories_and_standard_input(inter, tmp_path):
    made = inter.issue("chain", ["a.example"])
    _, chain = show(made.pem)
    assert [each["index"] for each in chain] == [1, 2]
    assert chain[1]["subject"] == "CN=Inter CA"
    der = openssl("x509", "-in", made.leaf, "-outform", "DER")
    (tmp_path / "one.der").write_bytes(der)
    (tmp_path / "two.crt").write_bytes(open(made.pem, "rb").read())
    (tmp_path / "not.txt").write_bytes(b"nothing")
    (tmp_path / "key.pem").write_bytes(open(made.key, "rb").read())
    _, listed = show(tmp_path)
    assert [each["file"].rsplit("/", 1)[1] for each in listed] == ["one.der", "two.crt", "two.crt"]
    for text in (der, open(made.leaf, "rb").read()):
        done, (said,) = show("-", text=text)
        assert done.returncode == 0 and said["file"] == "-" and said["names"] == ["a.example"]


def test_what_is_no_certificate_is_named(ca, tmp_path):
    made = ca.issue("cut", ["a.example"])
    pem = open(made.leaf, "rb").read().decode()
    body = pem.split("-----")[2]
    broken = {
        "base64": pem.replace(body, "\n####\n"),
        "cut": pem[:-30],
        "short": pem.replace(body, "\n" + body.strip()[:64] + "\n"),
        "long": pem.replace(body, "\n" + "A" * 3_000_000 + "\n"),
        "other": pem.replace("END CERTIFICATE", "END PRIVATE KEY"),
    }
    for name, text in broken.items():
        path = tmp_path / f"{name}.pem"
        path.write_text(f"{text}\n{pem}")  # the next one is told all the same
        done, said = show(path)
        assert done.returncode == 1, name
        assert "error" in said[0] and said[-1].get("names") == ["a.example"], (name, said)
    for path in (made.key, tmp_path / "nowhere"):
        done = cert("show", path)
        assert done.returncode == 1 and str(path) in done.stderr.decode()


def with_subject(ca, tmp_path, label, subject, san="DNS:a.example"):
    """A certificate with any octets in its subject and names."""
    key, pem = tmp_path / f"{label}.key", tmp_path / f"{label}.pem"
    config = tmp_path / f"{label}.cnf"
    config.write_text("[req]\ndistinguished_name=dn\nx509_extensions=v3\nprompt=no\n"
                      f"[dn]\nCN=x\n[v3]\nsubjectAltName={san}\n")
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    openssl("req", "-x509", "-new", "-config", config, "-key", key, "-out", pem, "-utf8",
            "-subj", subject, "-days", "10")
    return pem


def test_no_certificate_talks_to_the_terminal(ca, tmp_path):
    pem = with_subject(ca, tmp_path, "hostile", "/CN=\x1b[2J\x07evil\u202ename\\\\/O=a\x7fb",
                       "DNS:a\x1b[31m.example,email:x\x1b]0;@example")
    for args in (["show"], ["show", "--json"], ["lint"], ["lint", "--json"]):
        done = cert(*args, pem)
        said = done.stdout + done.stderr
        assert all(32 <= octet < 127 or octet == 10 for octet in said), (args, said)
    assert b"1B" in cert("show", pem).stdout and b"\\x1b[31m" in cert("show", pem).stdout


def test_a_thousand_names_are_told_and_too_many_refused(ca, tmp_path):
    def made(num):
        return with_subject(ca, tmp_path, f"many{num}", "/CN=x",
                            ",".join(f"DNS:n{i}.example" for i in range(num)))

    _, (said,) = show(made(1000))
    assert len(said["names"]) == 1000
    done, (said,) = show(made(3000))
    assert done.returncode == 1 and "more names" in said["error"]


def test_a_name_of_a_file_is_escaped_as_well(ca, tmp_path):
    path = tmp_path / "evil\x1b[2J.pem"
    path.write_bytes(open(ca.pem, "rb").read())
    assert b"\x1b" not in cert("show", tmp_path).stdout


# ---- lint ---------------------------------------------------------------------------------------


def test_a_good_certificate_has_no_findings(ca):
    assert lint(ca.issue("good", ["good", "www.site.example"]).leaf) == (0, set())


def finding(ca, label, names=("www.site.example",), **more):
    return lint(ca.issue(label, list(names), **more).leaf)


def test_findings_on_names(ca):
    assert finding(ca, "l1", ["a_b.example"]) == (1, {("error", "name-underscore")})
    assert finding(ca, "l2", ["*.co.uk"]) == (1, {("error", "wildcard-public-suffix")})
    assert finding(ca, "l3", ["www.*.example"]) == (1, {("error", "name-invalid")})
    assert finding(ca, "l4", ["xn--bcher-kva.example"]) == (0, {("notice", "name-idn")})
    assert finding(ca, "l6", []) == (1, {("error", "no-names")})
    done = cert("lint", ca.issue("l7", ["a.example"]).leaf)
    assert "warning: common-name: its common name 'l7'" in done.stdout.decode()
    assert done.returncode == 0


def test_findings_on_times(ca):
    soon = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    assert finding(ca, "t1", end=days_ago(1), start=days_ago(9)) == (1, {("error", "expired")})
    assert finding(ca, "t2", start=soon + day, end=soon + 30 * day) == (
        0, {("warning", "not-yet-valid")})
    assert finding(ca, "t3", end=soon + 3 * day) == (0, {("notice", "expires-soon")})
    assert finding(ca, "t4", start=soon, end=soon + 399 * day) == (0, {("warning", "lifetime")})
    assert finding(ca, "t5", start=soon, end=soon + 397 * day) == (0, set())


def test_findings_on_keys_signatures_and_usages(ca, tmp_path):
    assert finding(ca, "k1", eku="clientAuth") == (1, {("error", "usage")})
    assert finding(ca, "k2", eku=None) == (0, {("warning", "usage-missing")})
    assert finding(ca, "k3", eku="clientAuth, serverAuth") == (0, set())
    weak, csr, pem = (tmp_path / each for each in ("weak.key", "weak.csr", "weak.pem"))
    extensions = tmp_path / "ext"
    extensions.write_text("subjectAltName=DNS:weak\nextendedKeyUsage=serverAuth\n")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", weak)
    openssl("req", "-new", "-key", weak, "-subj", "/CN=weak", "-out", csr)
    openssl("x509", "-req", "-in", csr, "-CA", ca.pem, "-CAkey", ca.key, "-CAcreateserial", "-out",
            pem, "-sha1", "-extfile", extensions, "-days", "30")
    assert lint(pem) == (1, {("error", "key-weak"), ("error", "signature-weak")})


def test_findings_on_required_domain(ca):
    def rd(label, *names, san=("shared.cdn.example",), line=None):
        code, found = finding(ca, label, san, extensions=[line or required_domain(*names)])
        return code, found - {("warning", "required-domain-unprovable")}

    assert rd("r1", "glue.cdn.example") == (0, set())
    assert rd("r2", "bad..example") == (1, {("error", "required-domain-invalid")})
    assert rd("r3", "*") == (0, {("warning", "required-domain-any")})
    assert rd("r4", "shared.cdn.example") == (0, {("warning", "required-domain-own")})
    assert rd("r5", "*.cdn.example") == (0, {("warning", "required-domain-own")})
    assert rd("r6", "*.co.uk") == (1, {("error", "required-domain-public-suffix")})
    critical = required_domain("glue.cdn.example").replace("DER:", "critical,DER:")
    assert rd("r7", line=critical) == (1, {("error", "required-domain-critical")})
    assert rd("r8", "glue.cdn.example", san=["192.0.2.1"]) == (
        1, {("error", "required-domain-address")})


def test_what_a_bundle_proves(ca, tmp_path):
    def made(label, name, *required):
        extensions = [required_domain(*required)] if required else []
        return open(ca.issue(label, [name], extensions=extensions).leaf, "rb").read()

    www = made("b1", "www.site.example")
    glue = made("b2", "glue.cdn.example", "www.site.example")
    shared = made("b3", "shared.cdn.example", "glue.cdn.example")
    loop = made("b4", "one.example", "two.example") + made("b5", "two.example", "one.example")

    def proofs(content):
        path = tmp_path / "bundle.pem"
        path.write_bytes(content)
        found = json.loads(cert("lint", "--json", path).stdout)["findings"]
        return {(f["index"], f["id"]) for f in found if f["id"].startswith("required-domain-")}

    assert proofs(www + glue + shared) == set()
    assert proofs(shared + glue + www) == set()
    assert proofs(shared + www) == {(1, "required-domain-unprovable")}
    assert proofs(shared + glue) == {(1, "required-domain-loop"), (2, "required-domain-unprovable")}
    assert proofs(loop + www) == {(1, "required-domain-loop"), (2, "required-domain-loop")}
    # The same certificate twice is not another one.
    own = made("b6", "own.example", "own.example")
    assert (1, "required-domain-unprovable") in proofs(own + own)


def test_an_owner_finds_what_was_not_asked_for(ca, tmp_path):
    evil = required_domain("evil.example")
    bundle = b"".join(open(each.leaf, "rb").read() for each in [
        ca.issue("m1", ["www.site.example"], extensions=[evil]),
        ca.issue("m2", ["*.site.example"], extensions=[required_domain("glue.cdn.example")]),
        ca.issue("m3", ["www.site.example"]),
        ca.issue("m4", ["other.example"], extensions=[evil]),
        ca.issue("m5", ["deep.www.site.example"], extensions=[evil]),
    ])
    path = tmp_path / "log.pem"
    path.write_bytes(bundle)
    texts = []

    def found(*args):
        done = cert("lint", "--json", *args, path)
        said = json.loads(done.stdout)
        assert {f["id"] for f in said["findings"]} <= {"required-domain-not-allowed"}
        assert said["certificates"] == 5
        texts.extend(f["text"] for f in said["findings"])
        return done.returncode, [f["index"] for f in said["findings"]]

    mine = ("--mine", "www.site.example")
    assert found(*mine) == (1, [1, 2])
    assert found(*mine, "--allow-required", "*.cdn.example") == (1, [1])
    assert found(*mine, "--allow-required", "*.cdn.example", "--allow-required",
                 "evil.example") == (0, [])
    assert found("--mine", "*.site.example") == (1, [1, 2, 5])
    assert texts[-1].startswith("it is for deep.www.site.example, and requires evil.example,")
    assert found("--mine", "unrelated.example") == (0, [])


def peak_of_lint(path):
    """The most memory that the program had, in KiB, and what it counted."""
    env = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"}
    with subprocess.Popen([program(), "cert", "lint", "--mine", "www.site.example", path], env=env,
                          stdout=subprocess.PIPE, text=True) as child:
        last = [line for line in child.stdout][-1]
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 1
    return usage.ru_maxrss, last


def test_a_large_bundle_takes_no_more_memory_than_a_small_one(ca, tmp_path):
    leaf = open(ca.issue("large", ["www.site.example"],
                         extensions=[required_domain("evil.example")]).leaf, "rb").read()
    small, large = tmp_path / "small.pem", tmp_path / "large.pem"
    small.write_bytes(leaf * 100)
    with open(large, "wb") as out:
        for _ in range(40):
            out.write(leaf * 1000)
    peak_small, _ = peak_of_lint(small)
    peak_large, last = peak_of_lint(large)
    assert last.startswith("certificates: 40000, errors: 40000")
    assert (peak_large - peak_small) * 1024 < large.stat().st_size / 4


@pytest.mark.parametrize("args", [["lint"], ["lint", "nowhere"], ["show"],
                                  ["lint", "--allow-required", "a.example", "x"],
                                  ["lint", "--mine", "not a name", "x"],
                                  ["lint", "--mine", "a.example", "--allow-required", "..", "x"]])
def test_a_mistake_is_named(args):
    done = cert(*args)
    assert done.returncode == 2
    assert done.stderr.startswith(b"codicil cert: ")
