"""The specification of both services as one, and pages to read and try it. All assets come from this host."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import fastapi_offline
from fastapi import APIRouter, Header, Query
from starlette.responses import FileResponse, HTMLResponse, Response

from adapters.http.catalogue import language_of
from domain.errors import NotFound
from query_api.texts import Language

router = APIRouter(include_in_schema=False)
Lang = Annotated[Language | None, Query()]
AcceptLanguage = Annotated[str | None, Header()]

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
  const url = '/openapi.json?lang=' + document.documentElement.lang
  if (window.SwaggerUIBundle) {
    SwaggerUIBundle({
      url, dom_id: '#page', deepLinking: true, persistAuthorization: true, tryItOutEnabled: true,
      presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
    })
  } else {
    Redoc.init(url, { disableSearch: false }, document.getElementById('page'))
  }
}
"""
_SPECIFICATIONS: Final = {"en": "api_spec.json", "ru": "api_spec.ru.json"}
_TITLES: Final = {"en": "Lathe API", "ru": "API Lathe"}
_OTHER: Final = {"en": ("ru", "По-русски"), "ru": ("en", "In English")}


@cache
def specification(language: Language) -> bytes:
    """Made from both applications by `python docs/api_spec.py`; a test finds it when it is out of date."""
    return files("query_api").joinpath(_SPECIFICATIONS[language]).read_bytes()


@router.get("/openapi.json")
async def openapi(lang: Language = "en") -> Response:
    headers = {"cache-control": "public, max-age=60", "content-language": lang}
    return Response(specification(lang), media_type="application/json", headers=headers)


@router.get("/docs")
async def docs(lang: Lang = None, accept_language: AcceptLanguage = None) -> Response:
    head = '<link rel="stylesheet" href="/docs/assets/swagger-ui.css">'
    return _page("/docs", head, "swagger-ui-bundle.js", lang or language_of(accept_language))


@router.get("/redoc")
async def redoc(lang: Lang = None, accept_language: AcceptLanguage = None) -> Response:
    return _page("/redoc", "", "redoc.standalone.js", lang or language_of(accept_language))


@router.get("/docs/assets/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript", headers={"cache-control": "public, max-age=3600"})


@router.get("/docs/assets/{name}")
async def asset(name: str) -> Response:
    if name not in _SERVED:
        raise NotFound("There is no such file.")
    return FileResponse(_ASSETS / name, media_type=_SERVED[name], headers={"cache-control": "public, max-age=86400"})


def _page(path: str, head: str, script: str, language: str) -> Response:
    other, name = _OTHER[language]
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{_TITLES[language]}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="/docs/assets/favicon.png">{head}</head><body>'
        f'<p style="margin:.5rem 1rem;text-align:right"><a href="{path}?lang={other}" hreflang="{other}">{name}</a></p>'
        f'<div id="page"></div><script src="/docs/assets/{script}"></script>'
        '<script src="/docs/assets/start.js"></script></body></html>'
    )
    headers = {"content-security-policy": _POLICY, "cache-control": "no-cache", "vary": "Accept-Language",
               "content-language": language}  # fmt: skip
    return HTMLResponse(html, headers=headers)
