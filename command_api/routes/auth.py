"""Users' own paths: register, log in, refresh, log out, change the password (requirements/000, section 2.1).

For the page the refresh token travels in an HttpOnly cookie: whoever sends `X-Lathe-Cookie: 1` gets it there and
not in the body.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Cookie, Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, EmailStr, Field, ValidationError
from starlette.responses import JSONResponse

from adapters.http.callers import CallerOf
from adapters.http.declared import ANYWHERE, BODIES, problems, success
from adapters.http.problems import body_errors
from adapters.http.strict_json import StrictRoute, parse_strictly, require_json
from adapters.security.sessions import LIFETIME, OpenSession
from command_api.documents import Tokens, User
from command_api.parts import Parts, parts_of
from command_api.person_names import LONGEST_NAME, LONGEST_USERNAME, display_name_of, username_of
from command_api.users import NewUser, change_password, log_in, refresh, register, user_document
from domain.errors import Unauthenticated
from domain.identity import state

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)
REFUSED: Final = problems(*ANYWHERE, *BODIES, "unauthenticated", "rate-limited")
REGISTER_REFUSED: Final = problems(*ANYWHERE, *BODIES, "already-exists", "rate-limited")
PartsOf = Annotated[Parts, Depends(parts_of)]
COOKIE: Final = "lathe_refresh"
WantsCookie = Annotated[str | None, Header(alias="X-Lathe-Cookie", description="1: the refresh token in a cookie.")]


class Registration(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=LONGEST_USERNAME, examples=["ada"])
    password: str = Field(description="6 to 128 characters.", examples=["correct horse"])
    email: EmailStr | None = None
    name: str | None = Field(None, min_length=1, max_length=LONGEST_NAME)


class Login(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str
    password: str


class Refresh(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: str | None = None


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old_password: str
    new_password: str


@router.post(
    "/register",
    status_code=201,
    response_model=User,
    summary="Create an account",
    responses=success(201, "The user", "Location", "Lathe-Position") | REGISTER_REFUSED,
)
async def register_user(body: Registration, request: Request, parts: PartsOf) -> Response:
    """A new user with an account and sign-up credits. 409 when the name is taken (case does not count)."""
    parts.limits.registration(request.scope)
    username = username_of(body.username)
    name = None if body.name is None else display_name_of(body.name)
    new = NewUser(username=username, password=body.password, name=name, email=body.email)
    applied, account_id = await register(parts, request, new)
    document = await user_document(parts, account_id, applied.view)
    return JSONResponse(document, 201, {"lathe-position": applied.position, "location": "/auth/profile"})


@router.post(
    "/login",
    response_model=Tokens,
    summary="Get an access token",
    responses=REFUSED,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Login.model_json_schema()},
                "application/x-www-form-urlencoded": {"schema": Login.model_json_schema()},
            },
        }
    },
)
async def login(request: Request, parts: PartsOf, wants_cookie: WantsCookie = None) -> Response:
    """JSON, or the form of OAuth2's password grant (so that Authorize in /docs works). 401 for a wrong password."""
    given = await _credentials(request)
    name_index = parts.digests.blind_index(given.username.strip())
    parts.limits.login(request.scope, name_index)
    try:
        user, session = await log_in(parts, request, name_index, given.password)
    except Unauthenticated:
        parts.limits.login_failed(request.scope, name_index)
        raise
    return await _tokens(parts, request, user, session, wants_cookie)


@router.post("/refresh", response_model=Tokens, summary="Exchange a refresh token", responses=REFUSED)
async def refresh_session(
    request: Request,
    parts: PartsOf,
    body: Refresh | None = None,
    wants_cookie: WantsCookie = None,
    cookie: Annotated[str | None, Cookie(alias=COOKIE)] = None,
) -> Response:
    """A new access token and the next refresh token. A token that is used twice ends its session."""
    presented = _presented(body, cookie, wants_cookie)
    user, session = await refresh(parts, presented)
    return await _tokens(parts, request, user, session, wants_cookie)


@router.post("/logout", status_code=204, summary="End the session", responses=REFUSED)
async def logout(
    parts: PartsOf,
    body: Refresh | None = None,
    wants_cookie: WantsCookie = None,
    cookie: Annotated[str | None, Cookie(alias=COOKIE)] = None,
) -> Response:
    """The refresh token is refused from now on; the access token lives on until it expires."""
    await parts.sessions.close(_presented(body, cookie, wants_cookie))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/auth")
    return response


@router.put(
    "/password",
    status_code=204,
    summary="Change the password",
    responses=success(204, "Changed", "Lathe-Position") | REFUSED,
)
async def put_password(body: NewPassword, request: Request, caller: CallerOf, parts: PartsOf) -> Response:
    """All sessions and access tokens end. 401 when the present password is wrong."""
    user = parts.users.state.by_id(caller.user_id)
    if user is None:
        raise Unauthenticated("Log in again.")
    parts.passwords.require_acceptable(body.new_password, "/new_password")
    # Whoever got hold of an access token must not try passwords faster here than at the login.
    parts.limits.login(request.scope, caller.account_id)
    try:
        applied = await change_password(parts, request, user, body.old_password, body.new_password)
    except Unauthenticated:
        parts.limits.login_failed(request.scope, caller.account_id)
        raise
    return Response(status_code=204, headers={"lathe-position": applied.position})


async def _credentials(request: Request) -> Login:
    if request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        form = await request.form(max_fields=20)
        given: Any = {name: form.get(name) for name in ("username", "password")}
    else:
        require_json(request)
        given = parse_strictly(await request.body())
    try:
        return Login.model_validate(given)
    except ValidationError as error:
        raise RequestValidationError(body_errors(error)) from None


def _presented(body: Refresh | None, cookie: str | None, wants_cookie: str | None) -> str:
    token = (body.refresh_token if body else None) or (cookie if wants_cookie == "1" else None)
    if not token:
        raise Unauthenticated("Send the refresh token: in the body, or in the cookie with `X-Lathe-Cookie: 1`.")
    return token


async def _tokens(
    parts: Parts, request: Request, user: state.User, session: OpenSession, wants_cookie: str | None
) -> Response:
    access = await parts.tokens.issue(
        account_id=user.account_id,
        user_id=user.user_id,
        role=user.role,
        token_version=user.token_version,
        session_id=session.session_id,
    )
    document = {"access_token": access.token, "token_type": "bearer", "expires_in": access.expires_in}
    if wants_cookie != "1":
        return JSONResponse(document | {"refresh_token": session.refresh_token})
    response = JSONResponse(document)
    response.set_cookie(
        COOKIE,
        session.refresh_token,
        max_age=int(LIFETIME.total_seconds()),
        path="/auth",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https",
    )
    return response
