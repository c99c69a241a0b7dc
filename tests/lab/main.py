"""Plays the lab's rows, prints the table, writes it as HTML, and fails where a row differs."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness.codicil import program
from harness.dns import why_no_dns

import rows
import show
from office import Office
from stage import POLICIES, Stage, zones_of
from visit import Failed

# A visit mostly waits: for certificates that do not come.
ROWS_AT_ONCE, VISITS_AT_ONCE = 4, 16


class Played:
    """A variant of a row as it was played: the visits by policy and version of HTTP."""

    def __init__(self, row, variant):
        self.row, self.variant, self.visits = row, variant, {}

    def expected(self, policy):
        return self.variant.expect[list(POLICIES).index(policy)]

    def differs(self, policy, http):
        visit = self.visits[policy, http]
        return f"{visit.outcome} {visit.words}" != self.expected(policy)

    @property
    def differences(self):
        return [key for key in self.visits if self.differs(*key)]


def attempt(stage, variant, policy, http):
    """Plays a variant once; what goes wrong in that is told in its place in the table."""
    try:
        return variant.play(stage, variant, policy, http)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        return Failed(error)


def play(row, office, top, policies, versions, pool):
    """Plays all variants of a row, one after the other: DNS is changed between them."""
    played = []
    with Stage(f"{top}/{row.key}", office, row, rows.HOSTS, rows.CAA) as stage:
        for variant in row.variants:
            stage.change_dns(variant.dns)
            one = Played(row, variant)
            keys = [(policy, http) for policy in policies for http in versions]
            jobs = [pool.submit(attempt, stage, variant, *key) for key in keys]
            one.visits = {key: job.result() for key, job in zip(keys, jobs)}
            played.append(one)
    return played


def versions_of(wanted):
    """HTTP/2, and HTTP/3 where this build has it."""
    done = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True)
    have = ["h2", "h3"]
    if "without HTTP/3" in done.stdout:
        print("skipped: lab over HTTP/3: this build has no HTTP/3")
        have = ["h2"]
    return [version for version in have if wanted in (None, version)]


def parse(argv):
    parser = argparse.ArgumentParser(prog="scripts/lab", description=__doc__)
    parser.add_argument("build", nargs="?", default="build", help="the build directory (build)")
    parser.add_argument("--out", metavar="DIR", help="where its files go (BUILD/lab)")
    parser.add_argument("--only", metavar="KEY", help="play this row alone")
    parser.add_argument("--policy", choices=list(POLICIES), help="with this policy alone")
    parser.add_argument("--http", choices=["h2", "h3"], help="over this version alone")
    parser.add_argument("--details", action="store_true", help="show commands and what they said")
    parser.add_argument("--list", action="store_true", help="list the rows' keys")
    return parser.parse_args(argv)


def main(argv):
    args = parse(argv)
    chosen = [(group, [row for row in each if args.only in (None, row.key)])
              for group, each in rows.GROUPS]
    if args.list or not any(each for _, each in chosen):
        for _, each in rows.GROUPS:
            for row in each:
                print(f"{row.key:20} {row.title}")
        return 0 if args.list else 2
    if why_no_dns():
        print(f"skipped: lab: {why_no_dns()}")
        return 77
    build = os.path.abspath(args.build)
    os.environ.setdefault("CODICIL", f"{build}/codicil")
    top, start = os.path.abspath(args.out or f"{build}/lab"), time.monotonic()
    for made in ("ca", *(row.key for _, each in rows.GROUPS for row in each)):
        shutil.rmtree(f"{top}/{made}", ignore_errors=True)
    policies = [p for p in POLICIES if args.policy in (None, p)]
    versions = versions_of(args.http)
    zones = zones_of(rows.HOSTS, rows.CAA)
    with Office(f"{top}/ca", rows.CERTIFICATES, zones) as office, \
            ThreadPoolExecutor(ROWS_AT_ONCE) as stages, \
            ThreadPoolExecutor(VISITS_AT_ONCE) as pool:
        jobs = [(group, [stages.submit(play, row, office, top, policies, versions, pool)
                         for row in each]) for group, each in chosen]
        played = [(group, [job.result() for job in each]) for group, each in jobs]
    show.table(played, policies, versions, args.details)
    show.write_html(f"{top}/index.html", played, policies, versions)
    differing = [one for _, each in played for row in each for one in row if one.differences]
    num = sum(len(one.visits) for _, each in played for row in each for one in row)
    show.differences(differing)
    print(f"{num} visits in {time.monotonic() - start:.0f} s, "
          f"{sum(len(one.differences) for one in differing)} not as expected. The whole:")
    print(os.path.relpath(f"{top}/index.html"))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
