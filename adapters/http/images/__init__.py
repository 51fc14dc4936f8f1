"""Uploaded images: examined by their content in a process of their own, before anything else touches them."""
