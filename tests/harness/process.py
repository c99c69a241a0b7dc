"""Processes that say when they are ready, and are waited for line by line: no sleeps."""

import os
import queue
import signal
import subprocess
import threading
import time


class Process:
    """A child whose lines on stdout and stderr are collected as they come."""

    def __init__(self, args, env=None, cwd=None):
        self.args = [str(a) for a in args]
        self.child = subprocess.Popen(  # pylint: disable=consider-using-with
            self.args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        self.lines, self.errors = [], []
        self.queue = queue.Queue()
        self.threads = [
            threading.Thread(target=self._read, args=(self.child.stdout, self.lines), daemon=True),
            threading.Thread(target=self._read, args=(self.child.stderr, self.errors), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def _read(self, stream, lines):
        for raw in stream:
            line = raw.decode(errors="replace").rstrip("\n")
            lines.append(line)
            if lines is self.lines:
                self.queue.put(line)
        if lines is self.lines:
            self.queue.put(None)

    def wait_line(self, prefix, timeout=20):
        """Returns the next line of stdout that starts with `prefix`."""
        end = time.monotonic() + timeout
        while True:
            try:
                line = self.queue.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.threads[1].join(1)  # what it said last, if it has ended
                raise AssertionError(
                    f"{self.args} printed no line {prefix!r}: {self.lines} {self.errors}"
                )
            if line.startswith(prefix):
                return line

    def is_alive(self):
        return self.child.poll() is None

    def stop(self, sig=signal.SIGTERM, timeout=15):
        """Signals the child and returns its exit status."""
        if self.is_alive():
            self.child.send_signal(sig)
        try:
            self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise
        finally:
            for thread in self.threads:
                thread.join(5)
        return self.child.returncode


def wait_until(fact, timeout=10, what="what was waited for"):
    """Polls `fact` until it holds and returns its value; for files that another process writes."""
    end = time.monotonic() + timeout
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {timeout} s")
        time.sleep(0.01)
