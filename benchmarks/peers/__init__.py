"""What Lathe is compared with: the usual design, FastAPI + PostgreSQL + a task queue on Redis.

These modules run in the peers' own environment (requirements/bench.txt) and import nothing of Lathe.
"""
