"""Replay of recorded page loads: see bench/page."""
