"""The paths of the read side: each module is one router."""
