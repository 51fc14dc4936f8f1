"""The access matrix as data."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from fastapi import APIRouter
from fastapi.routing import APIRoute

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "access-matrix.yaml"
ROLES: Final = ("anonymous", "user", "owner", "operator", "admin", "service")
MATRIX: Final[dict[str, Any]] = yaml.safe_load(FILE.read_text())


def access_of(operation: str) -> dict[str, bool | int]:
    """Role → True, or the status of the refusal."""
    found: dict[str, bool | int] = MATRIX["kinds"][MATRIX["operations"][operation]]["access"]
    return found


def operations_of(routers: Iterable[APIRouter]) -> set[str]:
    """`METHOD /path` of every route, those that the specification leaves out too."""
    routes = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    return {
        f"{method} {route.path}" for route in routes if isinstance(route, APIRoute) for method in route.methods or ()
    }


def judge(operation: str, role: str, answer: httpx.Response) -> str:
    """Empty when the answer is what the matrix says; else what is wrong."""
    wanted = access_of(operation)[role]
    told = f"{operation} as {role}: {answer.status_code}, wanted {wanted}"
    if wanted is not True:
        return "" if answer.status_code == wanted else told
    refused = answer.status_code in (401, 403) or answer.status_code >= 500
    gone = answer.status_code == 404 and MATRIX["operations"][operation] == "owned" and "no picture" not in answer.text
    return told if refused or gone else ""
