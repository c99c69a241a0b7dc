"""The lab tells the truth: what differs fails, and what it writes can be read alone."""

import re

import pytest

import main
import rows
import show
from harness.dns import why_no_dns

ROW = "both-no-origin"


@pytest.fixture
def lab(tmp_path, capsys):
    """Plays one row over HTTP/2; returns exit code, what was printed, and the HTML."""
    if why_no_dns():
        pytest.skip(why_no_dns())

    def run(*args):
        code = main.main(["--out", str(tmp_path), "--only", ROW, "--http", "h2", *args])
        with open(tmp_path / "index.html", encoding="utf-8") as f:
            return code, capsys.readouterr().out, f.read()

    return run


def row_of(key):
    return next(row for _, each in rows.GROUPS for row in each if row.key == key)


def test_a_row_as_expected_passes_and_the_table_fits(lab):
    code, printed, _ = lab("--policy", "honour")
    assert code == 0, printed
    assert "0 not as expected" in printed
    *table, path = printed.splitlines()
    assert path.endswith("index.html")
    assert max(len(line) for line in table) <= show.WIDTH


def test_a_row_that_differs_fails_and_is_named(lab, monkeypatch):
    monkeypatch.setattr(row_of(ROW).variants[0], "expect", ("ATTACKER primary",) * 3)
    code, printed, written = lab("--policy", "honour")
    assert code == 1
    assert "expected 'ATTACKER primary', was 'apart dns-mismatch'" in printed
    assert "(!)" in written


def test_what_cannot_be_played_fails_in_its_place(lab, monkeypatch):
    def play(*_):
        raise AssertionError("no such thing")

    monkeypatch.setattr(row_of(ROW).variants[0], "play", play)
    code, printed, _ = lab("--policy", "honour")
    assert code == 1
    assert "was 'failed AssertionError'" in printed and "no such thing" in printed


def test_the_html_is_one_file_and_tells_how_to_repeat_a_row(lab):
    _, _, written = lab("--policy", "off")
    assert not re.search(r"<(script|link|img|iframe)|src=|href=.[^#]|@import|url\(", written)
    assert f"scripts/lab --only {ROW} --details" in written
    assert written.count("/codicil get") == len(row_of(ROW).variants)


def test_an_unknown_row_is_refused(capsys):
    assert main.main(["--only", "nonsense"]) == 2
    assert ROW in capsys.readouterr().out


def test_every_row_and_every_variant_has_a_name_of_its_own():
    every = [row for _, each in rows.GROUPS for row in each]
    assert len({row.key for row in every}) == len(every)
    for row in every:
        assert len({variant.key for variant in row.variants}) == len(row.variants), row.key
