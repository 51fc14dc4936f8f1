"""Time travel: what the read models would have said of one account at a place in the log."""
