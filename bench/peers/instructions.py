"""Instructions that a server executes, counted by valgrind: the same on every run and machine load."""

import os
import re
import subprocess

from .servers import Server


class CountedServer(Server):
    """A server under callgrind; `stop` leaves what it counted in `instructions`."""

    def __init__(self, name, args, port, directory):
        self.out = os.path.join(directory, f"callgrind.{name}.{port}")
        self.instructions = None
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.out}"]
        super().__init__(name, [*valgrind, *args], port)

    def stop(self):
        self.process.stop(timeout=60)
        with open(self.out, encoding="utf-8", errors="replace") as f:
            found = re.search(r"^(?:summary|totals): (\d+)", f.read(), re.MULTILINE)
        self.instructions = int(found.group(1))


def executed(start, num, flags):
    """Instructions of a whole life of `start()` in which h2load made `num` requests."""
    server = start()
    full = ["h2load", "-n", str(num), *flags, f"https://127.0.0.1:{server.port}/1k"]
    done = subprocess.run(full, capture_output=True, text=True, check=False)
    server.stop()
    if f" {num} succeeded" not in done.stdout:
        raise SystemExit(f"h2load against {server.name}: {done.stdout}{done.stderr}")
    return server.instructions


def per_request(start, low, high, flags_of):
    """The difference between two lives, so that starting and stopping cancel out."""
    more = executed(start, high, flags_of(high)) - executed(start, low, flags_of(low))
    return more / (high - low)
