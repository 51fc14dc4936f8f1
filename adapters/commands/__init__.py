"""Commands between processes: to the owner, wherever it is."""
