"""What workers say: run events, progress and heartbeats. Facts of their writers; nothing is decided on them here."""
