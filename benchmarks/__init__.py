"""Measurements against peers, in the same run on the same machine. `make bench` runs them all."""
