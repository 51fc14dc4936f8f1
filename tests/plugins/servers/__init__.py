"""Small model servers, each a process of its own, which follow the published protocols."""
