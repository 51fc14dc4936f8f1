"""Where a client reaches the object store."""

import re
from typing import Final

from starlette.requests import Request

from adapters.settings import Settings

_HOST: Final = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?\Z")


def reached_at(request: Request, settings: Settings) -> str | None:
    """By the very address the client came to, if the gateway passes on what is signed; None: at the store's own.

    The URL goes back to whoever named that host, and opens nothing but one object.
    """
    if not settings.uploads_by_gateway:
        return None
    page = settings.page_url()
    host = request.headers.get("host", "")
    if not _HOST.match(host) or host == page.partition("://")[2]:
        return page
    return f"{'https' if request.headers.get('x-forwarded-proto') == 'https' else 'http'}://{host}"
