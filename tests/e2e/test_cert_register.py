"""The register and the audit log: nothing is signed without them, and nothing is signed twice."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import time

import pytest
from cert_tools import SKIP, audit, cert, listed, made, mode, refused, register, serial_of
from harness.codicil import program
from harness.pki import openssl


@pytest.fixture
def ca_dir(tmp_path):
    made("new-ca", tmp_path / "ca")
    return tmp_path / "ca"


@pytest.fixture
def here(ca_dir):
    return ca_dir.parent


def new(ca_dir, name, *args, call=made, **more):
    return call("new", name, "--ca", ca_dir, *args, cwd=ca_dir.parent, **more)


# ---- what stands in them ------------------------------------------------------------------------


def test_every_certificate_is_registered(ca_dir, here):
    new(ca_dir, "a.example", "b.example", "--intermediate")
    root, intermediate, server = register(ca_dir)
    assert [root["profile"], intermediate["profile"]] == ["root", "intermediate"]
    assert (server["state"], server["names"]) == ("issued", "a.example b.example")
    assert server["serial"] == serial_of(here / "a.example.pem")
    der = openssl("x509", "-in", f"{here}/a.example.pem", "-outform", "DER")
    assert server["der"] == der
    assert server["sha256"] == openssl("dgst", "-sha256", "-r", text=der).split()[0].decode()
    assert server["not_after"] - server["not_before"] == 90 * 86400 + 3600
    assert root["issuer"] == intermediate["issuer"] != server["issuer"]


def test_the_log_tells_what_is_about_to_happen_and_what_did(ca_dir):
    new(ca_dir, "a.example")
    signing, issued = audit(ca_dir)[2:]
    assert [signing["outcome"], issued["outcome"]] == ["signing", "issued"]
    assert signing["names"] == ["a.example"] and signing["uid"] == os.getuid()
    assert signing["serial"] == issued["serial"] == register(ca_dir)[-1]["serial"]
    assert signing["command"] == "new" and signing["time"].endswith("Z")


def test_both_are_for_the_ca_s_owner_alone(tmp_path):
    old = os.umask(0)
    try:
        made("new-ca", tmp_path / "ca")
        new(tmp_path / "ca", "a.example")
    finally:
        os.umask(old)
    assert mode(tmp_path / "ca" / "register.db") == 0o600
    assert mode(tmp_path / "ca" / "audit.log") == 0o600


def test_the_list_is_for_people_and_for_programs(ca_dir):
    new(ca_dir, "a.example", "--required-domain", "b.example,c.example", SKIP)
    line = made("list", "--ca", ca_dir).stdout.splitlines()[-1]
    entry = listed(ca_dir)[-1]
    assert entry["serial"] in line and "(Required Domain b.example c.example)" in line
    assert (entry["state"], entry["names"]) == ("issued", ["a.example"])
    assert entry["required_domains"] == ["b.example", "c.example"]


def test_the_same_names_again_are_a_renewal_and_a_note(ca_dir, here):
    new(ca_dir, "a.example")
    done = new(ca_dir, "a.example", "--out", here / "again")
    assert "a.example has a certificate that is good until" in done.stderr
    assert len({entry["serial"] for entry in register(ca_dir)}) == 3
    new(ca_dir, "a.example", call=refused, says="exists already")
    assert len(register(ca_dir)) == 3


# ---- without them nothing is signed -------------------------------------------------------------


def test_a_log_that_is_full_refuses(ca_dir, here):
    os.unlink(ca_dir / "audit.log")
    os.symlink("/dev/full", ca_dir / "audit.log")
    new(ca_dir, "a.example", call=refused, says="nothing is signed that is not written there")
    assert sorted(os.listdir(here)) == ["ca"]
    assert [entry["state"] for entry in register(ca_dir)] == ["issued", "reserved"]


def test_a_log_that_is_no_file_refuses(ca_dir, here):
    os.unlink(ca_dir / "audit.log")
    os.mkdir(ca_dir / "audit.log")
    new(ca_dir, "a.example", call=refused, says="audit.log: Is a directory")
    assert sorted(os.listdir(here)) == ["ca"]


@pytest.mark.parametrize("content", [b"not a database, but as long as the header of one is" * 3])
def test_a_register_that_is_none_refuses(ca_dir, here, content):
    (ca_dir / "register.db").write_bytes(content)
    new(ca_dir, "a.example", call=refused, says="register.db: file is not a database")
    assert sorted(os.listdir(here)) == ["ca"]


def test_another_program_s_database_is_left_alone(ca_dir):
    os.unlink(ca_dir / "register.db")
    with sqlite3.connect(ca_dir / "register.db") as db:
        db.execute("CREATE TABLE theirs (x)")
    new(ca_dir, "a.example", call=refused, says="not a register of certificates")


def test_a_register_of_a_later_version_is_left_alone(ca_dir):
    with sqlite3.connect(ca_dir / "register.db") as db:
        db.execute("PRAGMA user_version = 2")
    new(ca_dir, "a.example", call=refused, says="another version of codicil")


def limit_file_size():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_register_that_cannot_grow_refuses(ca_dir, here):
    """As on a disk that is full."""
    new(ca_dir, "a.example", call=refused, preexec_fn=limit_file_size, says="register.db")
    assert sorted(os.listdir(here)) == ["ca"]
    assert not [n for n in os.listdir(ca_dir) if n.startswith(".")]
    new(ca_dir, "a.example")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written_to_refuses(ca_dir, here):
    os.chmod(ca_dir, 0o500)
    new(ca_dir, "a.example", call=refused)
    os.chmod(ca_dir, 0o700)
    assert sorted(os.listdir(here)) == ["ca"]


def test_what_cannot_be_written_out_is_not_signed(ca_dir, here):
    (here / "file").write_text("")
    for out, says in ((here / "none" / "deep", "No such file"), (here / "file", "Not a directory")):
        new(ca_dir, "a.example", "--out", out, call=refused, says=says)
    assert len(register(ca_dir)) == 1


def test_what_was_signed_and_could_not_be_written_out_is_revoked(ca_dir, here):
    """A symbolic link to nowhere: it is not there when asked for, and is in the way later."""
    os.symlink("nowhere", here / "a.example.key")
    new(ca_dir, "a.example", call=refused, says="a.example.key")
    assert not os.path.exists(here / "a.example.pem")
    assert register(ca_dir)[-1]["state"] == "revoked"
    assert [e["outcome"] for e in audit(ca_dir)[2:]] == ["signing", "issued", "failed"]


# ---- interruptions ------------------------------------------------------------------------------


def start(ca_dir, name):
    return subprocess.Popen([program(), "cert", "new", name, "--ca", str(ca_dir)],
                            cwd=ca_dir.parent, stderr=subprocess.PIPE, text=True)


def wait_for_reservation(ca_dir, process, num):
    """Until the register has so many entries."""
    end = time.monotonic() + 30
    while len(register(ca_dir)) < num:
        assert process.poll() is None and time.monotonic() < end
        os.sched_yield()


def test_an_issuer_killed_before_it_signs_leaves_a_spent_number(ca_dir, here):
    """The log is a pipe that is full: the issuer stops when it comes to it."""
    os.unlink(ca_dir / "audit.log")
    os.mkfifo(ca_dir / "audit.log")
    pipe = os.open(ca_dir / "audit.log", os.O_RDWR | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 4096)
    issuer = start(ca_dir, "a.example")
    wait_for_reservation(ca_dir, issuer, 2)
    issuer.kill()
    issuer.communicate(timeout=30)
    os.close(pipe)
    os.unlink(ca_dir / "audit.log")
    assert sorted(os.listdir(here)) == ["ca"]
    assert register(ca_dir)[-1]["state"] == "reserved"
    new(ca_dir, "a.example")
    assert len({entry["serial"] for entry in register(ca_dir)}) == 3


def stop_after(process, seconds, how):
    """Interrupts a process wherever it is then."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(how)
        process.communicate(timeout=30)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interruption_at_any_time_leaves_whole_files_that_are_registered(ca_dir, here, how):
    for i in range(24):
        stop_after(start(ca_dir, f"n{i}.example"), i * 0.001, how)
    known = {entry["serial"] for entry in register(ca_dir) if entry["state"] == "issued"}
    pems = {n for n in os.listdir(here) if n.endswith(".pem")}
    keys = {n for n in os.listdir(here) if n.endswith(".key")}
    assert all(serial_of(here / name) in known for name in pems)
    for name in keys:
        openssl("pkey", "-in", f"{here}/{name}", "-noout")
    if how != signal.SIGKILL:  # which cannot be held back
        assert {n[:-4] for n in pems} == {n[:-4] for n in keys}
        assert not [n for n in os.listdir(here) if n.startswith(".")]
    new(ca_dir, "last.example")
    for line in (ca_dir / "audit.log").read_text(encoding="utf-8").splitlines():
        json.loads(line)


def test_a_line_that_a_crash_cut_off_spoils_no_other(ca_dir):
    with open(ca_dir / "audit.log", "a", encoding="ascii") as f:
        f.write('{"time":"20')
    new(ca_dir, "a.example")
    lines = (ca_dir / "audit.log").read_text(encoding="ascii").splitlines()
    assert lines[2] == '{"time":"20'
    assert [json.loads(line)["outcome"] for line in lines[3:]] == ["signing", "issued"]


# ---- several at once ----------------------------------------------------------------------------


def test_issuers_at_once_wait_for_each_other(ca_dir, here):
    issuers = [
        subprocess.Popen([program(), "cert", "new", f"n{i}.example", "--ca", str(ca_dir),
                          "--intermediate"], cwd=here, stderr=subprocess.PIPE, text=True)
        for i in range(8)
    ]
    for issuer in issuers:
        _, said = issuer.communicate(timeout=60)
        assert issuer.returncode == 0, said
    entries = register(ca_dir)
    assert sorted(e["profile"] for e in entries) == ["intermediate", "root", *["server"] * 8]
    assert len({e["serial"] for e in entries}) == 10
    assert len(audit(ca_dir)) == 2 * 10


def test_a_register_that_is_read_meanwhile_is_waited_for(ca_dir):
    db = sqlite3.connect(ca_dir / "register.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    issuer = start(ca_dir, "a.example")
    with pytest.raises(subprocess.TimeoutExpired):
        issuer.wait(0.3)
    db.execute("COMMIT")
    db.close()
    issuer.communicate(timeout=30)
    assert issuer.returncode == 0


# ---- a CA of before -----------------------------------------------------------------------------


def test_a_ca_without_a_register_gets_one_and_is_told_once(ca_dir, here):
    os.unlink(ca_dir / "register.db")
    os.unlink(ca_dir / "audit.log")
    refused("list", "--ca", ca_dir, says="register.db: No such file")
    assert "register.db is new" in new(ca_dir, "a.example").stderr
    assert "register.db" not in new(ca_dir, "b.example").stderr
    assert mode(ca_dir / "register.db") == 0o600
    assert len(register(ca_dir)) == 2


def test_of_several_who_make_a_ca_in_one_place_one_does(tmp_path):
    makers = [subprocess.Popen([program(), "cert", "new-ca", "ca"], cwd=tmp_path,
                               stderr=subprocess.DEVNULL) for _ in range(6)]
    assert sorted(maker.wait(timeout=60) for maker in makers) == [0, 1, 1, 1, 1, 1]
    (entry,) = register(tmp_path / "ca")
    assert entry["serial"] == serial_of(tmp_path / "ca" / "ca.pem")
    assert sorted(os.listdir(tmp_path / "ca")) == ["audit.log", "ca.key", "ca.pem", "register.db"]


def test_a_new_ca_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "ca").mkdir()
    os.symlink("nowhere", tmp_path / "ca" / "ca.key")
    assert cert("new-ca", tmp_path / "ca").returncode != 0
    assert os.listdir(tmp_path / "ca") == ["ca.key"]
