"""What all documents have in common."""

from adapters.http.documents import Document

__all__ = ["Document"]
