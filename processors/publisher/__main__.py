"""`python -m processors.publisher`: the publisher in a process of its own."""

import sys

from processors.__main__ import main

if __name__ == "__main__":
    sys.exit(main("processors.publisher", "publisher"))
