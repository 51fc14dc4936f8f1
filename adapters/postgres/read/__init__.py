"""The read models in PostgreSQL: their tables, and how a read schema (`read_v1`, …) is made.

A read schema is a fold of the log: it can be dropped and built again. It is never altered once it serves; a new model
is built beside it under the next name.
"""
