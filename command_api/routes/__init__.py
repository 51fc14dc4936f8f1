"""The paths of the write side: each module is one router."""
