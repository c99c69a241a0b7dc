"""CAA before signing, asked of a real DNS server on loopback: what it allows is signed, what it
refuses leaves nothing behind, and either is explained."""

import json
import os
import subprocess

import pytest
from harness.codicil import program
from harness.dns import a, caa, cname, lame, zone
from harness.pki import openssl

SHARED, GLUE = "shared.cdn.example", "glue.cdn.example"
REQUIRES = ["--required-domain", GLUE]


def cert(*args, cwd=None):
    full = [program(), "cert", *map(str, args)]
    return subprocess.run(full, capture_output=True, text=True, cwd=cwd, check=False, timeout=60)


class Desk:
    """A CA, and a DNS server that it asks."""

    def __init__(self, directory, server, *new_ca):
        self.dir, self.server = directory, server
        done = cert("new-ca", directory / "ca", *new_ca)
        assert done.returncode == 0, done.stderr

    def sign(self, *args):
        """Asks for a certificate; returns the outcome of the program and whether it was made."""
        out = self.dir / f"out{len(os.listdir(self.dir))}"
        done = cert("new", *args, "--ca", self.dir / "ca", "--out", out,
                    "--caa-server", self.server.address)
        assert os.path.exists(out) == (done.returncode == 0), done
        return done

    def signs(self, *args):
        done = self.sign(*args)
        assert done.returncode in (0, 1), done.stderr
        explained = cert("caa", *args, "--ca", self.dir / "ca", "--caa-server",
                         self.server.address, "--json")
        assert explained.returncode == done.returncode, (done.stderr, explained.stdout)
        assert json.loads(explained.stdout)["allowed"] == (done.returncode == 0)
        return done.returncode == 0


@pytest.fixture
def desk(dns, tmp_path):
    made = iter(range(99))

    def make(*records, zones=(), new_ca=(), **more):
        server = dns(zone("example", *records, **more), *zones)
        directory = tmp_path / f"desk{next(made)}"
        directory.mkdir()
        return Desk(directory, server, *new_ca)

    return make


def test_without_a_record_nobody_is_allowed_a_required_domain(desk):
    here = desk(a(SHARED.removesuffix(".example"), "127.0.0.1"))
    done = here.sign(SHARED, *REQUIRES)
    assert done.returncode == 1
    assert "needs some that grant it" in done.stderr
    assert here.signs(SHARED)  # an ordinary one
    assert not here.signs("none.example", *REQUIRES)  # NXDOMAIN climbs as well


def test_requireddomain_grants(desk):
    here = desk(caa("shared.cdn", "requireddomain", "GLUE.cdn.example; x=y"))
    assert here.signs(SHARED, *REQUIRES)
    pem = next(path for path in here.dir.glob("out*/*.pem"))
    said = json.loads(cert("show", "--json", pem).stdout)[0]
    assert said["required_domain"]["names"] == [GLUE]
    assert not here.signs(SHARED, "--required-domain", f"{GLUE},www.site.example")
    assert not here.signs(SHARED, "other.example", *REQUIRES)
    assert not here.signs(SHARED, "--required-domain", "*")


def test_the_nearest_set_above_counts(desk):
    here = desk(caa("cdn", "requireddomain", GLUE), caa("own.cdn", "iodef", "mailto:x@example"))
    assert here.signs("a.b.cdn.example", *REQUIRES)
    assert here.signs("*.cdn.example", *REQUIRES)
    done = here.sign("a.own.cdn.example", *REQUIRES)
    assert done.returncode == 1
    assert "no requireddomain property of own.cdn.example covers glue.cdn.example" in done.stderr


def test_an_alias_is_followed_and_its_parents_are_not(desk):
    here = desk(cname("shared.cdn", "host.deep.provider.example"),
                caa("host.deep.provider", "requireddomain", GLUE),
                cname("bare.cdn", "none.deep.granting.example"), a("none.deep.granting", "127.0.0.1"),
                caa("granting", "requireddomain", GLUE))
    assert here.signs(SHARED, *REQUIRES)
    said = cert("caa", SHARED, *REQUIRES, "--caa-server", here.server.address).stdout
    assert "an alias of host.deep.provider.example" in said
    assert not here.signs("bare.cdn.example", *REQUIRES)


def test_issue_binds_with_an_identity_and_without(desk):
    records = [caa("a", "issue", "ca.example"), caa("b", "issue", ";"),
               caa("c", "issue", "other.example"), caa("d", "issue", "ca.example; accounturi=x"),
               caa("w", "issuewild", "ca.example"), caa("w", "issue", ";"),
               caa("e", "requireddomain", GLUE), caa("e", "issue", "other.example")]
    ours = ["--caa-identity", "ca.example"]
    here = desk(*records)
    for name, allowed in (("a.example", True), ("b.example", False), ("c.example", False),
                          ("d.example", False), ("*.w.example", True), ("w.example", False),
                          ("none.example", True)):
        assert here.signs(name, *ours) == allowed, name
        assert here.signs(name) == (name == "none.example"), name
    assert not here.signs("e.example", *ours, *REQUIRES)
    assert here.signs("e.example", "--caa-identity", "other.example", *REQUIRES)


def test_a_ca_with_an_identity_of_its_own_always_asks(desk):
    here = desk(caa("a", "issue", "ca.example"), caa("b", "issue", "other.example"),
                new_ca=["--caa-identity", "CA.example"])
    assert (here.dir / "ca" / "caa-identity").read_text() == "ca.example\n"
    assert here.signs("a.example") and not here.signs("b.example")
    (here.dir / "ca" / "caa-identity").write_text("# ours\nnot a name\n")
    done = here.sign("a.example")
    assert done.returncode == 1 and "caa-identity:2: is not a domain name" in done.stderr


def test_critical_unknowns_and_malformed_records_refuse(desk):
    grant = "requireddomain"
    here = desk(caa("a", grant, GLUE), caa("a", "tbs", "x", flags=128),
                caa("b", grant, GLUE), caa("b", "tbs", "x", flags=127),
                caa("c", grant, GLUE), caa("c", "t-s", "x"))
    assert not here.signs("a.example", *REQUIRES)
    assert here.signs("b.example", *REQUIRES)
    assert not here.signs("c.example", *REQUIRES)


def test_a_failure_of_dns_refuses(desk):
    here = desk(zones=[lame("broken.example")])
    done = here.sign("www.broken.example", *REQUIRES)
    assert done.returncode == 1
    assert "DNS did not tell the CAA records of www.broken.example" in done.stderr
    assert not here.signs("www.broken.example")


def test_what_is_bogus_refuses_and_what_is_signed_is_secure(desk, dns, tmp_path):
    here = desk(caa("cdn", "requireddomain", GLUE), is_signed=True)
    asked = ["caa", SHARED, *REQUIRES, "--caa-server", here.server.address, "--json"]
    plain = json.loads(cert(*asked).stdout)
    assert plain["allowed"] and not plain["names"][0]["secure"]
    checked = json.loads(cert(*asked, "--dnssec-anchor", here.server.anchor).stdout)
    assert checked["allowed"] and checked["names"][0]["secure"]
    other = dns(zone("example", is_signed=True))
    done = cert(*asked, "--dnssec-anchor", other.anchor)
    assert done.returncode == 1
    assert "DNS did not tell" in json.loads(done.stdout)["why"]


def test_skipping_says_so_and_is_written_down(tmp_path):
    assert cert("new-ca", "ca", cwd=tmp_path).returncode == 0
    done = cert("new", SHARED, *REQUIRES, "--ca", "ca", "--insecure-skip-caa", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--insecure-skip-caa" in done.stderr
    events = [json.loads(line) for line in (tmp_path / "ca" / "audit.log").read_text().splitlines()]
    assert any(e.get("insecure-skip-caa") is True and e["outcome"] == "issued" for e in events)


def test_a_request_for_signature_is_asked_for_as_well(desk):
    here = desk(caa("ok", "requireddomain", GLUE))
    for name, allowed in (("ok.example", True), ("no.example", False)):
        done = cert("csr", name, *REQUIRES, "--out", here.dir)
        assert done.returncode == 0, done.stderr
        done = cert("sign", here.dir / f"{name}.csr", "--ca", here.dir / "ca", "--out",
                    here.dir / "signed", "--caa-server", here.server.address)
        assert (done.returncode == 0) == allowed, done.stderr


def test_ordinary_certificates_of_a_private_ca_need_no_dns(tmp_path):
    """No resolver is asked: this machine's may be anything."""
    assert cert("new-ca", "ca", cwd=tmp_path).returncode == 0
    done = cert("new", "www.nowhere.example", "localhost", "--ca", "ca", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    openssl("x509", "-in", str(tmp_path / "www.nowhere.example.pem"), "-noout")


def test_each_record_is_explained(desk):
    here = desk(caa("cdn", "requireddomain", GLUE), caa("cdn", "requireddomain", "\x1b[31m"),
                caa("cdn", "issue", "other.example"))
    done = cert("caa", SHARED, *REQUIRES, "--caa-server", here.server.address)
    assert done.returncode == 1
    assert "CAA records of cdn.example (not validated)" in done.stdout
    assert '0 requireddomain "\\x1b[31m"\n      withholds: it is no name' in done.stdout
    assert f'0 requireddomain "{GLUE}"\n      grants: it covers' in done.stdout
    assert done.stdout.splitlines()[-1].startswith("refused: CAA refuses shared.cdn.example: ")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("args", [["caa"], ["caa", "not a name"],
                                  ["caa", "a.example", "--required-domain", ".."],
                                  ["caa", "a.example", "--ca"],
                                  ["caa", "a.example", "--ca", "nowhere"]])
def test_a_mistake_is_named(args):
    done = cert(*args)
    assert done.returncode == 2 and done.stderr.startswith("codicil cert: ")


def test_an_option_of_no_use_is_named(tmp_path):
    for args in (["--caa-identity", "a b"], ["--caa-server", "nonsense"], ["--caa-server", "*"]):
        for command in ("caa", "new", "sign", "glue"):
            done = cert(command, "a.example", *args)
            assert done.returncode == 2 and args[1] in done.stderr, (command, args, done)
    done = cert("new-ca", tmp_path / "ca", "--caa-identity", "a b")
    assert done.returncode == 2 and "'a b' is not a domain name" in done.stderr
    assert not (tmp_path / "ca").exists()
    done = cert("caa", "a.example", "--dnssec-anchor", tmp_path / "nowhere")
    assert done.returncode == 1 and "nowhere" in done.stderr
