"""Checking a whole installation: the log's own rules, what its events promise, the read models, the objects."""
