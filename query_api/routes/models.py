"""Models that can be asked for, and what they cost. Public."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from adapters.http.callers import CallerOf
from adapters.http.declared import READS, SIGNED_IN, problems
from domain.catalog.common_params import with_common
from domain.catalog.views import model_view
from domain.errors import InvalidInput
from domain.money import to_credits
from query_api.etags import NOT_MODIFIED, document
from query_api.pages import page
from query_api.parts import Parts, parts_of
from query_api.schemas.model import ModelPage, Quote

router = APIRouter(prefix="/generate", tags=["generate"])
Kind = Literal["text", "image", "images"]
PartsOf = Annotated[Parts, Depends(parts_of)]


@router.get(
    "/models",
    response_model=ModelPage,
    summary="Models with their parameters and prices",
    responses=NOT_MODIFIED | problems(*READS),
)
async def models(request: Request, parts: PartsOf) -> Response:
    """All that are offered. `params_schema` says which parameters a model takes; `seed` is one of each."""
    offered = [model_view(model) for model in parts.catalog.state.models.values() if not model.retired]
    for model in offered:
        model["params_schema"] = with_common(model["params_schema"])
    listed = page(offered, total=len(offered), limit=max(1, len(offered)), offset=0, following=None)
    return document(request, listed, {"cache-control": "public, max-age=5"})


@router.get(
    "/quote",
    response_model=Quote,
    summary="What a task would cost now",
    responses=NOT_MODIFIED | problems(*READS, *SIGNED_IN),
)
async def quote(
    request: Request,
    caller: CallerOf,
    parts: PartsOf,
    model: Annotated[str | None, Query(max_length=100)] = None,
    kind: Annotated[Kind, Query(description="Without a model: of the one that gets such a request.")] = "text",
) -> Response:
    """The price of one task, in credits. Give it as `max_credits` to be safe from a change."""
    state = parts.catalog.state
    found = state.usual(kind) if model is None else state.offered(model)
    if found is None:
        name, why = ("kind", f"No model takes {kind}") if model is None else ("model", f"There is no model {model!r}")
        raise InvalidInput(
            f"{why}; see GET /generate/models.", errors=[{"parameter": name, "in": "query", "detail": why}]
        )
    published = found.published
    told = {"model": published.model, "model_version": published.version, "price": to_credits(found.price)}
    return document(request, told)
