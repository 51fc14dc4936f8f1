"""The engine that asks a model server: question -> file -> the same mesh pipeline as everybody's."""

import asyncio
import math
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import aiohttp
import msgspec

from ml_worker.engines.port import BadInput, Description, Inputs, Result, Retryable, Run
from ml_worker.engines.remote import hunyuan, open_inference, predictions
from ml_worker.engines.remote.config import Protocol, Remote, RemoteConfigError
from ml_worker.engines.remote.driver import Driver, Photo, Question
from ml_worker.engines.remote.link import Link
from ml_worker.mesh.params import PROPERTIES, Options

_DRIVERS: Final[dict[Protocol, Driver]] = {
    "hunyuan3d": hunyuan.ask,
    "cog": predictions.ask_cog,
    "replicate": predictions.ask_replicate,
    "open-inference": open_inference.ask,
}
_LOOK_S: Final = 0.2
"""How often a waiting run looks for its cancellation."""
_LEAVE_S: Final = 1.0
"""How long a driver may take to tell its server that nobody wants the result."""


class RemoteEngine:
    """One model of one server, as the operator configured it."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def describe(self) -> Description:
        return self._remote.describe()

    def load(self, device: str) -> None:
        """The model is loaded where the server runs; here, what makes clean files of its answers is.

        Raises RemoteConfigError when the token is missing.
        """
        self._remote.token()
        import_module("ml_worker.engines.remote.finishing")

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        """Raises BadInput (`remote-refused`), Permanent (`remote-…`, what the pipeline raises), Retryable."""
        question = self._question(inputs, params, run)
        run.progress("remote", 0.0)
        run.check_cancel()
        began = time.monotonic()
        content, requests = asyncio.run(self._converse(question, run))
        seconds = time.monotonic() - began
        run.progress("remote", 1.0)
        run.check_cancel()
        options = Options.of(params)
        if options.size is None and self._remote.size is not None:
            options = msgspec.structs.replace(options, size=self._remote.size)
        from ml_worker.engines.remote.finishing import finished  # PyTorch and all: not needed to be described

        built = finished(content, self._remote.up, options, run)
        told = {"remote_s": round(seconds, 3), "remote_bytes": len(content), "remote_requests": requests}
        return Result(
            files=built.files,
            report=built.report,
            understood={"made_by": self._remote.id, "protocol": self._remote.protocol},
            metrics=built.metrics | told,
        )

    def _question(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Question:
        kinds = self._remote.kinds
        prompt = (inputs.prompt or "").strip()
        if not prompt and not inputs.files:
            raise BadInput("nothing-asked", "Send a prompt or a photo, as this model takes it.")
        if prompt and "text" not in kinds and not inputs.files:
            raise BadInput("no-image", "This model takes photos only.")
        if inputs.files and not {"image", "images"} & set(kinds):
            raise BadInput("no-prompt", "This model takes words only.")
        photos = tuple(Photo(file.role, file.media_type, file.path.read_bytes()) for file in inputs.files)
        own = {name: value for name, value in params.items() if name not in PROPERTIES}
        return Question(prompt=prompt or None, photos=photos, seed=run.seed, params=own)

    async def _converse(self, question: Question, run: Run) -> tuple[bytes, int]:
        """The model's bytes, and how many requests it took."""
        try:
            token = self._remote.token()
        except RemoteConfigError as error:
            raise Retryable("remote-forbidden", "The model server's token is missing here.") from error
        async with aiohttp.ClientSession() as session:
            link = Link(self._remote, session, token, run)
            asking = asyncio.ensure_future(_DRIVERS[self._remote.protocol](question, link))
            try:
                async with asyncio.timeout(self._remote.timeout_seconds):
                    await self._wait(asking, link, run)
            except TimeoutError:
                raise Retryable("remote-timeout", "The model server took too long.") from None
            finally:
                if not asking.done():
                    asking.cancel()
                    await asyncio.wait({asking}, timeout=_LEAVE_S)
            return asking.result(), link.requests

    async def _wait(self, asking: "asyncio.Future[bytes]", link: Link, run: Run) -> None:
        """Until the driver has ended. Raises Cancelled."""
        began, typical = time.monotonic(), self._remote.typical_seconds
        told = 0.0
        while not asking.done():
            await asyncio.wait({asking}, timeout=_LOOK_S)
            run.check_cancel()
            guessed = 0.95 * (1 - math.exp(-1.5 * (time.monotonic() - began) / typical))
            told = max(told, guessed if link.fraction is None else 0.95 * link.fraction)
            run.progress("remote", told)
