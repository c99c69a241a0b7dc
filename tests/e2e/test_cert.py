"""`codicil cert`: files that work at once, kept safe, and never overwritten."""

import os

import pytest
from cert_tools import cert, mode
from harness.pki import openssl


@pytest.fixture
def ca_dir(tmp_path):
    done = cert("new-ca", tmp_path / "ca")
    assert done.returncode == 0, done.stderr
    return tmp_path / "ca"


@pytest.mark.parametrize("alg", ["p256", "p384", "rsa2048", "rsa3072", "ed25519"])
def test_a_new_certificate_verifies_for_its_names(ca_dir, tmp_path, alg):
    names = ["www.example.com", "*.cdn.example.net", "192.0.2.1"]
    done = cert("new", *names, "--ca", ca_dir, "--alg", alg, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    pem = str(tmp_path / "www.example.com.pem")
    for check in (["-verify_hostname", "img.cdn.example.net"], ["-verify_ip", "192.0.2.1"]):
        openssl("verify", "-purpose", "sslserver", "-CAfile", f"{ca_dir}/ca.pem", *check, pem)
    with pytest.raises(RuntimeError):
        openssl("verify", "-CAfile", f"{ca_dir}/ca.pem", "-verify_hostname", "example.com", pem)


def test_keys_are_readable_by_their_owner_only(ca_dir, tmp_path):
    old = os.umask(0)
    try:
        assert cert("new", "a.example", "--ca", ca_dir, cwd=tmp_path).returncode == 0
    finally:
        os.umask(old)
    assert mode(tmp_path / "a.example.key") == 0o600
    assert mode(ca_dir / "ca.key") == 0o600


def test_nothing_is_overwritten(ca_dir, tmp_path):
    assert cert("new", "a.example", "--ca", ca_dir, cwd=tmp_path).returncode == 0
    before = (tmp_path / "a.example.key").read_bytes()
    done = cert("new", "a.example", "--ca", ca_dir, cwd=tmp_path)
    assert done.returncode != 0
    assert "a.example" in done.stderr
    assert (tmp_path / "a.example.key").read_bytes() == before
    assert cert("new-ca", ca_dir).returncode != 0


def test_an_intermediate_comes_with_the_chain(ca_dir, tmp_path):
    done = cert("new", "a.example", "--ca", ca_dir, "--intermediate", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pem = str(tmp_path / "a.example.pem")
    with open(pem, encoding="ascii") as f:
        assert f.read().count("BEGIN CERTIFICATE") == 2
    openssl("verify", "-CAfile", f"{ca_dir}/ca.pem", "-untrusted", pem, pem)


def test_days_are_heeded(ca_dir, tmp_path):
    args = ["new", "a.example", "--ca", ca_dir, "--days", "2"]
    assert cert(*args, cwd=tmp_path).returncode == 0
    pem = str(tmp_path / "a.example.pem")
    openssl("x509", "-in", pem, "-noout", "-checkend", str(86400))
    with pytest.raises(RuntimeError):
        openssl("x509", "-in", pem, "-noout", "-checkend", str(3 * 86400))


@pytest.mark.parametrize(
    "args",
    [
        ["new", "a.example"],
        ["new", "--ca", "ca"],
        ["new", "a.example", "--ca", "nowhere"],
        ["new", "not a name", "--ca", "ca"],
        ["new", "a.example", "--ca", "ca", "--alg", "dsa"],
        ["new", "a.example", "--ca", "ca", "--days", "0"],
        ["new-ca"],
        ["new-ca", "other", "--name", "n" * 65],
        ["new-ca", "other", "--name", ""],
        ["burn", "a.example"],
        [],
    ],
)
def test_a_mistake_is_named_and_leaves_no_file(ca_dir, args):
    done = cert(*args, cwd=ca_dir.parent)
    assert done.returncode != 0
    assert done.stderr.startswith("codicil cert:"), done.stderr
    assert sorted(os.listdir(ca_dir.parent)) == ["ca"]


def test_the_letter_that_is_no_option_is_named(ca_dir):
    done = cert("new", "-x.example", "--ca", ca_dir)
    assert "'-x' is not an option" in done.stderr


def test_each_command_has_a_help_of_its_own():
    done = cert("--help")
    assert done.returncode == 0
    for verb in ("new-ca", "new"):
        assert f"  {verb} " in done.stdout
        assert cert(verb, "--help").stdout.startswith(f"codicil cert {verb} - ")
