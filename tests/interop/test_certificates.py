"""Certificates with the requiredDomain extension load everywhere as ordinary ones.

Its object identifier has small arcs for this reason: GnuTLS refuses arcs over 63 bits and Go over
31 bits when it loads a certificate.
"""

import pytest
from conftest import HERE, need, run
from harness.codicil import program
from harness.pki import REQUIRED_DOMAIN, Certificate, openssl, required_domain

OID = REQUIRED_DOMAIN
FORMS = {
    "name": [required_domain("a.example")],
    "names": [required_domain("a.example", "*.b.example", "192.0.2.1", "2001:db8::1")],
    "any": [required_domain("*")],
    "most": [required_domain(*(f"{'n' * 60}{i}.example" for i in range(64)))],
    # As a person writes them into openssl's configuration: docs/required-domain.md.
    "config-name": [f"{OID} = ASN1:IMPLICIT:2,IA5STRING:a.example"],
    "config-names": [f"{OID} = ASN1:SEQUENCE:required", "[required]",
                     "a = IMPLICIT:2,IA5STRING:a.example",
                     "b = IMPLICIT:7,FORMAT:HEX,OCTETSTRING:c0000201"],
}


def by_codicil(directory, *required):
    """The same from `codicil cert`, and the file of its CA."""
    ca, out = f"{directory}/ca", f"{directory}/out"
    done = run(program(), "cert", "new-ca", ca)
    assert done.returncode == 0, done.stderr
    args = [arg for name in required for arg in ("--required-domain", name)]
    done = run(program(), "cert", "new", "www.example", "--ca", ca, "--out", out, *args,
               "--insecure-skip-caa")
    assert done.returncode == 0, done.stderr
    pem = f"{out}/www.example.pem"
    return f"{ca}/ca.pem", Certificate(pem, f"{out}/www.example.key", pem)


ISSUED = {"issued-name": ["a.example"], "issued-names": ["a.example", "*.b.example", "192.0.2.1"]}


@pytest.fixture(scope="module", params=[*FORMS, *ISSUED])
def issued(request, ca, tmp_path_factory):
    """A CA's file, and a certificate of it."""
    if request.param in ISSUED:
        return by_codicil(tmp_path_factory.mktemp(request.param), *ISSUED[request.param])
    extensions = FORMS[request.param]
    return ca.pem, ca.issue(f"rd-{request.param}", ["www.example"], extensions=extensions)


def test_openssl_loads_and_verifies_it(issued):
    ca, certificate = issued
    openssl("verify", "-CAfile", ca, "-purpose", "sslserver", certificate.leaf)


def test_gnutls_loads_and_verifies_it(issued):
    ca, certificate = issued
    certtool = need("certtool")
    done = run(certtool, "--certificate-info", "--infile", certificate.leaf)
    assert done.returncode == 0, done.stderr
    assert "2.999.9261.1" in done.stdout
    args = ["--verify", "--load-ca-certificate", ca, "--infile", certificate.leaf]
    done = run(certtool, *args, "--verify-hostname", "www.example")
    assert done.returncode == 0, done.stdout + done.stderr


def test_nss_loads_and_verifies_it(trusting, issued):
    ca, certificate = issued
    store = trusting("nss")
    certutil = need("certutil")
    for trust, name, file in (("C,,", "its CA", ca), (",,", "leaf", certificate.leaf)):
        args = ["-A", "-t", trust, "-n", name, "-i", file, "-d", f"sql:{store}"]
        assert run(certutil, *args).returncode == 0
    done = run(certutil, "-V", "-n", "leaf", "-u", "V", "-d", f"sql:{store}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_go_loads_and_verifies_it(issued, tmp_path):
    ca, certificate = issued
    go = need("go")
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    args = [go, "run", f"{HERE}/verify.go", ca, certificate.leaf, "www.example"]
    done = run(*args, timeout=180, env=env)
    assert done.returncode == 0, done.stderr
    assert "verified" in done.stdout


def test_browsers_handshake_certificate_may_carry_it(serve, issued, roots):
    """As a handshake's certificate it is an ordinary one: curl (OpenSSL) does not mind."""
    from harness.codicil import Site  # pylint: disable=import-outside-toplevel

    ca, certificate = issued
    server = serve([Site("www.example", certificate, roots["a"])])
    flags = ["-sS", "--cacert", ca, "--resolve", f"www.example:{server.port}:127.0.0.1"]
    done = run(need("curl"), *flags, f"https://www.example:{server.port}/")
    assert done.returncode == 0, done.stderr


def test_were_it_critical_no_handshake_would_take_it(ca):
    value = "critical, ASN1:IMPLICIT:2,IA5STRING:a.example"
    certificate = ca.issue("rd-critical", ["www.example"], extensions=[f"{OID} = {value}"])
    with pytest.raises(RuntimeError, match="unhandled critical extension"):
        openssl("verify", "-CAfile", ca.pem, "-purpose", "sslserver", certificate.leaf)
    args = ["--verify", "--load-ca-certificate", ca.pem, "--infile", certificate.leaf]
    assert run(need("certtool"), *args, "--verify-hostname", "www.example").returncode != 0
