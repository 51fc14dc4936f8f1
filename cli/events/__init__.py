"""`lathe events`: the log, for analysts and operators."""
