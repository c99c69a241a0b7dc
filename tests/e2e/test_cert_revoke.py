"""`codicil cert revoke` and `crl`: what openssl makes of them."""

import datetime
import os
import re
import sqlite3

import pytest
from cert_tools import audit, cert, listed, made, refused, register, serial_of
from harness.codicil import Site, get_json
from harness.pki import Authority, Certificate, openssl


@pytest.fixture
def ca_dir(tmp_path):
    made("new-ca", tmp_path / "ca")
    return tmp_path / "ca"


@pytest.fixture
def here(ca_dir):
    return ca_dir.parent


def new(ca_dir, name, *args):
    made("new", name, "--ca", ca_dir, *args, cwd=ca_dir.parent)
    return ca_dir.parent / f"{name}.pem"


def crl_text(path):
    return openssl("crl", "-in", str(path), "-noout", "-text").decode()


def dates(path):
    """Seconds from a CRL's thisUpdate to its nextUpdate."""
    said = openssl("crl", "-in", str(path), "-noout", "-lastupdate", "-nextupdate").decode()
    first, last = (datetime.datetime.strptime(line.split("=")[1], "%b %d %H:%M:%S %Y GMT")
                   for line in said.splitlines())
    return (last - first).total_seconds()


def verify(ca_dir, pem, *more):
    openssl("verify", "-crl_check", "-CAfile", f"{ca_dir}/ca.pem", *more, str(pem))


def test_what_is_revoked_is_refused_and_nothing_else(ca_dir):
    bad, good = new(ca_dir, "bad.example"), new(ca_dir, "good.example")
    made("revoke", bad, "--ca", ca_dir, "--reason", "keyCompromise")
    done = made("crl", "--ca", ca_dir)
    assert f"{ca_dir}/ca.crl  (of ca.pem, number 1, 1 revoked, next by" in done.stdout
    crl = ["-CRLfile", f"{ca_dir}/ca.crl"]
    verify(ca_dir, good, *crl)
    with pytest.raises(RuntimeError, match="certificate revoked"):
        verify(ca_dir, bad, *crl)
    said = crl_text(ca_dir / "ca.crl")
    assert "Version 2" in said and "Key Compromise" in said and "Authority Key Identifier" in said
    openssl("crl", "-in", f"{ca_dir}/ca.crl", "-noout", "-CAfile", f"{ca_dir}/ca.pem", "-verify")


@pytest.mark.parametrize("how", ["crl", "block list"])
def test_our_client_refuses_what_our_ca_took_back(ca_dir, here, serve, roots, how):
    """The serial number of a block list is the register's, as is its issuer."""
    pems = {n: str(new(ca_dir, f"{n}.example", "--intermediate")) for n in "ab"}
    certs = {n: Certificate(p, p.replace(".pem", ".key"), p) for n, p in pems.items()}
    server = serve([Site("a.example", certs["a"], roots["a"], secondary=["b.example"]),
                    Site("b.example", certs["b"], roots["b"])])
    made("revoke", pems["b"], "--ca", ca_dir)
    made("crl", "--ca", ca_dir, "--out", here / "all.pem")
    entry = listed(ca_dir)[-1]
    (here / "list").write_text(f"serial {entry['issuer']} {entry['serial']}\n", encoding="ascii")
    flags = ["--crlfile", here / "all.pem"] if how == "crl" else ["--block-list", here / "list"]
    result = get_json(server.port, f"{ca_dir}/ca.pem", ["a.example", "b.example"], *flags)
    assert result.request("a.example")["status"] == 200
    (secondary,) = result.connection_of("a.example")["certificates"]
    assert secondary["reason"] == ("revoked" if how == "crl" else "blocked")
    assert result.request("b.example")["status"] is None


def test_each_issuer_lists_its_own(ca_dir):
    by_root, by_other = new(ca_dir, "a.example"), new(ca_dir, "b.example", "--intermediate")
    for pem in (by_root, by_other):
        made("revoke", serial_of(pem), "--ca", ca_dir)
    assert len(made("crl", "--ca", ca_dir).stdout.splitlines()) == 2
    assert serial_of(by_root).upper() in crl_text(ca_dir / "ca.crl")
    assert serial_of(by_other).upper() in crl_text(ca_dir / "intermediate.crl")
    assert serial_of(by_other).upper() not in crl_text(ca_dir / "ca.crl")
    made("crl", "--ca", ca_dir, "--out", ca_dir / "all.pem")
    check = ["-CRLfile", f"{ca_dir}/all.pem", "-untrusted", f"{ca_dir}/intermediate.pem"]
    with pytest.raises(RuntimeError, match="certificate revoked"):
        verify(ca_dir, by_other, *check)
    verify(ca_dir, new(ca_dir, "c.example", "--intermediate"), *check, "-crl_check_all")


def test_an_intermediate_is_revoked_by_the_root(ca_dir):
    pem = new(ca_dir, "a.example", "--intermediate")
    made("revoke", ca_dir / "intermediate.pem", "--ca", ca_dir, "--reason", "caCompromise")
    made("crl", "--ca", ca_dir, "--out", ca_dir / "all.pem")
    with pytest.raises(RuntimeError, match="certificate revoked"):
        verify(ca_dir, pem, "-CRLfile", f"{ca_dir}/all.pem", "-untrusted",
               f"{ca_dir}/intermediate.pem", "-crl_check_all")


def test_a_revoked_intermediate_signs_no_more(ca_dir, here):
    new(ca_dir, "a.example", "--intermediate")
    said = made("revoke", ca_dir / "intermediate.pem", "--ca", ca_dir).stdout
    assert re.fullmatch(r"[0-9a-f]{32}  revoked\n", said)
    refused("new", "b.example", "--intermediate", "--ca", ca_dir, cwd=here,
            says="intermediate.pem: is revoked; once it and its key are moved away")
    assert not os.path.exists(here / "b.example.pem")
    for ending in ("pem", "key"):
        os.rename(ca_dir / f"intermediate.{ending}", ca_dir / f"old.{ending}")
    new(ca_dir, "b.example", "--intermediate")


def test_numbers_go_up_and_the_next_update_is_where_asked(ca_dir):
    """RFC 5280 §5.2.3, §5.1.2.5."""
    for number in (1, 2, 3):
        made("crl", "--ca", ca_dir, "--days", number)
        said = openssl("crl", "-in", f"{ca_dir}/ca.crl", "-noout", "-crlnumber").decode()
        assert int(said.split("=")[1], 16) == number
        assert dates(ca_dir / "ca.crl") == number * 86400
    assert [e["crl_number"] for e in audit(ca_dir) if e["command"] == "crl"] == [1, 2, 3]


def test_a_number_is_not_used_again_when_a_crl_is_lost(ca_dir):
    refused("crl", "--ca", ca_dir, "--out", ca_dir / "none" / "x.crl", says="No such file")
    made("crl", "--ca", ca_dir)
    said = openssl("crl", "-in", f"{ca_dir}/ca.crl", "-noout", "-crlnumber").decode()
    assert int(said.split("=")[1], 16) == 2


def test_a_serial_number_may_be_written_in_several_ways(ca_dir):
    pems = [new(ca_dir, f"{n}.example") for n in "abc"]
    serials = [serial_of(pem) for pem in pems]
    pairs = ":".join(re.findall("..", serials[1])).upper()
    for text in (serials[0].upper(), pairs, f"00{serials[2]}"):
        made("revoke", text, "--ca", ca_dir)
    assert [e["state"] for e in listed(ca_dir)[1:]] == ["revoked"] * 3


def test_the_reason_and_the_time_are_kept(ca_dir):
    pem = new(ca_dir, "a.example")
    made("revoke", pem, "--ca", ca_dir, "--reason", "SUPERSEDED")
    entry = listed(ca_dir)[-1]
    assert (entry["state"], entry["reason"]) == ("revoked", "superseded")
    event = audit(ca_dir)[-1]
    assert (event["outcome"], event["reason"], event["names"]) == (
        "revoked", "superseded", ["a.example"])


def test_what_expired_stays_on_one_more_list(ca_dir):
    """RFC 5280 §3.3; the date in the register is turned back by hand."""
    pem = new(ca_dir, "a.example")
    made("revoke", pem, "--ca", ca_dir)
    with sqlite3.connect(ca_dir / "register.db") as db:
        db.execute("UPDATE certificate SET not_after = 1000 WHERE state = 'revoked'")
    for has in (True, False):
        made("crl", "--ca", ca_dir)
        assert (serial_of(pem).upper() in crl_text(ca_dir / "ca.crl")) == has


def test_a_certificate_of_before_the_register_is_revoked_by_its_file(ca_dir):
    pem = new(ca_dir, "a.example")
    os.unlink(ca_dir / "register.db")
    refused("revoke", serial_of(pem), "--ca", ca_dir, says="is registered")
    refused("revoke", ca_dir / "ca.pem", "--ca", ca_dir, says="take it out of trust stores")
    made("revoke", pem, "--ca", ca_dir)
    (entry,) = register(ca_dir)
    assert (entry["state"], entry["names"]) == ("revoked", "a.example")
    made("crl", "--ca", ca_dir)
    assert serial_of(pem).upper() in crl_text(ca_dir / "ca.crl")


def test_what_another_ca_signed_is_not_ours_to_revoke(ca_dir, here):
    other = Authority(here / "other").issue("x", ["a.example"])
    refused("revoke", other.pem, "--ca", ca_dir, says="not signed by the CA in")
    assert len(register(ca_dir)) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["ca/ca.pem", "--ca", "ca"], "take it out of trust stores"),
        (["12:34", "--ca", "ca"], "no certificate with the serial number 1234"),
        (["nothing", "--ca", "ca"], "neither a file nor a serial number"),
        (["1" * 41, "--ca", "ca"], "neither a file nor a serial number"),
        (["ca/ca.key", "--ca", "ca"], "not a certificate"),
        (["a.example.pem", "--ca", "ca", "--reason", "certificateHold"], "is no reason"),
        (["a.example.pem", "--ca", "none"], "none/ca.pem: No such file"),
        (["a.example.pem"], "--ca DIR"),
        (["--ca", "ca"], "one file or serial number"),
    ],
)
def test_what_cannot_be_revoked_is_said(ca_dir, here, args, says):
    new(ca_dir, "a.example")
    refused("revoke", *args, cwd=here, says=says)
    assert [e["state"] for e in listed(ca_dir)] == ["issued", "issued"]


def test_once_is_enough(ca_dir):
    pem = new(ca_dir, "a.example")
    made("revoke", pem, "--ca", ca_dir)
    refused("revoke", pem, "--ca", ca_dir, says="is revoked already")


def test_a_revocation_that_cannot_be_written_down_is_none(ca_dir):
    pem = new(ca_dir, "a.example")
    os.unlink(ca_dir / "audit.log")
    os.symlink("/dev/full", ca_dir / "audit.log")
    refused("revoke", pem, "--ca", ca_dir, says="audit.log")
    assert listed(ca_dir)[-1]["state"] == "issued"
    refused("crl", "--ca", ca_dir, says="audit.log")
    assert not os.path.exists(ca_dir / "ca.crl")


@pytest.mark.parametrize("args", [[], ["--ca", "none"], ["x", "--ca", "ca"], ["--days", "0"]])
def test_a_mistake_makes_no_list(ca_dir, here, args):
    refused("crl", *args, cwd=here)
    assert cert("list", cwd=here).returncode == 2
    assert not os.path.exists(ca_dir / "ca.crl")


def test_a_directory_that_holds_no_ca_stays_as_it_is(tmp_path):
    for args in (["crl"], ["revoke", "12"], ["list"], ["new", "a.example"]):
        refused(*args, "--ca", tmp_path, cwd=tmp_path)
        assert os.listdir(tmp_path) == []
