"""Erasing deleted users: what the log cannot forget becomes unreadable, everything else is removed."""
