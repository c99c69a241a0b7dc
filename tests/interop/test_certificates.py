"""Certificates with the requiredDomain extension load everywhere as ordinary ones.

Its object identifier has small arcs for this reason: GnuTLS refuses arcs over 63 bits and Go over
31 bits when it loads a certificate.
"""

import pytest
from conftest import HERE, need, run
from harness.pki import REQUIRED_DOMAIN, openssl, required_domain


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


@pytest.fixture(scope="module", params=FORMS)
def certificate(request, ca):
    return ca.issue(f"rd-{request.param}", ["www.example"], extensions=FORMS[request.param])


def test_openssl_loads_and_verifies_it(ca, certificate):
    openssl("verify", "-CAfile", ca.pem, "-purpose", "sslserver", certificate.leaf)


def test_gnutls_loads_and_verifies_it(ca, certificate):
    certtool = need("certtool")
    done = run(certtool, "--certificate-info", "--infile", certificate.leaf)
    assert done.returncode == 0, done.stderr
    assert "2.999.9261.1" in done.stdout
    args = ["--verify", "--load-ca-certificate", ca.pem, "--infile", certificate.leaf]
    done = run(certtool, *args, "--verify-hostname", "www.example")
    assert done.returncode == 0, done.stdout + done.stderr


def test_nss_loads_and_verifies_it(trusting, certificate):
    store = trusting("nss")
    certutil = need("certutil")
    args = ["-A", "-t", ",,", "-n", "leaf", "-i", certificate.leaf, "-d", f"sql:{store}"]
    assert run(certutil, *args).returncode == 0
    done = run(certutil, "-V", "-n", "leaf", "-u", "V", "-d", f"sql:{store}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_go_loads_and_verifies_it(ca, certificate, tmp_path):
    go = need("go")
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    args = [go, "run", f"{HERE}/verify.go", ca.pem, certificate.leaf, "www.example"]
    done = run(*args, timeout=180, env=env)
    assert done.returncode == 0, done.stderr
    assert "verified" in done.stdout


def test_browsers_handshake_certificate_may_carry_it(serve, ca, certificate, roots):
    """As a handshake's certificate it is an ordinary one: curl (OpenSSL) does not mind."""
    from harness.codicil import Site  # pylint: disable=import-outside-toplevel

    server = serve([Site("www.example", certificate, roots["a"])])
    flags = ["-sS", "--cacert", ca.pem, "--resolve", f"www.example:{server.port}:127.0.0.1"]
    done = run(need("curl"), *flags, f"https://www.example:{server.port}/")
    assert done.returncode == 0, done.stderr
