"""`lathe doctor`: looks at everything an installation needs, changes nothing, and says what to do about each fault."""
