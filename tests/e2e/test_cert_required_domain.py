"""`codicil cert new --required-domain`: what is signed, what is not, and what the log says of it."""

import os

import pytest
from cert_tools import SKIP, audit, cert, extension, listed, made, refused, text_of
from harness.dns import caa, lame, zone
from harness.pki import REQUIRED_DOMAIN, required_domain_der


@pytest.fixture
def ca_dir(tmp_path):
    made("new-ca", tmp_path / "ca")
    return tmp_path / "ca"


def new(ca_dir, *args, call=made, **more):
    return call("new", "img.cdn.example", "--ca", ca_dir, *args, cwd=ca_dir.parent, **more)


def asks(server):
    return ["--caa-server", f"127.0.0.1:{server.port}"]


@pytest.mark.parametrize(
    "names",
    [
        ["www.site.example"],
        ["*.site.example"],
        ["192.0.2.1"],
        ["2001:db8::1"],
        ["*"],
        ["www.site.example", "site.example", "192.0.2.1"],
    ],
)
def test_the_extension_is_a_name_or_a_list_of_names_and_never_critical(ca_dir, names):
    flags = [word for name in names for word in ("--required-domain", name)]
    new(ca_dir, *flags, SKIP)
    pem = ca_dir.parent / "img.cdn.example.pem"
    assert extension(pem, REQUIRED_DOMAIN) == required_domain_der(*names)
    assert f"{REQUIRED_DOMAIN}: critical" not in text_of(pem)
    assert listed(ca_dir)[-1]["required_domains"] == names


def test_commas_and_options_make_one_list_in_normal_form(ca_dir):
    new(ca_dir, "--required-domain", "WWW.site.example,bücher.example", "--required-domain",
        "www.site.example.,[2001:DB8::1]", SKIP)
    names = ["www.site.example", "xn--bcher-kva.example", "2001:db8::1"]
    pem = ca_dir.parent / "img.cdn.example.pem"
    assert extension(pem, REQUIRED_DOMAIN) == required_domain_der(*names)


def test_another_object_identifier_may_be_chosen(ca_dir):
    new(ca_dir, "--required-domain", "a.example", "--codepoints", "oid=1.2.3.4", SKIP)
    pem = ca_dir.parent / "img.cdn.example.pem"
    assert extension(pem, "1.2.3.4") == required_domain_der("a.example")
    assert REQUIRED_DOMAIN not in text_of(pem)


def test_any_connection_is_warned_of(ca_dir):
    assert "warning: Required Domain '*'" in new(ca_dir, "--required-domain", "*", SKIP).stderr


@pytest.mark.parametrize(
    ("names", "required", "says"),
    [
        (["192.0.2.1"], "www.site.example", "a certificate for an address"),
        (["www.example.com", "192.0.2.1"], "www.site.example", "a certificate for an address"),
        (["*.co.uk"], "www.site.example", "spans a public suffix"),
        (["*.github.io"], "www.site.example", "spans a public suffix"),
        (["a.example"], "*.co.uk", "spans a public suffix"),
        (["a.example"], "*.github.io", "spans a public suffix"),
        (["a.example"], "b.example,", "required domain ''"),
        (["a.example"], "not a name", "required domain 'not a name'"),
        (["a.example"], "a.*.example", "required domain 'a.*.example'"),
        (["a.example"], "*.example", "required domain '*.example'"),
        (["a.example"], ",".join(f"a{i}.example" for i in range(65)), "64 required domains"),
    ],
)
def test_what_could_not_be_used_is_refused_before_anything_is_signed(ca_dir, names, required, says):
    refused("new", *names, "--ca", ca_dir, "--required-domain", required, SKIP, cwd=ca_dir.parent,
            says=says)
    assert sorted(os.listdir(ca_dir.parent)) == ["ca"]
    assert [entry["profile"] for entry in listed(ca_dir)] == ["root"]


def test_a_wildcard_above_a_public_suffix_is_an_ordinary_certificate_s_own_affair(ca_dir):
    made("new", "*.co.uk", "--ca", ca_dir, cwd=ca_dir.parent)


# ---- CAA ----------------------------------------------------------------------------------------


def test_caa_that_names_the_required_domain_allows_it(ca_dir, dns):
    server = dns(zone("example", caa("cdn", "requireddomain", "*.site.example")))
    new(ca_dir, "--required-domain", "www.site.example", *asks(server))
    event = audit(ca_dir)[-1]
    assert event["outcome"] == "issued" and event["caa"]
    assert "insecure-skip-caa" not in event
    assert event["required_domains"] == ["www.site.example"]


@pytest.mark.parametrize(
    "zones",
    [
        [zone("example")],
        [zone("example", caa("cdn", "requireddomain", "www.other.example"))],
        [zone("example", caa("cdn", "requireddomain", "www.site.example"),
              caa("cdn", "issue", "other-ca.example"))],
        [zone("example", caa("cdn", "requireddomain", "www.site.example"),
              caa("cdn", "unknown", "x", flags=128))],
        [zone("example"), lame("cdn.example")],
    ],
    ids=["none", "other", "issue", "critical", "servfail"],
)
def test_without_caa_s_leave_nothing_is_signed(ca_dir, dns, zones):
    done = new(ca_dir, "--required-domain", "www.site.example", *asks(dns(*zones)), call=refused,
               says="codicil cert: CAA refuses ")
    assert "CAA of img.cdn.example" in done.stderr
    assert "img.cdn.example.pem" not in os.listdir(ca_dir.parent)
    event = audit(ca_dir)[-1]
    assert event["outcome"] == "refused" and event["why"] in done.stderr
    assert "serial" not in event
    assert [entry["profile"] for entry in listed(ca_dir)] == ["root"]


def test_every_name_of_the_certificate_needs_leave(ca_dir, dns):
    server = dns(zone("example", caa("cdn", "requireddomain", "www.site.example")))
    refused("new", "img.cdn.example", "img.other.example", "--ca", ca_dir, *asks(server),
            "--required-domain", "www.site.example", cwd=ca_dir.parent, says="img.other.example")


def test_another_property_may_be_asked_for(ca_dir, dns):
    server = dns(zone("example", caa("cdn", "mineonly", "www.site.example")))
    flags = ["--required-domain", "www.site.example", *asks(server)]
    new(ca_dir, *flags, call=refused)
    new(ca_dir, *flags, "--codepoints", "caa-tag=mineonly")


def test_an_ordinary_certificate_asks_dns_only_where_told_to(ca_dir, dns):
    server = dns(zone("example", caa("cdn", "issue", "ca.example")))
    new(ca_dir, *asks(server), call=refused, says="codicil cert: CAA refuses ")
    new(ca_dir, *asks(server), "--caa-identity", "ca.example", "--out", ca_dir.parent / "asked")
    new(ca_dir, "--out", ca_dir.parent / "not-asked")


def test_what_skips_caa_is_written_down(ca_dir):
    done = new(ca_dir, "--required-domain", "www.site.example", SKIP)
    assert "warning: CAA was not asked" in done.stderr
    events = audit(ca_dir)
    assert [e["outcome"] for e in events] == ["signing", "issued"] * 2
    assert all(e["insecure-skip-caa"] is True for e in events[2:])


OWN = "its required domain {} is a name of its own, which it never proves itself"


@pytest.mark.parametrize("required", ["img.cdn.example", "*.cdn.example"])
def test_a_name_of_its_own_is_warned_of_in_the_words_of_lint(ca_dir, required):
    flags = ["--required-domain", required]
    done = new(ca_dir, *flags, SKIP)
    assert "codicil cert: warning: img.cdn.example: " + OWN.format(required) in done.stderr
    assert OWN.format(required) in cert("lint", ca_dir.parent / "img.cdn.example.pem").stdout
    csr = made("csr", "img.cdn.example", *flags, "--out", ca_dir.parent / "asked")
    assert OWN.format(required) in csr.stderr
    done = made("sign", ca_dir.parent / "asked" / "img.cdn.example.csr", "--ca", ca_dir, SKIP,
                "--out", ca_dir.parent / "asked")
    assert OWN.format(required) in done.stderr


def test_no_name_of_its_own_is_no_reason_for_a_warning(ca_dir):
    done = new(ca_dir, "--required-domain", "*,www.site.example", SKIP)
    assert "name of its own" not in done.stderr


def test_the_warning_is_for_those_who_skip(ca_dir):
    assert cert("new", "a.example", "--ca", ca_dir, cwd=ca_dir.parent).stderr == ""
