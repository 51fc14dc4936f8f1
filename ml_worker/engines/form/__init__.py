"""`lathe/form`: an English prompt becomes a parametric solid, without a network and without a GPU."""

from ml_worker.engines.form.engine import FormEngine

__all__ = ["FormEngine"]
