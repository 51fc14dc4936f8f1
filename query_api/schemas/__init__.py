"""What the documents look like, for the specification. The handlers make them from rows, without validation."""
