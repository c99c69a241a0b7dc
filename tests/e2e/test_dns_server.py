"""The DNS server that tests ask: it says what it is told to, and nothing else."""

import re
import socket

from harness.dns import a, addresses, caa, cname, lame, query, zone

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


def test_it_serves_addresses_aliases_and_any_caa_tag(dns):
    server = dns(zone("example", a("www.site", "127.0.0.2", "::1"), cname("alias", "www.site.example"),
                      caa("site", "requireddomain", "glue.cdn.example", flags=128)))
    assert addresses(server.port, "www.site.example") == ["127.0.0.2"]
    assert addresses(server.port, "alias.example") == ["127.0.0.2"]
    _, (v6,) = query(server.port, "www.site.example", "AAAA")
    assert socket.inet_ntop(socket.AF_INET6, v6) == "::1"
    _, (record,) = query(server.port, "site.example", "CAA")
    assert record == b"\x80\x0erequireddomainglue.cdn.example"


def test_it_knows_no_other_names(dns):
    server = dns(zone("example"), lame("broken.example"))
    assert query(server.port, "none.example") == (NXDOMAIN, [])
    assert query(server.port, "www.broken.example") == (SERVFAIL, [])
    assert query(server.port, "www.elsewhere.example.net") == (REFUSED, [])


def test_a_changed_zone_is_served_once_change_returns(dns):
    server = dns(zone("example", a("www", "127.0.0.2")), zone("other.example", a("www", "127.0.0.9")))
    server.change(zone("example", a("www", "127.0.0.3")))
    assert addresses(server.port, "www.example") == ["127.0.0.3"]
    assert addresses(server.port, "www.other.example") == ["127.0.0.9"]


def test_a_signed_zone_stays_below_the_same_anchor(dns):
    server = dns(zone("example", a("www", "127.0.0.2"), is_signed=True))
    with open(server.anchor, encoding="ascii") as f:
        anchor = f.read()
    assert "DNSKEY" in anchor
    server.change(zone("example", a("www", "127.0.0.3"), is_signed=True))
    with open(server.anchor, encoding="ascii") as f:
        assert f.read() == anchor
    with open(f"{server.dir}/example.zone", encoding="ascii") as f:
        assert "RRSIG" in f.read()


def test_a_forged_address_leaves_signatures_as_they_were(dns):
    hosts = [a("www", "127.0.0.2"), a("img", "127.0.0.2")]
    server = dns(zone("example", *hosts, is_signed=True))
    server.change(zone("example", *hosts, is_signed=True, forged={"www.example": "127.0.0.3"}))
    assert addresses(server.port, "www.example") == ["127.0.0.3"]
    assert addresses(server.port, "img.example") == ["127.0.0.2"]
    with open(f"{server.dir}/example.zone", encoding="ascii") as f:
        assert len(re.findall(r"(?m)^www\.example\..*RRSIG\tA ", f.read())) == 1
