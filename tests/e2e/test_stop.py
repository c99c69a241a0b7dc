"""`codicil serve` as a process: ready lines, ports, one site without a file, a graceful end."""

import json
import signal
import socket
import subprocess

import pytest
from harness.codicil import Serve, Site, badpeer_command, get_command, get_json, program, raw_request
from harness.process import Process


@pytest.mark.http("h2", "h3")
def test_one_site_needs_no_file(certs, roots, ca):
    args = ["--root", roots["a"], "--cert", certs["a"].pem, "--key", certs["a"].key]
    server = Process([program(), "serve", *args, "--listen", "127.0.0.1:0"])
    ready = server.wait_line("ready ")
    port = int(ready.split()[1].rsplit(":", 1)[1])
    assert ready in [f"ready https://127.0.0.1:{port} h2{more}" for more in ("", " h3")]
    result = get_json(port, ca.pem, ["a.example"])
    assert result.request("a.example")["status"] == 200
    assert server.stop() == 0, server.errors


@pytest.mark.parametrize(
    "args,said",
    [
        (["--bogus"], "unrecognized option '--bogus'"),
        (["-c", "x.yaml", "--name", "a.example"], "exclude each other"),
        (["-c", "x.yaml", "y.yaml"], "unexpected argument: y.yaml"),
        (["--root", "."], "--cert"),
    ],
)
def test_a_command_line_without_sense_is_2_and_told(args, said):
    full = [program(), "serve", *args]
    done = subprocess.run(full, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("codicil serve: ") and said in done.stderr, done.stderr


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_with_0(serve, three_sites, sig):
    server = serve(three_sites)
    assert server.stop(sig) == 0


@pytest.mark.http("h2", "h3")
def test_a_request_in_flight_is_finished_after_sigterm(serve, three_sites, ca):
    server = serve(three_sites)
    url = f"https://a.example:{server.port}/large"
    full = get_command("--json", "--cacert", ca.pem)
    full += ["--resolve", f"a.example:{server.port}:127.0.0.1", *[url] * 20]
    client = subprocess.Popen(full, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # pylint: disable=consider-using-with
    server.log(1)  # some are answered, others are on their way
    server.child.send_signal(signal.SIGTERM)
    out, err = client.communicate(timeout=30)
    assert server.stop() == 0
    assert b'"status":' in out.replace(b" ", b""), err


@pytest.mark.http("h2", "h3")
def test_a_log_that_nobody_reads_any_more_stops_nothing(certs, roots, ca):
    args = ["--root", roots["a"], "--cert", certs["a"].pem, "--key", certs["a"].key]
    full = [program(), "serve", *args, "--listen", "127.0.0.1:0", "--access-log", "-"]
    with subprocess.Popen(full, stdout=subprocess.PIPE) as server:
        port = int(server.stdout.readline().split()[1].rsplit(b":", 1)[1])
        server.stdout.close()
        assert get_json(port, ca.pem, ["a.example"]).request("a.example")["status"] == 200
        server.send_signal(signal.SIGTERM)  # what is logged is written at the end
        assert server.wait(20) == 0


@pytest.mark.http("h2", "h3")
def test_a_log_whose_reader_hangs_keeps_nothing_from_ending(certs, roots):
    args = ["--root", roots["a"], "--cert", certs["a"].pem, "--key", certs["a"].key]
    full = [program(), "serve", *args, "--listen", "127.0.0.1:0", "--access-log", "-", "-w", "1"]
    with subprocess.Popen(full, stdout=subprocess.PIPE) as server:
        port = int(server.stdout.readline().split()[1].rsplit(b":", 1)[1])
        # Lines of 2 KiB and more, and none of them is read: the pipe holds 64 KiB.
        fields = [":method=GET", ":scheme=https", f":authority=a.example:{port}", ":path=/"]
        for _ in range(3):
            flags = ["--sni", "a.example"]
            raw_request(port, *[[*fields, "user-agent=" + "u" * 2000]] * 100, flags=flags)
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


@pytest.mark.http("h2", "h3")
def test_a_client_is_told_that_the_server_ends(serve, three_sites, http):
    server = serve(three_sites)
    authority = f"a.example:{server.port}"
    flags = ["--port", server.port, "--sni", "a.example", "--authority", authority]
    client = Process(badpeer_command("call", "get-and-stay", *flags))
    server.log(1)
    assert server.stop() == 0
    report = json.loads(client.wait_line("{"))
    assert [r["status"] for r in report["responses"]] == [200]
    # The first GOAWAY admits what is on its way, the second does not (RFC 9113 §6.8, RFC 9114 §5.2).
    assert report["goaways"] == 2 and report["closed"], report
    assert http.is_peace(report["code"]), report


@pytest.mark.http("h2", "h3")
def test_after_sigterm_no_new_connection_is_taken(serve, three_sites, ca):
    server = serve(three_sites)
    assert server.stop() == 0
    result = get_json(server.port, ca.pem, ["a.example"])
    assert result.code == 7, result.stderr


def test_an_address_in_use_is_named(tmp_path, three_sites):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError) as failure:
            Serve(tmp_path / "serve", three_sites, listen=f"127.0.0.1:{port}")
        assert str(port) in str(failure.value)


@pytest.mark.http("h2", "h3")
def test_all_workers_serve(serve, three_sites, ca):
    server = serve(three_sites, extra="workers: 4\n")
    for _ in range(12):
        result = get_json(server.port, ca.pem, ["a.example", "b.example"])
        assert [r["status"] for r in result.report["requests"]] == [200, 200]
    assert server.stop() == 0


@pytest.mark.http("h2", "h3")
def test_ipv6_is_served(serve, certs, roots, ca):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    server = serve([Site("a.example", certs["a"], roots["a"])], listen="[::1]:0")
    full = get_command("-s", "--cacert", ca.pem)
    full += ["--resolve", f"a.example:{server.port}:[::1]", f"https://a.example:{server.port}/"]
    done = subprocess.run(full, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert "a.example" in done.stdout
