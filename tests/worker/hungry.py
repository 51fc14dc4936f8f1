"""Engines that take room of a small memory when they are loaded, and give it back when they are collected.

Each refers to itself, as models with hooks do: it is not enough that nobody else refers to it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from ml_worker.engines.port import Description, Inputs, Made, Result, Run

ROOM = 2
"""How much fits."""


class Memory:
    """A part of the room, for as long as this object lives. Raises MemoryError."""

    taken: ClassVar[int] = 0

    def __init__(self, size: int) -> None:
        self.size = 0
        if Memory.taken + size > ROOM:
            raise MemoryError
        self.size = size
        Memory.taken += size

    def __del__(self) -> None:
        Memory.taken -= self.size


class Hungry:
    """Params: `more`, the room that a run takes besides."""

    name = "a"
    size = 1

    def describe(self) -> Description:
        return Description(
            id=f"test/{self.name}",
            version="1",
            title="Hungry",
            kinds=("text",),
            params_schema={"type": "object", "additionalProperties": False, "properties": {}},
            price=1_000_000,
            typical_seconds=1.0,
            stages=(("shape", 1.0),),
        )

    def load(self, device: str) -> None:
        self.myself = self
        self.weights = Memory(self.size)

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        needed = Memory(params.get("more", 0))
        path = run.folder / "model.glb"
        path.write_bytes(b"a model")
        made = Made(format="glb", path=path, media_type="model/gltf-binary")
        return Result(files=(made,), report={"taken": needed.taken}, understood={})


class HungryB(Hungry):
    name = "b"


class HungryC(Hungry):
    name = "c"


class TooHungry(Hungry):
    name = "huge"
    size = ROOM + 1
