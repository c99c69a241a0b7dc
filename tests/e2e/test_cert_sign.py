"""`codicil cert csr` and `sign`: requests of our own, of openssl, and of those who mean no good."""

import os

import pytest
from cert_tools import SKIP, extension, listed, made, mode, refused, text_of
from harness.dns import zone
from harness.pki import KEY_OPTIONS, REQUIRED_DOMAIN, openssl, required_domain, required_domain_der

CONFIG = """
[req]
distinguished_name = dn
prompt = no
req_extensions = v3
[dn]
{dn}
[v3]
{extensions}
"""


@pytest.fixture
def ca_dir(tmp_path):
    made("new-ca", tmp_path / "ca")
    return tmp_path / "ca"


@pytest.fixture
def here(ca_dir):
    return ca_dir.parent


def request(directory, *extensions, dn="commonName = cn.example", key=None, name="r", alg="p256"):
    """A request made with openssl."""
    key = key or f"{directory}/{name}.key"
    if not os.path.exists(key):
        openssl("genpkey", *KEY_OPTIONS[alg], "-out", key)
    with open(f"{directory}/{name}.cnf", "w", encoding="ascii") as f:
        f.write(CONFIG.format(dn=dn, extensions="\n".join(extensions)))
    out = f"{directory}/{name}.csr"
    openssl("req", "-new", "-config", f"{directory}/{name}.cnf", "-key", key, "-out", out)
    return out


SAN = "subjectAltName = DNS:www.example.com, IP:192.0.2.1"


# ---- csr ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["p256", "rsa2048", "ed25519"])
def test_a_request_is_read_by_openssl_and_its_key_is_its_owner_s(here, alg):
    made("csr", "www.example.com", "*.cdn.example", "192.0.2.1", "--alg", alg, cwd=here)
    said = openssl("req", "-in", f"{here}/www.example.com.csr", "-noout", "-verify", "-text").decode()
    assert "DNS:www.example.com, DNS:*.cdn.example, IP Address:192.0.2.1" in said
    assert mode(here / "www.example.com.key") == 0o600


def test_what_is_asked_for_is_what_is_signed(ca_dir, here):
    made("csr", "shared.cdn.example", "--required-domain", "glue.cdn.example", cwd=here)
    made("sign", "shared.cdn.example.csr", "--ca", ca_dir, SKIP, cwd=here)
    pem = here / "shared.cdn.example.pem"
    assert extension(pem, REQUIRED_DOMAIN) == required_domain_der("glue.cdn.example")
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", f"{ca_dir}/ca.pem",
            "-verify_hostname", "shared.cdn.example", str(pem))
    of_key = openssl("pkey", "-in", f"{here}/shared.cdn.example.key", "-pubout")
    assert openssl("x509", "-in", str(pem), "-noout", "-pubkey") == of_key


def test_a_request_may_be_for_a_key_that_there_is(here):
    openssl("genpkey", *KEY_OPTIONS["p384"], "-out", f"{here}/mine.key")
    made("csr", "a.example", "--key", "mine.key", cwd=here)
    assert not os.path.exists(here / "a.example.key")
    of_key = openssl("pkey", "-in", f"{here}/mine.key", "-pubout")
    assert openssl("req", "-in", f"{here}/a.example.csr", "-noout", "-pubkey") == of_key


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["192.0.2.1", "--required-domain", "a.example"], "a certificate for an address"),
        (["a.example", "--required-domain", "*.co.uk"], "public suffix"),
        (["a.example", "--key", "none.key"], "none.key: No such file"),
        (["a.example", "--key", "none.key", "--alg", "p384"], "--alg is for a new key"),
        (["not a name"], "not a name"),
        ([], "one name or more"),
    ],
)
def test_a_request_that_makes_no_sense_is_not_made(here, args, says):
    before = sorted(os.listdir(here))
    refused("csr", *args, cwd=here, says=says)
    assert sorted(os.listdir(here)) == before


# ---- sign ---------------------------------------------------------------------------------------


def test_a_request_of_openssl_s_is_signed_for_its_alternative_names_alone(ca_dir, here):
    csr = request(here, SAN, "keyUsage = keyCertSign", "basicConstraints = CA:true")
    done = made("sign", csr, "--ca", ca_dir, "--days", "7", cwd=here)
    assert "2 more extensions" in done.stderr
    said = text_of(here / "r.pem")
    assert "cn.example" not in said
    assert "CA:FALSE" in said and "Digital Signature" in said and "Certificate Sign" not in said
    assert "DNS:www.example.com, IP Address:192.0.2.1" in said


def test_a_glue_certificate_is_short_lived_and_needs_a_required_domain(ca_dir, here):
    glue = request(here, "subjectAltName = DNS:glue.cdn.example", required_domain("www.site.example"),
                   name="glue")
    made("sign", glue, "--ca", ca_dir, "--profile", "glue", SKIP, cwd=here)
    openssl("x509", "-in", f"{here}/glue.pem", "-noout", "-checkend", str(29 * 86400))
    with pytest.raises(RuntimeError):
        openssl("x509", "-in", f"{here}/glue.pem", "-noout", "-checkend", str(31 * 86400))
    assert listed(ca_dir)[-1]["profile"] == "glue"
    plain = request(here, "subjectAltName = DNS:glue.cdn.example", name="plain")
    refused("sign", plain, "--ca", ca_dir, "--profile", "glue", SKIP, cwd=here,
            says="needs a Required Domain")
    many = ", ".join(f"DNS:g{i}.example" for i in range(9))
    many = request(here, f"subjectAltName = {many}", required_domain("a.example"), name="many")
    refused("sign", many, "--ca", ca_dir, "--profile", "glue", SKIP, cwd=here, says="few names")


def test_an_intermediate_of_one_s_own_signs_end_entities(ca_dir, here):
    csr = request(here, "subjectAltName = DNS:not.used.example", dn="commonName = Our team CA",
                  name="intermediate")
    done = made("sign", csr, "--ca", ca_dir, "--profile", "intermediate", cwd=here)
    assert "a CA's certificate does not have" in done.stderr
    said = text_of(here / "intermediate.pem")
    assert "CA:TRUE, pathlen:0" in said and "Our team CA" in said and "not.used" not in said
    team = here / "team"
    team.mkdir()
    os.rename(here / "intermediate.pem", team / "ca.pem")
    os.rename(here / "intermediate.key", team / "ca.key")
    made("new", "a.example", "--ca", team, cwd=here)
    openssl("verify", "-x509_strict", "-CAfile", f"{ca_dir}/ca.pem", "-untrusted", f"{team}/ca.pem",
            f"{here}/a.example.pem")


def test_the_chain_has_the_intermediate_where_that_signs(ca_dir, here):
    made("sign", request(here, SAN), "--ca", ca_dir, "--intermediate", cwd=here)
    pem = f"{here}/r.pem"
    openssl("verify", "-CAfile", f"{ca_dir}/ca.pem", "-untrusted", pem, pem)


def test_a_required_domain_in_a_request_needs_caa(ca_dir, here, dns):
    server = dns(zone("example"))
    csr = request(here, "subjectAltName = DNS:a.example", required_domain("www.site.example"))
    refused("sign", csr, "--ca", ca_dir, "--caa-server", f"127.0.0.1:{server.port}",
            cwd=here, says="codicil cert: CAA refuses ")


def other_curve(here):
    openssl("ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", f"{here}/r.key")


def short_rsa(here):
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out",
            f"{here}/r.key")


@pytest.mark.parametrize(
    ("extensions", "says"),
    [
        (["keyUsage = digitalSignature"], "no subjectAltName; a common name is not used"),
        (["subjectAltName = email:a@a.example"], "neither a host name nor an address"),
        (["subjectAltName = DNS:a.example, URI:https://a.example"], "neither a host name nor an"),
        (["subjectAltName = DNS:not a name"], "octet 0x20"),
        (["subjectAltName = DNS:a..example"], "'a..example'"),
        (["subjectAltName = DNS:*.example"], "two labels"),
        (["subjectAltName = DNS:192.0.2.1"], "the address '192.0.2.1' as a dNSName"),
        (["subjectAltName = IP:::ffff:192.0.2.1"], "an address that is none"),
        (["subjectAltName = DER:30:03:82:01:00"], "octet 0x00"),
        (["subjectAltName = DER:30:02:82:00"], "a name of 0 octets"),
        (["subjectAltName = DER:30:00"], "asks for 0 names"),
        (["subjectAltName = DER:04:00"], "subjectAltName is not well-formed"),
        (["subjectAltName = DER:30:03:87:01:01"], "an address that is none"),
        ([SAN, f"{REQUIRED_DOMAIN} = DER:82:00"], "Required Domain extension is not well-formed"),
        ([SAN, f"{REQUIRED_DOMAIN} = DER:82:01:61:00"], "Required Domain extension is not well-f"),
        ([SAN, required_domain("www.site.example")], "a certificate for an address"),
        (["subjectAltName = DNS:*.co.uk", required_domain("a.example")], "public suffix"),
    ],
)
def test_a_bad_request_is_refused_in_words(ca_dir, here, extensions, says):
    csr = request(here, *extensions)
    refused("sign", csr, "--ca", ca_dir, SKIP, cwd=here, says=says)
    assert not os.path.exists(here / "r.pem")
    assert len(listed(ca_dir)) == 1


@pytest.mark.parametrize(
    ("make_key", "says"),
    [(other_curve, "another curve"), (short_rsa, "too short: 1024 bits")],
)
def test_a_key_that_no_client_would_take_is_refused(ca_dir, here, make_key, says):
    make_key(here)
    refused("sign", request(here, SAN), "--ca", ca_dir, cwd=here, says=says)


def test_whoever_asks_must_have_the_key(ca_dir, here):
    csr = request(here, SAN)
    der = bytearray(openssl("req", "-in", csr, "-outform", "DER"))
    der[-1] ^= 1
    with open(csr, "wb") as f:
        f.write(openssl("req", "-inform", "DER", "-outform", "PEM", text=bytes(der)))
    refused("sign", csr, "--ca", ca_dir, cwd=here, says="its signature is wrong")


def test_the_ca_s_own_key_gets_no_other_certificate(ca_dir, here):
    csr = request(here, SAN, key=f"{ca_dir}/ca.key")
    refused("sign", csr, "--ca", ca_dir, cwd=here, says="the key of the CA itself")


def test_a_ca_below_this_one_has_a_name_of_its_own(ca_dir, here):
    made("new-ca", here / "named", "--name", "Our CA")
    csr = request(here, dn="commonName = Our CA")
    refused("sign", csr, "--ca", here / "named", "--profile", "intermediate", cwd=here,
            says="the subject of the CA itself")


@pytest.mark.parametrize("content", [b"", b"nothing\n", b"x" * 100_000])
def test_what_is_no_request_is_named(ca_dir, here, content):
    (here / "r.csr").write_bytes(content)
    refused("sign", "r.csr", "--ca", ca_dir, cwd=here, says="r.csr: ")


def test_a_certificate_is_no_request(ca_dir, here):
    refused("sign", ca_dir / "ca.pem", "--ca", ca_dir, cwd=here, says="not a certificate request")


@pytest.mark.parametrize(
    "args",
    [
        ["--ca", "ca"],
        ["r.csr", "r.csr", "--ca", "ca"],
        ["r.csr"],
        ["r.csr", "--ca", "ca", "--profile", "root"],
        ["r.csr", "--ca", "ca", "--profile", "intermediate", "--intermediate"],
        ["none.csr", "--ca", "ca"],
        ["r.csr", "--ca", "none"],
        ["r.csr", "--ca", "ca", "--days", "36500"],
    ],
)
def test_a_mistake_leaves_no_file(ca_dir, here, args):
    request(here, SAN)
    refused("sign", *args, cwd=here)
    assert not os.path.exists(here / "r.pem")
    assert len(listed(ca_dir)) == 1


def test_a_signed_certificate_is_not_overwritten(ca_dir, here):
    csr = request(here, SAN)
    made("sign", csr, "--ca", ca_dir, cwd=here)
    refused("sign", csr, "--ca", ca_dir, cwd=here, says="r.pem: exists already")
    assert len(listed(ca_dir)) == 2
