"""`codicil get` with many URLs and bodies: order, bounds, flags beside each other."""

import os
import pty
import subprocess

import pytest
from harness.codicil import get, get_command

pytestmark = pytest.mark.http("h2", "h3")

LARGE = b"0123456789abcdef" * 65536


@pytest.fixture
def server(serve, three_sites):
    return serve(three_sites)


def flags_for(server, ca):
    return ["--cacert", ca.pem, "--resolve", f"*:{server.port}:127.0.0.1", "--max-time", "30"]


def urls_of(server, names, path="/"):
    return [f"https://{n}.example:{server.port}{path}" for n in names]


def index(name):
    return f"<!doctype html><title>{name}.example</title>\n".encode()


def test_bodies_on_stdout_keep_the_order_of_the_urls(server, ca):
    # The large one is last to arrive and first to be written.
    urls = urls_of(server, "a", "/large") + urls_of(server, "bc")
    result = get("-s", *flags_for(server, ca), *urls)
    assert result.code == 0, result.stderr
    assert result.stdout == LARGE + index("b") + index("c")


def test_bodies_larger_than_a_window_wait_for_their_turn(server, ca):
    urls = urls_of(server, "abc", "/large")
    result = get("-s", *flags_for(server, ca), *urls)
    assert result.stdout == LARGE * 3


def test_w_follows_each_body(server, ca):
    result = get("-s", *flags_for(server, ca), "-w", "[%{urlnum}]", *urls_of(server, "abc"))
    assert result.stdout == b"".join(index(n) + f"[{i}]".encode() for i, n in enumerate("abc"))


def test_hundreds_of_requests_share_the_connection(server, ca):
    names = "abc" * 100
    text = "%{connection} %{http_code}\\n"
    flags = [*flags_for(server, ca), "--coalesce-wait", "3000", "-w", "%{stderr}" + text]
    result = get(*flags, *urls_of(server, names))
    assert result.code == 0
    assert result.stdout == b"".join(index(n) for n in names)
    assert result.stderr == "0 200\n" * 300


def test_one_at_a_time_is_the_same(server, ca):
    flags = [*flags_for(server, ca), "--parallel-max", "1", "--coalesce-wait", "3000"]
    result = get("-s", *flags, *urls_of(server, "abcabc"))
    assert result.stdout == b"".join(index(n) for n in "abcabc")


def test_some_bodies_go_to_files_and_the_others_to_stdout(server, ca, tmp_path):
    flags = [*flags_for(server, ca), "-o", tmp_path / "a", "-o", "-", "-o", tmp_path / "c"]
    result = get("-s", *flags, *urls_of(server, "abc"))
    assert result.stdout == index("b")
    assert (tmp_path / "a").read_bytes() == index("a")
    assert (tmp_path / "c").read_bytes() == index("c")


def test_f_fails_with_22_and_writes_no_body(server, ca):
    result = get("-f", *flags_for(server, ca), *urls_of(server, "a", "/nothing"))
    assert (result.code, result.stdout) == (22, b"")
    assert "404" in result.stderr


def test_s_hides_errors_and_big_s_shows_them(server, ca):
    url = f"https://other.example:{server.port}/"
    assert get("-s", *flags_for(server, ca), url).stderr == ""
    assert "other.example" in get("-sS", *flags_for(server, ca), url).stderr


def test_k_goes_on_and_trusts_nothing_else(server, ca):
    resolve = ["--resolve", f"*:{server.port}:127.0.0.1"]
    text = "%{connection} %{coalesced} [%{certificate}]\\n"
    urls = urls_of(server, "ab")
    result = get("-s", "-k", *resolve, "-o", os.devnull, "-o", os.devnull, "-w", text, *urls)
    assert result.code == 0, result.stderr
    assert result.stdout == b"0 false []\n1 false []\n"


def test_capath_and_ssl_cert_file_are_trusted(server, ca, tmp_path):
    (tmp_path / "ca.pem").write_text(open(ca.pem, encoding="ascii").read(), encoding="ascii")
    (tmp_path / "README").write_text("no certificate", encoding="ascii")
    resolve = ["-s", "--resolve", f"*:{server.port}:127.0.0.1"]
    urls = urls_of(server, "a")
    assert get(*resolve, "--capath", tmp_path, *urls).stdout == index("a")
    assert get(*resolve, *urls, env={"SSL_CERT_FILE": ca.pem}).stdout == index("a")
    assert get(*resolve, *urls, env={"SSL_CERT_FILE": "/nowhere"}).code == 77


def test_a_full_disk_is_23(server, ca):
    full = get_command("-s", *flags_for(server, ca), *urls_of(server, "a"))
    with open("/dev/full", "wb") as out:
        assert subprocess.run(full, stdout=out, timeout=30, check=False).returncode == 23


def test_a_reader_that_goes_away_ends_it(server, ca):
    full = get_command("-s", *flags_for(server, ca))
    full += urls_of(server, "abc", "/large")
    with subprocess.Popen(full, stdout=subprocess.PIPE) as child:
        child.stdout.read(1000)
        child.stdout.close()
        assert child.wait(timeout=30) == 23


def test_a_terminal_gets_a_table(server, ca):
    primary, secondary = pty.openpty()
    flags = [*flags_for(server, ca), "--coalesce-wait", "20000"]
    full = get_command(*flags, *urls_of(server, "ab"))
    with subprocess.Popen(full, stdout=subprocess.DEVNULL, stderr=secondary) as child:
        os.close(secondary)
        text = b""
        try:
            while chunk := os.read(primary, 4096):
                text += chunk
        except OSError:  # the terminal's other end was closed
            pass
        assert child.wait(timeout=30) == 0
    os.close(primary)
    for word in (b"URL", b"own-origin", b"secondary", b"2 requests, 1 connection, 1 coalesced"):
        assert word in text, text
