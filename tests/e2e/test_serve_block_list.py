"""The server's block list: what is on it is not sent, from the next moment on, without a restart."""

import json
import os
import signal
import subprocess

import pytest
from harness.codicil import Serve, Site, ask, badpeer, badpeer_command, get_command
from harness.pki import openssl
from harness.process import Process, wait_until

pytestmark = pytest.mark.http("h2", "h3")


def spki(certificate):
    """The entry that blocks a certificate's key."""
    pem = openssl("x509", "-in", certificate.leaf, "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "DER", text=pem)
    return "spki " + openssl("dgst", "-sha256", "-r", text=der).split()[0].decode() + "\n"


def tells(server, text, num=1):
    """Waits until the server has said `text` so many times."""

    def said():
        return [line for line in server.errors if text in line][num - 1 :]

    return wait_until(said, what=f"{text!r}")[0]


class Blocked:
    """A server with a block list; `text` is what the list holds at first."""

    def __init__(self, serve, tmp_path, sites, text="", extra=""):
        self.path = tmp_path / "blocked.txt"
        self.path.write_text(text, encoding="ascii")
        self.server = serve(sites, extra=f"block-list: {self.path}\n{extra}")
        self.port = self.server.port

    def replace(self, text):
        """Puts another list in the place of the one that is there."""
        other = self.path.with_suffix(".new")
        other.write_text(text, encoding="ascii")
        os.replace(other, self.path)

    def block(self, text):
        self.replace(text)
        return tells(self.server, "read anew")

    def sees(self, sni, num):
        """What a new connection is sent: names of certificates, and ORIGIN's hosts."""
        flags = ["--port", self.port, "--sni", sni, "--authority", f"{sni}:{self.port}"]
        report = badpeer("call", "get", *flags, "--expect", num)[0]
        names = [a["names"][0] for a in report["authenticators"]]
        return names, sorted(o.split("/")[2].split(":")[0] for o in report["origins"])

    def stay(self, scenario, authority, sni="a.example", num=2):
        flags = ["--port", self.port, "--sni", sni, "--expect", num]
        return Process(badpeer_command("call", scenario, *flags, "--authority",
                                       f"{authority}:{self.port}"))


@pytest.fixture
def blocked(serve, tmp_path, three_sites):
    def start(text="", sites=None, extra=""):
        return Blocked(serve, tmp_path, sites or three_sites, text, extra)

    return start


@pytest.fixture
def with_required(ca, certs, roots, three_sites):
    """b.example's certificate is for connections of a.example alone."""
    b = ca.issue("b-for-a", ["b.example"], required=["a.example"])
    return [three_sites[0], Site("b.example", b, roots["b"]), three_sites[2]]


def test_a_certificate_on_the_list_is_not_sent(blocked, with_required):
    server = blocked("# withdrawn in May\nbreadcrumb a.example\n", with_required)
    assert server.sees("a.example", 1) == (["c.example"], ["a.example", "c.example"])


def test_the_list_may_be_named_on_the_command_line(serve, with_required, tmp_path):
    (tmp_path / "list").write_text("breadcrumb a.example\n", encoding="ascii")
    server = serve(with_required, args=["--block-list", tmp_path / "list"])
    fields = [":method=GET", ":scheme=https", ":path=/", f":authority=a.example:{server.port}"]
    flags = ["--port", server.port, "--sni", "a.example", "--expect", 1]
    report = badpeer("request", *flags, *fields)[0]
    assert [a["names"] for a in report["authenticators"]] == [["c.example"]]


def test_a_blocked_site_still_answers_its_own_clients(blocked, certs):
    # As a secondary certificate it is not sent; in handshakes it is until somebody replaces it.
    server = blocked()
    server.block(spki(certs["b"]))
    assert "b.pem" in tells(server.server, "used in handshakes")
    assert ask(server.port, f"b.example:{server.port}")["status"] == 200


def test_a_change_of_the_file_counts_for_new_connections(blocked, certs):
    server = blocked()
    assert server.sees("a.example", 2)[0] == ["b.example", "c.example"]
    said = server.block(spki(certs["b"]))
    assert "entries: 1, certificates that are not proven: 1" in said and str(server.path) in said
    assert server.sees("a.example", 1)[0] == ["c.example"]
    server.replace("# nothing any more\n")
    tells(server.server, "read anew", 2)
    assert server.sees("a.example", 2)[0] == ["b.example", "c.example"]


@pytest.mark.http("h2", why="how a file is watched has nothing to do with HTTP")
@pytest.mark.parametrize("link", ["list", "directory"])
def test_a_list_behind_a_symbolic_link_is_watched(serve, tmp_path, three_sites, certs, link):
    # A deployment moves a link to the next release's directory; inotify sees no change of the name.
    listed = spki(certs["b"])
    for version, text in (("1", ""), ("2", listed)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "list").write_text(text, encoding="ascii")
    os.symlink("1/list" if link == "list" else "1", tmp_path / "now")
    path = tmp_path / "now" if link == "list" else tmp_path / "now" / "list"
    server = serve(three_sites, extra=f"block-list: {path}\n")
    # A change soon after the start is read in any case, and so is the one after it: three tell.
    for turn, (version, text) in enumerate([("2", listed), ("1", ""), ("2", listed)], 1):
        if link == "list":
            (tmp_path / "1" / "list").write_text(text, encoding="ascii")
        else:
            os.symlink(version, tmp_path / "next")
            os.replace(tmp_path / "next", tmp_path / "now")
        assert f"entries: {turn % 2}," in tells(server, "read anew", turn)


def test_an_open_connection_is_no_authority_any_more_and_ends(blocked, certs, http):
    server = blocked()
    client = server.stay("get-until-refused", "b.example")
    server.server.log(1)
    server.block(spki(certs["b"]))
    report = json.loads(client.wait_line("{"))
    statuses = [r["status"] for r in report["responses"]]
    assert statuses[0] == 200 and 421 in statuses, statuses
    assert report["goaways"] == 2 and report["closed"], report
    assert http.is_peace(report["code"]), report


def test_the_other_names_of_an_ending_connection_are_served_to_the_end(blocked, certs, http):
    server = blocked()
    client = server.stay("get-until-refused", "c.example")
    server.server.log(1)
    server.block(spki(certs["b"]))
    report = json.loads(client.wait_line("{"))
    assert {r["status"] for r in report["responses"] if r["done"]} == {200}
    assert report["goaways"] == 2 and http.is_peace(report["code"]), report


def test_connections_that_have_nothing_to_do_with_it_live_on(blocked, certs):
    server = blocked()
    ends = server.stay("get-and-stay", "a.example")
    stays = server.stay("get-and-stay", "c.example", sni="c.example", num=0)
    server.server.log(2)
    server.block(spki(certs["b"]))
    assert json.loads(ends.wait_line("{"))["goaways"] == 2
    assert stays.is_alive() and not stays.lines
    assert server.server.stop() == 0
    assert json.loads(stays.wait_line("{"))["goaways"] == 2


@pytest.mark.http("h2", why="QUIC is TLS 1.3")
def test_a_connection_that_was_sent_no_certificate_lives_on(blocked, certs):
    server = blocked(extra="workers: 1\n")
    ends = server.stay("get-and-stay", "a.example")
    server.server.log(1)
    flags = ["--tls12", "--no-ems", "--port", server.port, "--sni", "a.example", "--expect", 0]
    authority = f"a.example:{server.port}"
    stays = Process(badpeer_command("call", "get-and-stay", *flags, "--authority", authority))
    server.server.log(2)
    server.block(spki(certs["b"]))
    assert json.loads(ends.wait_line("{"))["goaways"] == 2
    assert stays.is_alive() and not stays.lines
    assert server.server.stop() == 0
    assert json.loads(stays.wait_line("{"))["goaways"] == 2


def test_a_response_under_way_is_finished(blocked, certs, ca, roots, tmp_path):
    os.makedirs(tmp_path / "big")
    with open(tmp_path / "big" / "file", "wb") as f:
        f.write(os.urandom(1 << 20) * 40)  # fits into no window
    server = blocked(sites=[
        Site("a.example", certs["a"], tmp_path / "big", secondary=["b.example"]),
        Site("b.example", certs["b"], roots["b"]),
    ])
    flags = ["-s", "--cacert", ca.pem, "--resolve", f"a.example:{server.port}:127.0.0.1"]
    full = get_command(*flags, f"https://a.example:{server.port}/file")
    with subprocess.Popen(full, stdout=subprocess.PIPE, bufsize=0) as client:
        assert client.stdout.read(1)
        server.block(spki(certs["b"]))
        assert len(client.communicate(timeout=60)[0]) + 1 == 40 << 20
        assert client.returncode == 0


def test_all_workers_have_the_new_list(blocked, certs):
    server = blocked(extra="workers: 4\n")
    server.sees("a.example", 2)
    clients = [server.stay("get-and-stay", "a.example") for _ in range(12)]
    server.server.log(13)
    server.block(spki(certs["b"]))
    for client in clients:
        assert json.loads(client.wait_line("{"))["goaways"] == 2
    for _ in range(12):
        assert server.sees("a.example", 1)[0] == ["c.example"]


def test_sighup_reads_the_list_changed_or_not(blocked):
    server = blocked("breadcrumb x.example\n")
    server.server.child.send_signal(signal.SIGHUP)
    assert "entries: 1," in tells(server.server, "read anew")


def test_sighup_without_a_list_changes_nothing(serve, three_sites):
    server = serve(three_sites)
    server.child.send_signal(signal.SIGHUP)
    tells(server, "none is configured")
    assert ask(server.port, f"a.example:{server.port}")["status"] == 200


def test_a_file_with_a_mistake_leaves_the_list_as_it_was(blocked, certs):
    server = blocked()
    server.block(spki(certs["b"]))
    server.replace("breadcrumb ok.example\nspki xyz\n")
    said = tells(server.server, "stays as it was")
    assert f"{server.path}:2: " in said
    assert server.sees("a.example", 1)[0] == ["c.example"]
    os.remove(server.path)
    server.server.child.send_signal(signal.SIGHUP)
    tells(server.server, "stays as it was", 2)
    assert server.sees("a.example", 1)[0] == ["c.example"]


@pytest.mark.http("h2", why="how a process starts has nothing to do with HTTP")
@pytest.mark.parametrize("text", ["breadcrumb\n", None])
def test_a_list_that_cannot_be_read_keeps_the_server_from_starting(tmp_path, three_sites, text):
    path = tmp_path / "list"
    if text:
        path.write_text(text, encoding="ascii")
    with pytest.raises(AssertionError) as failure:
        Serve(tmp_path / "serve", three_sites, extra=f"block-list: {path}\n")
    assert f"codicil.yaml:3:13: error: {path}" in str(failure.value)


@pytest.mark.http("h2", why="how a process starts has nothing to do with HTTP")
def test_a_site_whose_certificate_is_on_the_list_keeps_the_server_from_starting(
    tmp_path, three_sites, certs
):
    path = tmp_path / "list"
    path.write_text(spki(certs["b"]), encoding="ascii")
    with pytest.raises(AssertionError) as failure:
        Serve(tmp_path / "serve", three_sites, extra=f"block-list: {path}\n")
    assert "codicil.yaml:" in str(failure.value) and "is on the block list" in str(failure.value)
