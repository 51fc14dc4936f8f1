"""What can go wrong with the stack, worded for the person who started it."""


class StackError(Exception):
    """The stack cannot start or go on. `str(error)` says what happened and what to do about it."""
