"""Which worker runs which attempt: one writer, the scheduler."""
