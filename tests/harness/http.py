"""The versions of HTTP that a suite runs over: one suite, two transports.

A suite says which versions it is for by `pytestmark = pytest.mark.http("h2", "h3")`; a test of what
one version has alone by `@pytest.mark.http("h2", why="…")`. Each of them runs once a version, with
the version in its name, and what `harness.codicil` starts speaks that version. A table of scenarios
that differ is a dict by version: `@pytest.mark.scenarios({"h2": […], "h3": […]})`.
"""

import os


class Http:
    """A version: how the programs are told to speak it, and what differs in what they say."""

    def __init__(self, name, number, get_flags, badpeer_flags, no_error):
        self.name, self.number = name, number
        self.get_flags, self.badpeer_flags = get_flags, badpeer_flags
        self.no_error = no_error  # what a connection's end in peace is called

    def __repr__(self):
        return self.name

    def is_peace(self, code):
        """Whether a connection that told its peer `code` had no fault to tell of."""
        return code in (None, self.no_error)


VERSIONS = {
    "h2": Http("h2", 2, [], [], 0),
    "h3": Http("h3", 3, ["--http3-only"], ["--http3"], 0x100),
}

CURRENT = [VERSIONS["h2"]]


def current():
    return CURRENT[-1]


def why_not_http3():
    """The reason for which this build has no HTTP/3 to test; empty where it has."""
    return os.environ.get("CODICIL_NO_HTTP3", "")


def versions_of(marker):
    """The versions that a test runs over: those of its marker, in order."""
    assert set(marker.args) <= set(VERSIONS), marker
    assert set(marker.args) == set(VERSIONS) or marker.kwargs.get("why"), marker
    return [name for name in VERSIONS if name in marker.args]
