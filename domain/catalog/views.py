"""What is told about a model: plain JSON values, the price in credits."""

from typing import Any

from domain.catalog.state import Model
from domain.money import to_credits


def model_view(model: Model) -> dict[str, Any]:
    published = model.published
    return {
        "id": published.model,
        "version": published.version,
        "title": published.title,
        "kinds": list(published.kinds),
        "params_schema": published.params_schema,
        "price": to_credits(model.price),
        "typical_seconds": published.typical_seconds,
        "retired": model.retired,
    }
