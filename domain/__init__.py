"""Pure domain: events, commands, decide and evolve. No I/O, no clock, no randomness."""
