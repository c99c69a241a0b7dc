"""Servers side by side, and what is measured of them: see bench/load."""
