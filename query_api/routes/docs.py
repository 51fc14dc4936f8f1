"""The specification of both services as one, and pages to read and try it. All assets come from this host."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from domain.errors import NotFound

router = APIRouter(include_in_schema=False)

_ASSETS: Final = Path(fastapi_offline.__file__).parent / "static"
_SERVED: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
    "favicon.png": "image/png",
}
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src blob:; "
    "font-src 'self' data:; frame-ancestors 'none'"
)
"""Both pages put styles into the document; neither needs an inline script."""
_START: Final = """\
window.onload = () => {
  if (window.SwaggerUIBundle) {
    SwaggerUIBundle({
      url: '/openapi.json', dom_id: '#page', deepLinking: true, persistAuthorization: true, tryItOutEnabled: true,
      presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
    })
  } else {
    Redoc.init('/openapi.json', { disableSearch: false }, document.getElementById('page'))
  }
}
"""


@cache
def specification() -> bytes:
    """Made from both applications by `python docs/api_spec.py`; a test finds it when it is out of date."""
    return files("query_api").joinpath("api_spec.json").read_bytes()


@router.get("/openapi.json")
async def openapi() -> Response:
    return Response(specification(), media_type="application/json", headers={"cache-control": "public, max-age=60"})


@router.get("/docs")
async def docs() -> Response:
    return _page('<link rel="stylesheet" href="/docs/assets/swagger-ui.css">', "swagger-ui-bundle.js")


@router.get("/redoc")
async def redoc() -> Response:
    return _page("", "redoc.standalone.js")


@router.get("/docs/assets/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript", headers={"cache-control": "public, max-age=3600"})


@router.get("/docs/assets/{name}")
async def asset(name: str) -> Response:
    if name not in _SERVED:
        raise NotFound("There is no such file.")
    return FileResponse(_ASSETS / name, media_type=_SERVED[name], headers={"cache-control": "public, max-age=86400"})


def _page(head: str, script: str) -> Response:
    title = json.loads(specification())["info"]["title"]
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="/docs/assets/favicon.png">{head}</head><body><div id="page"></div>'
        f'<script src="/docs/assets/{script}"></script><script src="/docs/assets/start.js"></script></body></html>'
    )
    return HTMLResponse(html, headers={"content-security-policy": _POLICY, "cache-control": "no-cache"})
