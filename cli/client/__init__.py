"""Lathe's API as the command line uses it: session, requests, live events."""
