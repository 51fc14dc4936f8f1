"""A small real HTTP server that keeps the API's promises, as far as the command line relies on them."""

import asyncio
import hashlib
import json
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

GLB = b"glTF" + bytes(range(256)) * 40
PRICE = 1


class Server:
    """`url` while it serves. The members below it are switches for a test, and what it saw."""

    def __init__(self) -> None:
        self.url = ""
        self.users: dict[str, str] = {"ada": "correct horse"}
        self.tokens: dict[str, str] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.uploads: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []

        self.statuses: list[int] = []
        """Of the next answers to POST /generate, though the task is made."""
        self.fail_with: dict[str, Any] | None = None
        self.refuse_with: tuple[int, dict[str, Any]] | None = None
        self.break_streams = 0
        self.token_seconds = 900
        self.never_ends = False
        self.damaged = 0
        self.lag = 0
        """So many reads know nothing of a task that was made."""

    @contextmanager
    def serve(self) -> Iterator["Server"]:
        routes = [
            Route("/auth/register", self._register, methods=["POST"]),
            Route("/auth/login", self._login, methods=["POST"]),
            Route("/auth/refresh", self._refresh, methods=["POST"]),
            Route("/auth/logout", self._logout, methods=["POST"]),
            Route("/upload", self._upload, methods=["POST"]),
            Route("/generate", self._generate, methods=["POST"]),
            Route("/generate/models", self._models),
            Route("/generate/{task}", self._task),
            Route("/generate/{task}/events", self._events),
            Route("/generate/{task}/result", self._result),
            Route("/generate/{task}/cancel", self._cancel, methods=["POST"]),
            Route("/files/{file}", self._file),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=0, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        end = time.monotonic() + 60
        while not server.started and time.monotonic() < end:
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            thread.join(5)

    def _seen(self, request: Request) -> None:
        self.requests.append((request.method, request.url.path, dict(request.headers)))

    def _user(self, request: Request) -> str | None:
        self._seen(request)
        return self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    def _tokens(self, user: str) -> Response:
        access, refresh = uuid.uuid4().hex, uuid.uuid4().hex
        self.tokens[access], self.refresh_tokens[refresh] = user, user
        told = {"access_token": access, "token_type": "bearer", "refresh_token": refresh}
        return JSONResponse(told | {"expires_in": self.token_seconds})

    async def _register(self, request: Request) -> Response:
        body = await request.json()
        if body["username"] in self.users:
            return problem(409, "already-exists", "The user name is taken.")
        self.users[body["username"]] = body["password"]
        return JSONResponse({"username": body["username"]}, 201)

    async def _login(self, request: Request) -> Response:
        body = await request.json()
        if self.users.get(body["username"]) != body["password"]:
            return problem(401, "unauthenticated", "The user name or the password is wrong.")
        return self._tokens(body["username"])

    async def _refresh(self, request: Request) -> Response:
        self._seen(request)
        user = self.refresh_tokens.pop((await request.json())["refresh_token"], None)
        return problem(401, "unauthenticated", "The session has ended.") if user is None else self._tokens(user)

    async def _logout(self, request: Request) -> Response:
        self._seen(request)
        self.refresh_tokens.pop((await request.json())["refresh_token"], None)
        return Response(status_code=204)

    async def _upload(self, request: Request) -> Response:
        if self._user(request) is None:
            return problem(401, "unauthenticated", "Log in first.")
        async with request.form() as form:
            file_id = str(uuid.uuid4())
            self.uploads[file_id] = await form["file"].read()  # type: ignore[union-attr]
        return JSONResponse({"file_id": file_id}, 201)

    async def _generate(self, request: Request) -> Response:
        if self._user(request) is None:
            return problem(401, "unauthenticated", "Log in first.")
        if self.refuse_with is not None:
            status, members = self.refuse_with
            return problem(status, "refused", "No.", **members)
        key = request.headers["idempotency-key"]
        if key not in self.by_key:
            task_id = str(uuid.uuid4())
            self.by_key[key] = task_id
            self.tasks[task_id] = {"task_id": task_id, "status": "queued", "asked": await request.json()}
        if self.statuses:
            return problem(self.statuses.pop(0), "unavailable", "Not now.", headers={"retry-after": "0"})
        return JSONResponse(self._document(self.by_key[key]), 202)

    def _document(self, task_id: str) -> dict[str, Any]:
        task = self.tasks[task_id]
        charged = PRICE if task["status"] == "completed" else task.get("charged", 0)
        return {"task_id": task_id, "status": task["status"], "charged": charged, "problem": task.get("problem")}

    async def _models(self, request: Request) -> Response:
        model = {"id": "lathe/form", "version": "1", "title": "From words", "kinds": ["text"]}
        return JSONResponse({"items": [model | {"price": 1.0, "typical_seconds": 2.5, "params_schema": {}}]})

    async def _task(self, request: Request) -> Response:
        if self._user(request) is None:
            return problem(401, "unauthenticated", "Log in first.")
        task_id = request.path_params["task"]
        if task_id not in self.tasks or self._lags():
            return problem(404, "not-found", "There is no such task.")
        told = self._document(task_id)
        return JSONResponse(told | {"status": "running"} if self._lags() else told)

    async def _events(self, request: Request) -> Response:
        if self._user(request) is None:
            return problem(401, "unauthenticated", "Log in first.")
        task_id = request.path_params["task"]
        if task_id not in self.tasks or self._lags():
            return problem(404, "not-found", "There is no such task.")
        last = int(request.headers.get("last-event-id", "0"))
        if self._ended(task_id) and last >= 3:
            return Response(status_code=204)
        return StreamingResponse(self._told(task_id, last), media_type="text/event-stream")

    def _ended(self, task_id: str) -> bool:
        return self.tasks[task_id]["status"] in ("completed", "failed", "cancelled")

    async def _told(self, task_id: str, last: int) -> AsyncIterator[bytes]:
        task = self.tasks[task_id]
        yield b"retry: 1000\n\n: hello\n\n"
        if last < 1:
            yield event("task", {"type": "requested", "status": "queued"}, 1)
        yield event("progress", {"progress": 0, "stage": None, "queue_position": 1, "eta_s": 4.0})
        if last < 2:
            yield event("task", {"type": "started", "status": "running"}, 2)
        if not self._ended(task_id):
            task["status"] = "running"
        for step in range(4):
            yield event("progress", {"progress": step / 4, "stage": "field", "attempt": 1})
            await asyncio.sleep(0.02)
        if self.break_streams > 0:
            self.break_streams -= 1
            yield b'id: 3\nevent: task\ndata: {"status": "compl'  # cut off: it must not count
            return
        while self.never_ends and not self._ended(task_id):
            await asyncio.sleep(0.02)
        if not self._ended(task_id):
            task["status"] = "failed" if self.fail_with else "completed"
            task["problem"] = self.fail_with
        yield event("task", {"type": task["status"], "status": task["status"], "charged": task.get("charged")}, 3)

    def _lags(self) -> bool:
        self.lag -= 1
        return self.lag >= 0 and self.lag != 2  # One comes through, so that the reads after it lag too.

    async def _result(self, request: Request) -> Response:
        if self._lags():
            return problem(409, "wrong-state", "The task is running.")
        sha = hashlib.sha256(GLB).hexdigest()
        (form,) = self.tasks[request.path_params["task"]]["asked"]["params"]["formats"]
        output = {"format": form, "file_id": "f", "url": "/files/f", "bytes": len(GLB), "sha256": sha}
        report = {"faces": 1234, "watertight": True, "size_mm": [80.0, 95.0, 80.0]}
        told = {"task_id": request.path_params["task"], "outputs": [output], "report": report}
        return JSONResponse(told | {"understood": {}, "ignored": ["very"]})

    async def _cancel(self, request: Request) -> Response:
        if self._user(request) is None:
            return problem(401, "unauthenticated", "Log in first.")
        task = self.tasks[request.path_params["task"]]
        if task["status"] == "completed":
            return problem(409, "wrong-state", "The task completed already.")
        task.update(status="cancelled", charged=0.25)
        return JSONResponse(self._document(task["task_id"]), 202)

    async def _file(self, request: Request) -> Response:
        if self._user(request) is None:
            return problem(401, "unauthenticated", "Log in first.")
        if self.damaged > 0:
            self.damaged -= 1
            return Response(GLB[:-1])
        return Response(GLB)


def event(kind: str, data: dict[str, Any], identifier: int | None = None) -> bytes:
    head = "" if identifier is None else f"id: {identifier}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None, **members: Any) -> JSONResponse:
    told = {"type": f"/problems/{code}", "title": code.capitalize(), "detail": detail, "request_id": "r-1", **members}
    return JSONResponse(told, status, headers, media_type="application/problem+json")
