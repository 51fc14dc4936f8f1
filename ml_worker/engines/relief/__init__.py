"""The engine `lathe/relief`: one photo becomes a closed, textured body or a relief plate."""

from ml_worker.engines.relief.engine import ReliefEngine

__all__ = ["ReliefEngine"]
