"""Posting messages to addresses that users chose: how they are signed, and which may be reached."""
