"""The read side: queries on the read models, live updates from the log, files, documentation."""
