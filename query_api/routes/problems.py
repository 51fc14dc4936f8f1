"""What the `type` of a problem document leads to: the catalogue, for programs and for people."""

from html import escape
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import HTMLResponse, Response

from adapters.http.catalogue import PROBLEMS, language_of
from adapters.http.declared import Responses, problems
from adapters.http.explanations import EXPLAINED
from domain.errors import NotFound
from query_api.etags import NOT_MODIFIED, document
from query_api.negotiation import preferred
from query_api.pages import page
from query_api.schemas.problem import ProblemType, ProblemTypePage
from query_api.texts import Language

router = APIRouter(prefix="/problems", tags=["operations"])
JSON: Final = "application/json"
HTML: Final = "text/html"
_HEADERS: Final = {"cache-control": "public, max-age=300", "vary": "Accept, Accept-Language"}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
PAGES: Final[Responses] = {200: {"content": {HTML: {"schema": {"type": "string"}}}}}
REFUSED: Final = NOT_MODIFIED | problems("malformed-request", "origin-refused", "invalid-input", "not-acceptable",
                                         "internal", "unavailable")  # fmt: skip
Accept = Annotated[str, Header(include_in_schema=False)]
AcceptLanguage = Annotated[str | None, Header(include_in_schema=False)]
Lang = Annotated[Language | None, Query(description="The language of the page; else what the browser prefers.")]


@router.get("", response_model=ProblemTypePage, summary="All types of problems", responses=PAGES | REFUSED)
async def catalogue(
    request: Request, accept: Accept = "*/*", accept_language: AcceptLanguage = None, lang: Lang = None
) -> Response:
    """JSON, or a page for a browser. The codes are stable: branch on them."""
    codes = sorted(PROBLEMS, key=lambda code: (PROBLEMS[code].status, code))
    if preferred(accept, (JSON, HTML)) == JSON:
        items = [_told(code) for code in codes]
        return document(request, page(items, total=len(items), limit=len(items), offset=0, following=None), _HEADERS)
    language = lang or language_of(accept_language)
    rows = "".join(
        f'<li><a href="/problems/{code}"><code>{code}</code></a> <b>{PROBLEMS[code].status}</b> '
        f"{escape(_title(code, language))}</li>"
        for code in codes
    )
    return _page(_HEADLINE[language], f"<ul>{rows}</ul>", language)


@router.get(
    "/{code}",
    response_model=ProblemType,
    summary="One type of problem: what it means, what to do",
    responses=PAGES | REFUSED | problems("not-found"),
)
async def problem_type(
    code: str, request: Request, accept: Accept = "*/*", accept_language: AcceptLanguage = None, lang: Lang = None
) -> Response:
    """JSON, or a page for a browser."""
    if code not in PROBLEMS:
        raise NotFound("There is no such type of problem.")
    if preferred(accept, (JSON, HTML)) == JSON:
        return document(request, _told(code), _HEADERS)
    language = lang or language_of(accept_language)
    told = EXPLAINED[code]
    body = (
        f"<p><code>{code}</code> · HTTP {PROBLEMS[code].status}</p><p>{_marked(told.means(language))}</p>"
        f"<h2>{_REMEDY[language]}</h2><p>{_marked(told.remedy(language))}</p>"
        f'<p><a href="/problems">{_HEADLINE[language]}</a></p>'
    )
    return _page(_title(code, language), body, language)


_HEADLINE: Final = {"en": "Types of problems", "ru": "Типы проблем"}
_REMEDY: Final = {"en": "What to do", "ru": "Что делать"}
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;"
    "padding:0 1rem}li{margin:.4rem 0}code{font-size:.95em}"
)


def _told(code: str) -> dict[str, Any]:
    known, explained = PROBLEMS[code], EXPLAINED[code]
    return {
        "type": f"/problems/{code}",
        "code": code,
        "status": known.status,
        "title": {"en": known.en, "ru": known.ru},
        "means": {"en": explained.means_en, "ru": explained.means_ru},
        "remedy": {"en": explained.do_en, "ru": explained.do_ru},
    }


def _title(code: str, language: str) -> str:
    return PROBLEMS[code].ru if language == "ru" else PROBLEMS[code].en


def _marked(text: str) -> str:
    """Escaped, with `code` as such."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def _page(title: str, body: str, language: str) -> Response:
    html = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(html, headers=_HEADERS | {"content-security-policy": _POLICY, "content-language": language})
