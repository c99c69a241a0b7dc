"""Servers take turns within a run, and figures are printed: for the scripts of bench/."""

import json
import sys


def emit(name, value, unit, against, n):
    print(json.dumps({"name": name, "value": value, "unit": unit, "against": against, "n": n}),
          flush=True)


def left_out(what, why):
    print(f"left out: {what}: {why}", file=sys.stderr)


def median(values):
    return sorted(values)[len(values) // 2]


def side_by_side(servers, turns, measure):
    """Lets the servers take turns; returns the figures of each by name."""
    figures = {server.name: [] for server in servers}
    for turn in range(turns + 1):
        for server in servers if turn % 2 else reversed(servers):
            value = measure(server)
            if turn > 0:  # the first turn warms up
                figures[server.name].append(value)
    return figures


def ratio(figures, name):
    return median([a / b for a, b in zip(figures["codicil"], figures[name])])
