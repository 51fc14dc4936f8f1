"""Projections: the log folded into PostgreSQL."""
