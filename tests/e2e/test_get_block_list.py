"""The client's block list, changed while requests are under way.

A body for standard output that nobody reads keeps its request, and its connection, alive.
"""

import os
import signal
import subprocess
import threading

import pytest
from harness.codicil import Site, get, get_command
from harness.pki import Authority, openssl
from harness.process import wait_until

pytestmark = pytest.mark.http("h2", "h3")


def spki(certificate):
    """The entry that blocks a certificate's key."""
    return spki_of(certificate.leaf)


def spki_of(path):
    pem = openssl("x509", "-in", path, "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "DER", text=pem)
    return "spki " + openssl("dgst", "-sha256", "-r", text=der).split()[0].decode() + "\n"


class Client:
    """`codicil get -v` with a block list, whose standard output is read at the end only."""

    def __init__(self, directory, ca, port, *args):
        self.path = directory / "blocked.txt"
        self.path.write_text("# nothing yet\n", encoding="ascii")
        flags = ["-v", "--cacert", ca.pem, "--resolve", f"*:{port}:127.0.0.1", "--max-time", "30",
                 "--coalesce-wait", "3000", "--block-list", self.path]
        self.errors, self.read = [], 0
        self.child = subprocess.Popen(  # pylint: disable=consider-using-with
            get_command(*flags, *args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        for line in self.child.stderr:
            self.errors.append(line.decode(errors="replace").rstrip("\n"))

    def tells(self, text):
        wait_until(lambda: any(text in line for line in self.errors), what=repr(text))

    def block(self, text, says="read anew"):
        """Puts another list in the place of the one that is there."""
        other = self.path.with_suffix(".new")
        other.write_text(text, encoding="ascii")
        os.replace(other, self.path)
        self.tells(says)

    def end(self):
        """Reads what there is to read; returns the exit code."""
        self.read = len(self.child.stdout.read())
        self.child.wait(30)
        self.thread.join(5)
        self.child.stdout.close()
        self.child.stderr.close()
        return self.child.returncode


@pytest.fixture
def client(tmp_path, ca):
    started = []

    def start(port, *args):
        started.append(Client(tmp_path, ca, port, *args))
        return started[-1]

    yield start
    for each in started:
        if each.child.poll() is None:
            each.child.kill()
            each.end()


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites)


def urls(server, *what):
    return [f"https://{each.replace('/', f':{server.port}/', 1)}" for each in what]


def test_a_request_in_flight_ends_when_its_certificate_is_listed(server, client, certs):
    c = client(server.port, "-o", "/dev/null", *urls(server, "a.example/", "b.example/large"))
    c.tells("/large goes here (secondary)")
    c.block(spki(certs["b"]))
    assert c.end() == 60
    assert any("secondary certificate" in e and "rejected, blocked" in e for e in c.errors)
    assert any(e.startswith("codicil get: (60) ") and "on the block list" in e for e in c.errors)


def test_a_connection_ends_when_its_own_certificate_is_listed(server, client, certs):
    c = client(server.port, *urls(server, "a.example/large"))
    c.tells("/large")
    c.tells("handshake certificate 0")
    c.block(spki(certs["a"]))
    assert c.end() == 60
    assert any("the server's certificate is on the block list (blocked)" in e for e in c.errors)


@pytest.mark.parametrize("listed", ["intermediate", "root"])
def test_a_connection_ends_when_what_signed_its_certificate_is_listed(
        serve, client, ca, roots, tmp_path, listed):
    intermediate = Authority(tmp_path / "intermediate", name="Intermediate", issuer=ca)
    below = intermediate.issue("below", ["a.example"])
    server = serve([Site("a.example", below, roots["a"])])
    c = client(server.port, *urls(server, "a.example/large"))
    c.tells("handshake certificate 0")
    c.block(spki_of({"intermediate": intermediate, "root": ca}[listed].pem))
    assert c.end() == 60
    assert any("the server's certificate is on the block list (blocked)" in e for e in c.errors)


@pytest.fixture
def with_friend(serve, ca, certs, roots):
    """b.example has a certificate that is good beside a.example's only, and in handshakes."""
    friend = ca.issue("friend", ["b.example"], required=["a.example"])
    return serve([Site("a.example", certs["a"], roots["a"], secondary=["b.example"]),
                  Site("b.example", friend, roots["b"])])


def test_a_request_of_whose_body_nothing_is_out_is_sent_again(with_friend, client):
    c = client(with_friend.port, *urls(with_friend, "a.example/large", "b.example/large"))
    c.tells("/large goes here (secondary)")
    c.block("breadcrumb a.example\n")
    assert c.end() == 0, c.errors
    assert any("/large is sent again" in e and "on the block list" in e for e in c.errors)
    assert c.read == 2 * 1024 * 1024


def test_a_breadcrumb_sends_later_requests_elsewhere(with_friend, client, tmp_path):
    listed, port = tmp_path / "urls", with_friend.port
    b, held, last = urls(with_friend, "b.example/", "a.example/large", "b.example/?2")
    listed.write_text(f"https://a.example:{port}/\n{b}\n{held} after=2\n{last} after=3\n")
    outputs = ["-o", tmp_path / "1", "-o", tmp_path / "2", "-o", "-", "-o", tmp_path / "4"]
    c = client(port, *outputs, "--urls-from", listed)
    c.tells("/large goes here")
    c.block("breadcrumb a.example\n")
    assert c.end() == 0, c.errors
    assert any("opened for" in e and "/?2" in e and "(certificate)" in e for e in c.errors)
    assert (tmp_path / "4").read_bytes()


def test_a_list_that_does_not_parse_changes_nothing(server, client, certs):
    c = client(server.port, "-o", "/dev/null", *urls(server, "a.example/", "b.example/large"))
    c.tells("/large goes here (secondary)")
    c.block(spki(certs["b"]) + "nonsense\n", says="the block list stays as it was")
    assert any(e.startswith(f"codicil get: {c.path}:2: ") for e in c.errors)
    assert c.end() == 0, c.errors


def test_sighup_reads_the_list_again(server, client):
    c = client(server.port, *urls(server, "a.example/large"))
    c.tells("handshake certificate 0")
    c.child.send_signal(signal.SIGHUP)
    c.tells("read anew; entries: 0")
    assert c.end() == 0, c.errors


def test_a_list_that_does_not_parse_at_the_start_is_refused(tmp_path):
    path = tmp_path / "list"
    path.write_text("# fine\nspki 00\n", encoding="ascii")
    result = get("--block-list", path, "https://a.example/")
    assert result.code == 2 and f"--block-list: {path}:2: " in result.stderr
