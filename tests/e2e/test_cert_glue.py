"""`codicil cert glue`: a CDN's certificates in one command, all of them or none."""

import os
import re
import socket
import subprocess
import threading

import pytest
from cert_tools import SKIP, audit, extension, listed, made, mode, refused, text_of
from harness.codicil import program
from harness.dns import caa, zone
from harness.pki import REQUIRED_DOMAIN, openssl, required_domain_der

SITES = ["www.shop.example", "www.news.example", "www.bank.example"]


@pytest.fixture
def ca_dir(tmp_path):
    made("new-ca", tmp_path / "ca")
    return tmp_path / "ca"


@pytest.fixture
def here(ca_dir):
    return ca_dir.parent


def glue(ca_dir, *args, call=made, sites=SITES, **more):
    flags = [word for site in sites for word in ("--site", site)]
    return call("glue", *flags, "--shared", "shared.cdn.example", "--ca", ca_dir, *args,
                cwd=ca_dir.parent, **more)


def test_a_cdn_s_certificates_form_a_chain_of_proofs(ca_dir, here):
    glue(ca_dir, SKIP, "--glue", "glue.cdn.example")
    for site in SITES:
        pem = here / f"glue-{site}.pem"
        assert extension(pem, REQUIRED_DOMAIN) == required_domain_der(site)
        openssl("verify", "-CAfile", f"{ca_dir}/ca.pem", "-verify_hostname", "glue.cdn.example",
                str(pem))
        assert mode(here / f"glue-{site}.key") == 0o600
    shared = here / "shared.cdn.example.pem"
    assert extension(shared, REQUIRED_DOMAIN) == required_domain_der("glue.cdn.example")
    assert [e["profile"] for e in listed(ca_dir)] == ["root", "glue", "glue", "glue", "server"]
    keys = {openssl("pkey", "-in", f"{here}/{n}", "-pubout") for n in os.listdir(here)
            if n.endswith(".key")}
    assert len(keys) == 4


def test_the_glue_name_is_below_the_shared_one_unless_told(ca_dir, here):
    glue(ca_dir, SKIP, "--intermediate", "--alg", "ed25519", "--days", "3")
    assert "DNS:glue.shared.cdn.example" in text_of(here / "glue-www.shop.example.pem")
    shared = here / "shared.cdn.example.pem"
    assert extension(shared, REQUIRED_DOMAIN) == required_domain_der("glue.shared.cdn.example")
    openssl("verify", "-CAfile", f"{ca_dir}/ca.pem", "-untrusted", str(shared), str(shared))


def test_what_it_prints_is_a_configuration_that_the_server_takes(ca_dir, here):
    said = glue(ca_dir, SKIP, sites=SITES[:2]).stdout
    snippet = said.split("# for the configuration of codicil serve:\n")[1]
    for site in SITES[:2]:
        made("new", site, "--ca", ca_dir, cwd=here)
        snippet += (f"  {site}:\n    certificate: {site}.pem\n    key: {site}.key\n    root: .\n"
                    "    secondary: [shared.cdn.example]\n")
    (here / "c.yaml").write_text('listen: ["127.0.0.1:0"]\n' + snippet, encoding="ascii")
    done = subprocess.run([program(), "serve", "--check", "-c", "c.yaml"], cwd=here,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search("required domain|glue", done.stderr, re.I), done.stderr


def test_caa_is_asked_for_the_glue_name_and_for_the_shared_one(ca_dir, here, dns):
    every = [caa("glue.shared.cdn", "requireddomain", site) for site in SITES]
    shared = caa("cdn", "requireddomain", "glue.shared.cdn.example")
    server = dns(zone("example", *every, shared))
    glue(ca_dir, "--caa-server", f"127.0.0.1:{server.port}")
    assert len([e for e in audit(ca_dir) if e["outcome"] == "issued"]) == 5


def test_one_that_caa_does_not_allow_stops_all(ca_dir, here, dns):
    two = [caa("glue.shared.cdn", "requireddomain", site) for site in SITES[:2]]
    shared = caa("cdn", "requireddomain", "glue.shared.cdn.example")
    server = dns(zone("example", *two, shared))
    glue(ca_dir, "--caa-server", f"127.0.0.1:{server.port}", call=refused, says="www.bank.example")
    assert [n for n in os.listdir(here) if n.endswith((".pem", ".key"))] == []
    assert len(listed(ca_dir)) == 1


def test_one_file_in_the_way_stops_all_before_anything_is_signed(ca_dir, here):
    (here / "shared.cdn.example.key").write_text("")
    glue(ca_dir, SKIP, call=refused, says="shared.cdn.example.key: exists already")
    assert sorted(os.listdir(here)) == ["ca", "shared.cdn.example.key"]
    assert len(listed(ca_dir)) == 1


def test_one_file_that_cannot_be_written_takes_all_back(ca_dir, here):
    os.symlink("nowhere", here / "shared.cdn.example.key")
    glue(ca_dir, SKIP, "--intermediate", call=refused)
    assert sorted(os.listdir(here)) == ["ca", "shared.cdn.example.key"]
    assert not os.path.exists(ca_dir / "intermediate.pem")
    assert [e["state"] for e in listed(ca_dir)] == ["issued", *["revoked"] * 5]


class Counter(socket.socket):
    num, to = 0, None


@pytest.fixture
def counter():
    """Passes questions on to `counter.to`, and counts them."""
    with Counter(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=pass_on, args=[sock])
        thread.start()
        yield sock
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", sock.getsockname())
        thread.join()


def pass_on(sock):
    while True:
        question, asker = sock.recvfrom(4096)
        if not question:
            return
        sock.num += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as onward:
            onward.settimeout(10)
            onward.sendto(question, ("127.0.0.1", sock.to))
            sock.sendto(onward.recv(4096), asker)


def test_dns_is_asked_once_for_a_name_that_many_certificates_have(ca_dir, dns, counter):
    sites = [f"s{i}.example" for i in range(9)]
    counter.to = dns(zone("example", *[caa("cdn", "requireddomain", name) for name in
                                       (*sites, "glue.cdn.example")])).port
    glue(ca_dir, "--glue", "glue.cdn.example", "--caa-server",
         f"127.0.0.1:{counter.getsockname()[1]}", sites=sites)
    assert counter.num == 3  # glue.cdn.example, shared.cdn.example, cdn.example


def test_hundreds_of_sites_are_one_command(ca_dir, here):
    glue(ca_dir, SKIP, "--out", here / "many", sites=[f"s{i}.example" for i in range(256)])
    assert len(os.listdir(here / "many")) == 2 * 257
    assert len({e["serial"] for e in listed(ca_dir)}) == 258


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--site", "a.example", "--ca", "ca"], "glue needs"),
        (["--shared", "s.example", "--ca", "ca"], "glue needs"),
        (["--site", "a.example", "--shared", "s.example"], "glue needs"),
        (["a.example", "--site", "a.example", "--shared", "s.example", "--ca", "ca"], "options only"),
        (["--site", "*.a.example", "--shared", "s.example", "--ca", "ca"], "no wildcard"),
        (["--site", "192.0.2.1", "--shared", "s.example", "--ca", "ca"], "is a host name"),
        (["--site", "a.example", "--shared", "192.0.2.1", "--ca", "ca"], "is a host name"),
        (["--site", "a.example", "--site", "A.example", "--shared", "s.example", "--ca", "ca"],
         "given twice"),
        (["--site", "a.example", "--shared", "s.example", "--glue", "s.example", "--ca", "ca"],
         "nothing would prove it"),
        (["--site", "a.example", "--shared", "s.example", "--glue", "a.example", "--ca", "ca"],
         "is a site, and the glue name too"),
        (["--site", "s.example", "--shared", "s.example", "--ca", "ca"],
         "is a site, and the shared name too"),
    ],
)
def test_a_mistake_is_named_and_leaves_no_file(ca_dir, here, args, says):
    refused("glue", *args, SKIP, cwd=here, says=says)
    assert sorted(os.listdir(here)) == ["ca"]
