"""`codicil serve --check`: every mistake by file and line, and the warnings."""

import subprocess

import pytest
from harness.codicil import program
from harness.pki import days_ago


class Checker:
    """Writes a configuration and checks it."""

    def __init__(self, directory, certs, roots):
        self.path = directory / "codicil.yaml"
        self.certs, self.roots = certs, roots

    def site(self, name, cert="a", **more):
        certificate = cert if not isinstance(cert, str) else self.certs[cert]
        lines = [f"  {name}:", f"    certificate: {certificate.pem}", f"    key: {certificate.key}"]
        lines += [f"    root: {self.roots['a']}"]
        return "\n".join(lines + [f"    {k}: {v}" for k, v in more.items()]) + "\n"

    def text(self, *sites, top=""):
        return 'listen: ["127.0.0.1:0"]\n' + top + "sites:\n" + "".join(sites)

    def run(self, text):
        self.path.write_text(text, encoding="utf-8")
        full = [program(), "serve", "--check", "-c", str(self.path)]
        done = subprocess.run(full, capture_output=True, text=True, timeout=20, check=False)
        done.all = done.stdout + done.stderr
        return done

    def line_of(self, text, needle):
        return next(i for i, line in enumerate(text.splitlines(), 1) if needle in line)


@pytest.fixture
def checker(tmp_path, certs, roots):
    return Checker(tmp_path, certs, roots)


def test_a_good_file_says_nothing_of_mistakes(checker):
    sites = [checker.site(f"{n}.example", n) for n in "abc"]
    done = checker.run(checker.text(*sites))
    assert done.returncode == 0, done.all
    assert "error:" not in done.all and "warning:" not in done.all


@pytest.mark.parametrize(
    "old,new,word",
    [
        ("root:", "rooot:", "rooot"),
        ("listen:", "lisen:", "lisen"),
        ('["127.0.0.1:0"]', '["127.0.0.1:http"]', "127.0.0.1:http"),
        ("a.pem", "nowhere.pem", "nowhere.pem"),
        ("a.key", "b.key", "key"),
        ("a.example:\n", "a..example:\n", "a..example"),
        ("sites:", "workers: many\nsites:", "many"),
        ("sites:", "timeouts: {idle: soon}\nsites:", "soon"),
        ("sites:", "workers: 1\nworkers: 2\nsites:", "workers"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(checker, old, new, word):
    text = checker.text(checker.site("a.example")).replace(old, new, 1)
    done = checker.run(text)
    assert done.returncode != 0
    told = [line for line in done.all.splitlines() if "error:" in line and word in line]
    assert told, done.all
    path, line = told[0].split(":")[:2]
    assert path == str(checker.path)
    assert int(line) in range(1, len(text.splitlines()) + 1)


def test_all_mistakes_are_told_in_one_run(checker):
    text = checker.text(checker.site("a.example"), top="colour: red\nworkers: -1\n")
    text = text.replace("root:", "rooot:")
    done = checker.run(text)
    for word in ("colour", "workers", "rooot"):
        assert f"{checker.path}:{checker.line_of(text, word)}:" in done.all, (word, done.all)


def test_yaml_that_does_not_parse_is_told_with_its_line(checker):
    done = checker.run("listen: [1\nsites: {")
    assert done.returncode != 0
    assert f"{checker.path}:" in done.all


@pytest.mark.parametrize("text", ["", "[]\n", "listen: x\n", "a: &a [*a]\n", "\x00\x01"])
def test_a_file_without_sense_is_refused(checker, text):
    done = checker.run(text)
    assert done.returncode != 0
    assert done.returncode > 0, "killed by a signal"
    assert "error" in done.all


def warnings(done):
    assert done.returncode == 0, done.all
    return [line for line in done.all.splitlines() if "warning:" in line]


def test_a_secondary_that_no_site_serves_is_warned_of(checker):
    text = checker.text(checker.site("a.example", secondary="[nobody.example]"))
    told = warnings(checker.run(text))
    assert any("nobody.example" in line for line in told), told


def test_a_name_that_two_sites_claim_is_warned_of(checker):
    text = checker.text(
        checker.site("a.example", names="[a.example, b.example]"), checker.site("b.example", "b")
    )
    done = checker.run(text)
    told = [line for line in done.all.splitlines() if "b.example" in line]
    assert any("warning:" in line or "error:" in line for line in told), done.all


def test_a_certificate_that_does_not_cover_the_name_is_warned_of(checker):
    told = warnings(checker.run(checker.text(checker.site("other.example"))))
    assert any("other.example" in line for line in told), told


def test_a_certificate_that_has_expired_is_warned_of(checker, ca):
    old = ca.issue("old", ["a.example"], start=days_ago(9), end=days_ago(1))
    told = warnings(checker.run(checker.text(checker.site("a.example", old))))
    assert any("has expired" in line for line in told), told


def test_a_certificate_that_expires_before_its_sites_is_warned_of(checker, ca):
    soon = ca.issue("soon", ["b.example"], start=days_ago(60), end=days_ago(-2))
    text = checker.text(
        checker.site("a.example", secondary="[b.example]"), checker.site("b.example", soon)
    )
    told = warnings(checker.run(text))
    assert any("expire" in line for line in told), told


def test_a_short_lived_certificate_may_expire_before_its_sites(checker, ca):
    short = ca.issue("short", ["b.example"], start=days_ago(28), end=days_ago(-2))
    text = checker.text(
        checker.site("a.example", secondary="[b.example]"), checker.site("b.example", short)
    )
    assert not warnings(checker.run(text))


def test_glue_that_is_a_secondary_too_may_expire_before_its_sites(cdn, checker, ca):
    glue = ca.issue("check-soon-glue", ["glue.example"], required=["a.example"],
                    start=days_ago(60), end=days_ago(-2))
    cdn.sites[0] = checker.site("a.example", secondary="[glue.example, shared.example]")
    cdn.sites += [checker.site("glue.example", glue)]
    assert not cdn.told(glue)
    (told,) = cdn.told()
    assert "secondary 'glue.example' expires" in told


def test_a_chain_too_large_for_one_frame_is_warned_of(checker, ca):
    names = [f"{'x' * 60}{i:03d}.example" for i in range(280)]
    large = ca.issue("large", ["b.example", *names])
    text = checker.text(
        checker.site("a.example", secondary="[b.example]"), checker.site("b.example", large)
    )
    told = warnings(checker.run(text))
    assert any("frame" in line for line in told), told


def test_a_wildcard_site_means_no_origin_and_is_warned_of(checker, ca):
    wild = ca.issue("wild", ["*.wild.example"])
    text = checker.text(
        checker.site("a.example", secondary='["*.wild.example"]'),
        checker.site('"*.wild.example"', wild),
    )
    told = warnings(checker.run(text))
    assert any("ORIGIN" in line for line in told), told


def test_an_ocsp_response_that_is_none_is_told(checker, tmp_path):
    (tmp_path / "staple.der").write_bytes(b"no response")
    text = checker.text(checker.site("a.example", ocsp="staple.der"))
    done = checker.run(text)
    assert done.returncode != 0
    assert f"codicil.yaml:{checker.line_of(text, 'ocsp:')}:" in done.all, done.all


def test_more_secondaries_than_the_budget_are_warned_of(checker):
    sites = [checker.site("a.example", secondary="[b.example, c.example]")]
    sites += [checker.site(f"{n}.example", n) for n in "bc"]
    text = checker.text(*sites, top="secondary-budget: {certificates: 1}\n")
    told = warnings(checker.run(text))
    line = checker.line_of(text, "a.example:")
    assert any(f":{line}:" in t and "sends the first 1" in t for t in told), told
    assert not warnings(checker.run(checker.text(*sites)))


def test_more_origins_than_an_origin_set_takes_are_warned_of(checker, ca):
    certificate = ca.issue("many", ["*.many.example"])

    def told(num):
        names = ", ".join(f"n{i}.many.example" for i in range(num))
        text = checker.text(checker.site("n0.many.example", certificate, names=f"[{names}]"))
        return warnings(checker.run(text))

    assert not told(1023)
    assert any("no ORIGIN is sent" in line for line in told(1024))


# ---- Required Domains and the block list


def glue_yaml(*certificates):
    entries = (f"  - {{certificate: {c.pem}, key: {c.key}}}\n" for c in certificates)
    return "glue:\n" + "".join(entries)


@pytest.fixture
def cdn(checker, ca):
    """a.example with a shared host that requires glue; told(glue…) checks it with such glue."""
    shared = ca.issue("check-shared", ["shared.example"], required=["glue.example"])

    class Cdn:
        sites = [
            checker.site("a.example", secondary="[shared.example]"),
            checker.site("shared.example", shared),
        ]
        text = ""

        def told(self, *glue, top=""):
            self.text = checker.text(*self.sites, top=(glue_yaml(*glue) if glue else "") + top)
            return warnings(checker.run(self.text))

        def line_of(self, needle):
            return f":{checker.line_of(self.text, needle)}:"

    cdn = Cdn()
    cdn.glue = ca.issue("check-glue", ["glue.example"], required=["a.example"])
    return cdn


def test_a_secondary_that_its_glue_proves_is_in_order(cdn):
    assert not cdn.told(cdn.glue)


def test_a_secondary_that_nothing_proves_is_told_with_what_is_missing(cdn):
    (told,) = cdn.told()
    assert cdn.line_of("secondary:") in told
    assert "clients refuse the certificate of secondary 'shared.example'" in told
    assert "its Required Domain glue.example" in told
    assert "with the Required Domain a.example, would" in told


def test_for_a_required_address_no_glue_is_asked_for(cdn, checker, ca):
    bound = ca.issue("check-bound", ["shared.example"], required=["192.0.2.1"])
    cdn.sites[1] = checker.site("shared.example", bound)
    (told,) = cdn.told()
    assert "its Required Domain 192.0.2.1;" in told and "glue" not in told


def test_glue_that_no_site_needs_is_warned_of(cdn, ca):
    other = ca.issue("check-other-glue", ["glue.example"], required=["other.example"])
    (told,) = cdn.told(cdn.glue, other)
    assert "no site needs the glue certificate" in told and other.pem in told
    assert cdn.line_of(other.pem) in told


def test_a_sites_own_certificate_among_the_glue_is_no_surprise(cdn, certs):
    assert not cdn.told(cdn.glue, certs["a"])


def test_glue_that_has_expired_is_warned_of(cdn, ca):
    old = ca.issue("check-old-glue", ["glue.example"], required=["a.example"],
                   start=days_ago(9), end=days_ago(1))
    (told,) = cdn.told(old)
    assert "has expired" in told and old.pem in told


@pytest.mark.parametrize(
    "required,word",
    [
        (["*"], "its Required Domain is *, which clients refuse"),
        (["glue.example"], "its Required Domain is a name of its own"),
    ],
)
def test_a_required_domain_of_no_use_is_warned_of(cdn, ca, required, word):
    glue = ca.issue(f"check-{ord(required[0][0])}", ["glue.example"], required=required)
    told = cdn.told(glue)
    assert any(word in line and glue.pem in line for line in told), told


def test_a_wildcard_that_spans_a_public_suffix_is_warned_of(cdn, ca):
    wide = ca.issue("check-wide", ["*.co.uk", "glue.example"], required=["a.example"])
    (told,) = cdn.told(wide)
    assert "spans a public suffix" in told


def test_a_required_domain_that_does_not_parse_is_a_mistake(checker, ca):
    wrong = ca.issue("check-wrong", ["glue.example"], required=["under..dots.example"])
    done = checker.run(checker.text(checker.site("a.example"), top=glue_yaml(wrong)))
    assert done.returncode == 1
    assert "would be refused by clients" in done.all and wrong.pem in done.all
    sites = checker.site("a.example", secondary="[glue.example]"), checker.site("glue.example", wrong)
    (told,) = [line for line in checker.run(checker.text(*sites)).all.splitlines()
               if "Required Domain" in line]
    assert "would be refused by clients" in told


def test_what_the_block_list_takes_away_is_warned_of(cdn, tmp_path):
    (tmp_path / "list").write_text("breadcrumb a.example\n", encoding="ascii")
    told = cdn.told(cdn.glue, top="block-list: list\n")
    assert any("glue certificate" in line and "is on the block list" in line for line in told)
    assert any("what would prove its Required Domain is on the block list" in line for line in told)
    (tmp_path / "list").write_text("breadcrumb glue.example\n", encoding="ascii")
    told = cdn.told(cdn.glue, top="block-list: list\n")
    assert any("secondary 'shared.example' is on the block list" in line for line in told), told


def test_a_chain_beyond_the_budget_is_warned_of(cdn):
    told = cdn.told(cdn.glue, top="secondary-budget: {certificates: 1}\n")
    assert any("exceeds secondary-budget" in line for line in told), told
    assert any("secondary-budget or the block list leaves out" in line for line in told), told
    assert not any("no site needs" in line for line in told), told


@pytest.mark.parametrize("text,line", [("spki zz\n", 1), ("# ok\nbreadcrumb a..example\n", 2)])
def test_a_block_list_with_a_mistake_is_told_with_both_places(checker, tmp_path, text, line):
    (tmp_path / "list").write_text(text, encoding="ascii")
    config = checker.text(checker.site("a.example"), top="block-list: list\n")
    done = checker.run(config)
    assert done.returncode == 1
    assert f"{checker.path}:2:13: error: {tmp_path}/list:{line}: " in done.all, done.all


@pytest.mark.parametrize("glue,word", [
    ("[{certificate: x.pem}]", "has no 'key'"),
    ("[{certificate: x.pem, key: y.key, root: z}]", "unknown key 'root'"),
    ("[{certificate: x.pem, key: y.key}]", "x.pem"),
    ("[nowhere]", "nowhere: No such file"),
    ("[.]", "has no pair"),
])
def test_a_mistake_in_glue_is_told(checker, glue, word):
    done = checker.run(checker.text(checker.site("a.example"), top=f"glue: {glue}\n"))
    assert done.returncode == 1
    assert word in done.all and f"{checker.path}:2:" in done.all, done.all


def test_a_missing_file_is_named():
    full = [program(), "serve", "--check", "-c", "/nowhere/codicil.yaml"]
    done = subprocess.run(full, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "/nowhere/codicil.yaml" in done.stdout + done.stderr
