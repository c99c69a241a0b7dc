"""What the documents say can be done: each command is run, each link leads somewhere.

A fenced block of `sh` is marked by a comment on the line above it: `<!-- run -->` runs it,
`<!-- serve -->` starts it and waits until it is ready, `<!-- file NAME -->` above any block writes it
to a file. The blocks of one document share a directory, in order. A block without a mark may only
hold commands of the Makefile.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import textwrap

import pytest

from harness.codicil import program
from harness.http import why_not_http3
from harness.process import Process

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(
    os.path.relpath(p, ROOT) for p in glob.glob(f"{ROOT}/docs/**/*.md", recursive=True))]
BLOCK = re.compile(r"(?:^<!-- (\w+)(?: (\S+))? -->\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)
PORT = "8443"  # in the documents; the tests let the system choose


def read(path):
    with open(f"{ROOT}/{path}", encoding="utf-8") as file:
        return file.read()


def blocks(path):
    return [m.groups() for m in BLOCK.finditer(read(path))]


class Reader:
    """Somebody who does what a document says, in a directory of their own."""

    def __init__(self, directory):
        self.directory, self.port, self.servers = directory, PORT, []
        self.env = {**os.environ, "PATH": f"{os.path.dirname(program())}:{os.environ['PATH']}"}

    def file(self, name, text):
        (self.directory / name).write_text(text.replace(f":{PORT}", ":0"), encoding="utf-8")

    def run(self, _, text):
        text = text.replace(f":{PORT}", f":{self.port}")
        done = subprocess.run(["sh", "-eu", "-c", text], cwd=self.directory, env=self.env,
                              capture_output=True, text=True, timeout=60, check=False)
        if "--http3" in text and "built without HTTP/3" in done.stderr:
            return ""
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout

    def serve(self, _, text):
        self.servers.append(Process(["sh", "-eu", "-c", f"exec {text}"], env=self.env,
                                    cwd=self.directory))
        self.port = re.search(r":(\d+) ", self.servers[-1].wait_line("ready ")).group(1)

    def leave(self):
        for server in self.servers:
            assert server.stop() == 0, server.errors


@pytest.fixture
def reader(tmp_path):
    somebody = Reader(tmp_path)
    yield somebody
    somebody.leave()


@pytest.mark.parametrize("path, words", [
    ("README.md", ["the shop", "the pictures"]),
    ("docs/required-domain.md", ["img.pem: OK", "static.pem: OK",
                                "www.site.example is proven by the handshake's certificate",
                                "glue.cdn.example is proven by secondary certificate",
                                "somebody has a certificate for us",
                                "it, an issuer or a name that it requires is on the block list"]),
])
def test_a_document_can_be_followed_from_top_to_bottom(reader, path, words):
    said = ""
    for mark, name, _, text in blocks(path):
        if mark:
            said += getattr(reader, mark)(name, text) or ""
    assert [w for w in words if w not in said] == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_commands_without_a_mark_are_targets_of_the_makefile(path):
    for mark, _, language, text in blocks(path):
        if language != "sh" or mark:
            continue
        for line in text.splitlines():
            words = line.split("#")[0].split()
            assert words[:1] == ["make"], f"{path}: {line!r} is not marked, and so not run"
            subprocess.run([*words, "--dry-run"], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", read(path)):
        if "://" not in target and not target.startswith("#"):
            there = os.path.join(os.path.dirname(f"{ROOT}/{path}"), target.split("#")[0])
            assert os.path.exists(there), f"{path}: {target}"


def page_text(page):
    """A man page's source, with hyphens and quotes as they are typed."""
    return read(f"docs/man/{page}.1").replace("\\-", "-").replace("\\(dq", '"')


def flags(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", text))


def help_of(*command):
    return subprocess.run([program(), *command, "--help"], check=True, capture_output=True,
                          text=True).stdout


def verbs_of_cert():
    listed = help_of("cert").split("commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()]


def knows(command, flag):
    """Whether the program knows the flag; alone on the line it is a mistake either way."""
    done = subprocess.run([program(), *command, flag], capture_output=True, text=True, timeout=10,
                          check=False)
    assert done.returncode == 2, (command, flag, done)
    return not re.search(r"is unknown|unrecognized option|is not an option", done.stderr)


@pytest.mark.parametrize("command", ["serve", "get"])
def test_the_help_is_in_the_man_page_and_the_man_page_in_the_program(command):
    page = flags(page_text(f"codicil-{command}"))
    assert flags(help_of(command)) - page <= {"--help"}
    assert [flag for flag in page - {"--help", "--flag"} if not knows([command], flag)] == []
    assert not knows([command], "--nonsense")


@pytest.mark.parametrize("command", ["serve", "get"])
def test_a_help_leaves_a_line_of_the_screen_for_the_prompt(command):
    lines = help_of(command).splitlines()
    assert len(lines) <= 23 and max(map(len, lines)) <= 80


def test_a_short_help_leads_to_one_with_every_flag():
    short = help_of("get")
    assert "get --help all" in short
    assert len(short.splitlines()) <= 24
    done = subprocess.run([program(), "get", "--help", "all"], check=True, capture_output=True,
                          text=True)
    assert all(len(line) <= 80 for line in (short + done.stdout).splitlines())
    named = flags(done.stdout)
    assert flags(short) <= named
    assert flags(page_text("codicil-get")) - {"--flag"} <= named


def test_each_command_of_cert_is_in_the_man_page_and_the_man_page_in_the_program():
    page = page_text("codicil-cert")
    told = set()
    for verb in verbs_of_cert():
        own = flags(help_of("cert", verb)) - {"--help"}
        assert [flag for flag in own if not knows(["cert", verb], flag)] == [], verb
        assert not knows(["cert", verb], "--nonsense"), verb
        assert re.search(rf"codicil cert {re.escape(verb)}\b", page), verb
        told |= own
    assert flags(page) - {"--help"} == told


@pytest.mark.parametrize("command", [[], ["serve"], ["get"], ["cert"]])
def test_the_help_fits_a_terminal_and_has_an_example(command):
    verbs = verbs_of_cert() if command == ["cert"] else []
    for text in [help_of(*command), *(help_of(*command, verb) for verb in verbs)]:
        lines = text.splitlines()
        assert len(lines) <= 24 and max(map(len, lines)) <= 80, text
        assert any(line.startswith("example:") for line in lines), text


def test_every_command_has_a_man_page_and_a_place_in_the_help():
    said = subprocess.run([program(), "--help"], check=True, capture_output=True, text=True).stdout
    for command in ("serve", "get", "cert"):
        assert re.search(rf"^  {command} ", said, re.M)
        assert f"codicil-{command}" in page_text("codicil")
    assert len(said.splitlines()) <= 24


def page_blocks(page, section):
    """The examples that stand in a section of a man page, as they are typed."""
    text = page_text(page).split(f".SH {section}\n")[1].split("\n.SH ")[0]
    return [b.replace("\\e", "\\") for b in re.findall(r"^\.nf\n(.*?)^\.fi$", text, re.M | re.S)]


def test_the_example_of_the_cert_page_works(reader):
    (example,) = page_blocks("codicil-cert", "EXAMPLE")
    assert "www.example.com.pem" in reader.run(None, example)


def test_the_examples_of_the_get_page_work(reader, serve, three_sites, ca):
    reader.port = serve(three_sites).port
    shutil.copy(ca.pem, reader.directory / "ca.pem")
    together, apart, twice = page_blocks("codicil-get", "EXAMPLES")
    together = together.replace("--json", "--json --coalesce-wait 3000")  # on a busy machine too
    assert len(json.loads(reader.run(None, together))["connections"]) == 1
    assert len(set(re.findall(r"^(\d+) [a-z-]+ [\d.]+$", reader.run(None, apart), re.M))) == 3
    assert reader.run(None, twice) == ("2\n2\n" if why_not_http3() else "2\n3\n")


def test_the_configuration_of_the_serve_page_has_no_mistake(reader):
    (text,) = page_blocks("codicil-serve", "CONFIGURATION")
    reader.run(None, """codicil cert new-ca ca
        codicil cert new www.example.com example.com --ca ca
        codicil cert new img.example.com --ca ca
        codicil cert new cdn.example.net --ca ca
        mkdir -p srv/www srv/img srv/cdn
        for name in www.example.com img.example.com cdn.example.net; do
          mv $name.pem ${name%%.*}.pem; mv $name.key ${name%%.*}.key
        done""")
    reader.file("page.yaml", textwrap.dedent(text).replace("/srv/", "srv/"))
    reader.run(None, "codicil serve --check -c page.yaml")


def test_the_glue_of_the_serve_page_is_what_its_sites_need(reader, ca):
    (text,) = page_blocks("codicil-serve", "REQUIRED DOMAINS")
    sites = {"shop": "www.shop.example", "news": "www.news.example"}
    made = {name: ca.issue(f"page-{name}", [host]) for name, host in sites.items()}
    for host in sites.values():
        made[f"glue-{host}"] = ca.issue(f"page-glue-{host}", ["glue.cdn.example"], required=[host])
    made["shared"] = ca.issue("page-shared", ["shared.cdn.example"], required=["glue.cdn.example"])
    for name, certificate in made.items():
        shutil.copy(certificate.pem, reader.directory / f"{name}.pem")
        shutil.copy(certificate.key, reader.directory / f"{name}.key")
    reader.file("page.yaml", textwrap.dedent(text))
    done = reader.run(None, "mkdir shop news shared; codicil serve --check -c page.yaml 2>&1")
    assert "warning" not in done


def test_the_example_of_the_help_works(reader):
    said = reader.run(None, "codicil --help").split("example:\n")[1]
    make, start = said.strip().splitlines()
    reader.run(None, make)
    reader.serve(None, start.strip() + " --listen 127.0.0.1:0")


def test_an_unknown_command_is_refused_with_the_nearest(reader):
    done = subprocess.run([program(), "serv"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean 'serve'?" in done.stderr
    assert reader.run(None, "codicil help cert") == reader.run(None, "codicil cert --help")


def test_the_version_is_the_library_s(reader):
    header = read("include/codicil/codicil.h")
    version = re.search(r'#define CODICIL_VERSION "(.*)"', header).group(1)
    said = reader.run(None, "codicil --version").splitlines()
    assert said[0] == f"codicil {version}", said
    http3 = r"and HTTP/3 with (GnuTLS|OpenSSL) 3\..*|built without HTTP/3"
    assert re.fullmatch(f"HTTP/2, ({http3})", said[1]), said
    assert f"VERSION {version} " in read("CMakeLists.txt")
