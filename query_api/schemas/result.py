"""Results of finished tasks."""

from typing import Any

from pydantic import ConfigDict, Field

from query_api.schemas.document import Document
from query_api.schemas.task import EventOutput


class Output(EventOutput):
    """A file to download."""


class Printability(Document):
    """Whether a filament printer could make it as it stands."""

    printable: bool
    hints: list[str] = Field(description="What to mind, in plain words.")


class MeshReport(Document):
    """Of the mesh. Lengths in millimetres; engines may add members."""

    model_config = ConfigDict(extra="allow")

    watertight: bool = True
    manifold: bool = True
    winding: str = Field("", description="`outward` or `inward`.")
    components: int = Field(0, description="Separate bodies.")
    genus: int = Field(0, description="Handles of the closed surface.")
    faces: int = 0
    vertices: int = 0
    bounds_mm: list[list[float]] = Field([], description="The lower and the upper corner.")
    size_mm: list[float] = Field([], description="Width, height, depth.")
    volume_mm3: float = 0
    area_mm2: float = 0
    thinnest_wall_mm: float | None = None
    uv_overlap: float = Field(0, description="Share of the texture that is used twice.")
    texture_size: int = Field(0, description="Side of the textures, in pixels.")
    deviation_mm: float | None = Field(None, description="Between the mesh and the exact surface, if there is one.")
    printability: Printability | None = None


class Finish(Document):
    """What a part is made of."""

    model_config = ConfigDict(extra="allow")

    material: str = ""
    color: str = Field("", description="#rrggbb.")


class Understood(Document):
    """How the engine read its input; each engine says what it can, and may add members."""

    model_config = ConfigDict(extra="allow")

    object: str = ""
    family: str = ""
    count: int = 1
    size_m: dict[str, float] = Field({}, description="Width, height and depth in metres.")
    parts: dict[str, int] = Field({}, description="How many of each part.")
    options: dict[str, Any] = {}
    finishes: dict[str, Finish] = Field({}, description="By part; `main` is the whole.")
    words: dict[str, list[str]] = Field({}, description="The person's own words, by what they were taken for.")
    corrected: dict[str, str] = Field({}, description="Spelling that was put right: given word to taken word.")
    notes: list[str] = []
    can_also: str = ""
    mode: str = ""


class Result(Document):
    """The files, and what there is to say about them."""

    task_id: str
    outputs: list[Output]
    report: MeshReport
    preview_url: str | None = Field(description="A picture of at least 512 pixels.")
    understood: Understood
    ignored: list[str] = Field(description="Words of the prompt that were not used.")
