"""Building the read models anew beside the ones that serve, comparing them, and swapping them in.

`python -m processors.rebuild` is what `lathe ops rebuild` runs. It may be killed at any moment and run again: what is
committed stays, and it goes on from there.
"""
