"""Backup and restore of what cannot be made anew: the log, the schema `ops`, the objects.

In this order, because whatever an event names was there before it: `ops` (sessions, cursors, orders, as of one
moment); then where the log ends (`cut.py`), and the log up to there; then the accounts' keys, and the objects. So a
backup that is made while commands are taken is the installation as it was when the log was cut, with a few keys and
objects more.
"""
