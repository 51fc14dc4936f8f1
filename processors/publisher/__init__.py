"""Copies of the valid records of each truth topic into `lathe.public.*`, for readers who cannot apply the read rule."""
