"""Posting messages about accounts to the webhooks of their owners: in order, signed, until they arrive or are dead."""
