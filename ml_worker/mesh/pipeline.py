"""From a solid (or a ready mesh) to clean files: the one call that engines make.

    from ml_worker.mesh.params import PROPERTIES, Options
    from ml_worker.mesh.pipeline import STAGES, Built, build, build_mesh

    STAGES: ((stage, weight), …)                      field, surface, texture, files, preview; weights sum to 1
    build(solid: Solid, options: Options, run: Run, *, name="model", device="cpu", paint: Paint | None = None,
          fineness=1.0, places=((0, 0),), threads=1) -> Built
    build_mesh(mesh: Mesh, paint: Paint, options: Options, run: Run, *, name="model") -> Built

    Built(files: tuple[Made, …], report: dict, metrics: dict[str, float])

so that an engine ends with `Result(files=built.files, report=built.report, metrics=built.metrics, understood=…)`.
`files` holds one entry a requested format and the preview. Progress is told under the names of STAGES, cancellation is
looked for between chunks of work. Raises Permanent (`field-invalid`, `field-unbounded`, `empty`, `mesh-invalid`) and
BadInput (`too-thin`).
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np

from ml_worker.engines.port import BadInput, Made, Run
from ml_worker.mesh.assets import Asset, assemble
from ml_worker.mesh.bake import Exact, bake
from ml_worker.mesh.borders import cut_at_borders
from ml_worker.mesh.charts import Charts, split_charts, unwrap
from ml_worker.mesh.copies import Place, repeated, spread
from ml_worker.mesh.extract import FLUSH, REACH, extract
from ml_worker.mesh.fbx import write_fbx
from ml_worker.mesh.gate import faults, require_clean
from ml_worker.mesh.gltf import write_glb
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.lattice import Field, resolution, sample
from ml_worker.mesh.mesh import Floats, Ints, Mesh
from ml_worker.mesh.normals import corner_normals
from ml_worker.mesh.obj import write_obj_zip
from ml_worker.mesh.packing import pack
from ml_worker.mesh.paint import MaterialPaint, Paint
from ml_worker.mesh.params import MEDIA_TYPES, Format, Options, Quality
from ml_worker.mesh.preview import render
from ml_worker.mesh.rays import Rays
from ml_worker.mesh.relief_map import exact_normals
from ml_worker.mesh.report import report
from ml_worker.mesh.sheet import Sheet
from ml_worker.mesh.simplify import simplify
from ml_worker.mesh.sketch import sketch
from ml_worker.mesh.skin import skin
from ml_worker.mesh.solid import Solid
from ml_worker.mesh.stl import write_stl
from ml_worker.mesh.texels import Texels, rasterise
from ml_worker.mesh.threemf import write_3mf
from ml_worker.mesh.tidy import drawn_apart, without_crumbs
from ml_worker.mesh.turntable import render_turntable
from ml_worker.mesh.usdz import write_usdz

STAGES: tuple[tuple[str, float], ...] = (
    ("field", 0.2),
    ("surface", 0.3),
    ("texture", 0.3),
    ("files", 0.05),
    ("preview", 0.15),
)


class Effort(msgspec.Struct, frozen=True):
    surface_cells: int
    least: int
    most: int
    """Lattice steps along the longest side."""
    tolerance: float
    """Share of the longest side that simplification may always move the surface."""


EFFORTS: dict[Quality, Effort] = {
    "draft": Effort(12_000, 56, 140, 5e-4),
    "standard": Effort(33_500, 88, 224, 2.5e-4),
    "high": Effort(134_000, 160, 392, 1e-4),
}
FOLDS_SEEN_AT = 320
"""Texture size at which charts are first looked through for folds: cheaper than the real one."""
LEAN_ATTEMPTS = 3
"""To keep the budget of faces when triangles are cut."""
CAUGHT = 0.8
"""The share of the solid's bounds that its mesh must fill in each direction."""
ALONE: Final = ((0.0, 0.0),)
LEAST_FACES = 2_500
"""A copy of several is not cut below this for the sake of the budget of them all."""
SUFFIXES: dict[Format, str] = {
    "glb": ".glb",
    "obj": ".obj.zip",
    "stl": ".stl",
    "fbx": ".fbx",
    "3mf": ".3mf",
    "usdz": ".usdz",
    "webp": ".webp",
}


class Built(msgspec.Struct, frozen=True):
    files: tuple[Made, ...]
    report: dict[str, Any]
    metrics: dict[str, float]
    """`<stage>_s`, `field_queries`, `faces`, `cells` (lattice steps along the longest side), bytes by format."""


class _Told:
    """Progress and timing of the stages; `watch` is given to everything that takes long."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.metrics: dict[str, float] = {}
        self._stage = ""
        self._since = time.perf_counter()

    def watch(self) -> None:
        self.run.check_cancel()

    def at(self, stage: str, fraction: float) -> None:
        self.run.check_cancel()
        now = time.perf_counter()
        if stage != self._stage:
            self._since, self._stage = now, stage
        self.metrics[f"{stage}_s"] = round(now - self._since, 4)
        self.run.progress(stage, fraction)

    def show(self, picture: bytes) -> None:
        """The bare surface, for whoever watches; the picture in colour comes last."""
        path = self.run.folder / "sketch.png"
        path.write_bytes(picture)
        self.run.progress("surface", 1.0, path)


class _Surface(msgspec.Struct, frozen=True, eq=False):
    """A clean mesh, in the size in which it will be handed out, and what can be known of it."""

    mesh: Mesh
    normals: Callable[[], tuple[Floats, Ints]]
    """As `corner_normals` gives them."""
    deviation: Callable[[], float | None]
    exact: Callable[[Sheet], Exact] | None
    """Exact normals for texels, where there is a field to ask."""


def build(
    solid: Solid,
    options: Options,
    run: Run,
    *,
    name: str = "model",
    device: str = "cpu",
    paint: Paint | None = None,
    fineness: float = 1.0,
    places: Sequence[Place] = ALONE,
    threads: int = 1,
) -> Built:
    """Mesh a solid, paint it with its materials (or with `paint`), write the files into `run.folder`.

    `name`: ASCII letters, digits, `-` and `_`; it names the object and the files. `fineness`: how many times more
    lattice steps than usual the solid needs at the least, for small things on a large body (a house's windows).
    `places`: where copies of the solid stand; they share the budget of faces and the textures. `threads`: with two or
    more, what does not wait for each other is done at once.
    """
    told = _Told(run)
    told.at("field", 0.0)
    effort = EFFORTS[options.quality]
    field = Field(solid, device, told.watch)
    coat = paint or MaterialPaint(field)
    cells = resolution(field, effort.surface_cells, effort.least, effort.most)
    cells = min(max(cells, round(effort.least * fineness)), effort.most)
    told.at("field", 0.2)
    lattice = sample(field, cells)
    told.at("field", 1.0)

    told.at("surface", 0.0)
    dense = without_crumbs(extract(field, lattice, FLUSH))
    _require_most(dense, solid)
    told.at("surface", 0.4)
    longest = float(np.ptp(dense.vertices, axis=0).max())
    budget = max(options.target_faces // len(places), min(options.target_faces, LEAST_FACES))
    mesh = _lean(dense, field, budget, longest * effort.tolerance, paint is None, told.watch)
    told.at("surface", 0.8)
    reach = lattice.step * REACH
    surface = _Surface(
        mesh,
        lambda: corner_normals(mesh, field, reach),
        lambda: _deviation(mesh, field),
        partial(partial, exact_normals, field=field, reach=reach),
    )
    with Lane(threads, told.watch) as lane:
        built = _finish(surface, coat, options, told, lane, name, places)
    built.metrics.update(cells=cells, field_queries=field.queries)
    return built


def build_mesh(mesh: Mesh, paint: Paint, options: Options, run: Run, *, name: str = "model") -> Built:
    """The same from a ready mesh that closes a volume."""
    told = _Told(run)
    told.at("surface", 0.0)
    longest = float(np.ptp(mesh.vertices, axis=0).max())
    tolerance = longest * EFFORTS[options.quality].tolerance
    lean = drawn_apart(without_crumbs(simplify(mesh, options.target_faces, tolerance, told.watch).mesh))
    # What stands on a single corner may have lost it, and stands all the same.
    sunk = np.array([0.0, lean.vertices[:, 1].min() - mesh.vertices[:, 1].min(), 0.0])
    lean = Mesh(lean.vertices - sunk, lean.faces)
    told.at("surface", 0.7)
    with Lane(1) as lane:
        surface = _Surface(lean, lambda: corner_normals(lean), lambda: None, None)
        return _finish(surface, paint, options, told, lane, name)


def _lean(
    dense: Mesh, field: Field, budget: int, tolerance: float, with_glass: bool, watch: Callable[[], None]
) -> Mesh:
    """With few triangles, and those cut along the borders of glass, if it has any and something else too."""
    opacity = np.array([material.opacity for material in field.solid.materials])
    allowed = budget
    for attempt in range(LEAN_ATTEMPTS):
        mesh = drawn_apart(without_crumbs(simplify(dense, allowed, tolerance, watch).mesh))
        if not with_glass or (opacity == opacity[0]).all():
            return mesh
        cut = drawn_apart(cut_at_borders(mesh, lambda points: opacity[field.material(points)], watch))
        if faults(cut):  # a border that is not sharp is better than no model
            cut = mesh
        over = len(cut.faces) - budget
        if over <= 0 or attempt == LEAN_ATTEMPTS - 1:
            break
        allowed = max(allowed - round(1.3 * over), budget // 2)
    return cut


def _require_most(mesh: Mesh, solid: Solid) -> None:
    """Raises BadInput `too-thin` when the lattice caught only shreds of the solid."""
    low, high = solid.bounds
    if (np.ptp(mesh.vertices, axis=0) < CAUGHT * np.subtract(high, low)).any():
        raise BadInput(
            "too-thin",
            "Much of it is thinner than can be made at this quality. Ask for a higher one, or for something thicker.",
        )


def _deviation(mesh: Mesh, field: Field) -> float:
    """Metres: the largest distance from the exact surface at the faces' centres."""
    return float(np.abs(field.distance(mesh.centres())).max())


def _finish(
    surface: _Surface, paint: Paint, options: Options, told: _Told, lane: Lane, name: str,
    places: Sequence[Place] = ALONE,
) -> Built:  # fmt: skip
    mesh = surface.mesh
    extent = np.ptp(mesh.vertices, axis=0) + spread(places)
    scale = 1.0 if options.size is None else options.size / float(extent.max())
    scaled = Mesh(mesh.vertices * scale, mesh.faces)
    unwrapped = lane.beside(lambda: _unwrapped(mesh, options.texture_size, told.watch))
    traced = lane.beside(lambda: Rays(mesh))
    drawn = lane.beside(lambda: sketch(mesh))
    checked = lane.beside(lambda: require_clean(scaled))
    normals, group = surface.normals()
    charts, uvs, texels = unwrapped()
    flat = charts.flat.reshape(-1, 2)
    metres = float(np.linalg.norm(flat[1::3] - flat[::3], axis=1).sum())
    pixels = float(np.linalg.norm(uvs[:, 1] - uvs[:, 0], axis=1).sum())
    corner_uvs = uvs.reshape(-1, 2) / options.texture_size
    shown = skin(mesh, normals, group, charts.number, corner_uvs)
    sheet = Sheet(mesh, shown, charts.number, metres / pixels)
    rays = traced()
    checked()
    told.at("surface", 1.0)
    told.show(drawn())
    told.at("texture", 0.0)
    maps = bake(sheet, texels, rays, paint, lane, told.watch, surface.exact and surface.exact(sheet))
    told.at("texture", 0.8)
    asset = repeated(assemble(name, scaled, shown, maps), [(x * scale, z * scale) for x, z in places])
    told.at("texture", 1.0)

    overlap = len(np.unique(texels.crowded)) / len(mesh.faces)
    reported = lane.beside(lambda: report(asset, uv_overlap=overlap, deviation=_scaled(surface.deviation(), scale)))
    made = _write(asset, options, told, lane)
    told.metrics |= {"faces": len(asset.faces), "charts": charts.count}
    return Built(made, reported(), told.metrics)


def _scaled(length: float | None, scale: float) -> float | None:
    return None if length is None else length * scale


def _unwrapped(mesh: Mesh, size: int, watch: Callable[[], None]) -> tuple[Charts, Floats, Texels]:
    """Charts, and texture coordinates in texels; charts that lie over themselves are cut until none does."""
    charts = unwrap(mesh)
    side = min(size, FOLDS_SEEN_AT)
    while True:
        watch()
        uvs = pack(charts, side, tightly=side == size)
        texels = rasterise(uvs, side)
        if len(texels.crowded):
            charts = split_charts(charts, mesh, texels.crowded)
        elif side < size:
            side = size
        else:
            return charts, uvs, texels


def _write(asset: Asset, options: Options, told: _Told, lane: Lane) -> tuple[Made, ...]:
    writers: dict[Format, Callable[[], bytes]] = {
        "glb": lambda: write_glb(asset),
        "obj": lambda: write_obj_zip(asset),
        "stl": lambda: write_stl(asset.solid, asset.name),
        "fbx": lambda: write_fbx(asset),
        "3mf": lambda: write_3mf(asset),
        "usdz": lambda: write_usdz(asset, told.run.folder),
        "webp": lambda: render_turntable(asset, told.watch, lane),
    }
    made = []
    for index, format_ in enumerate(options.formats):
        told.at("files", index / len(options.formats))
        path = told.run.folder / f"{asset.name}{SUFFIXES[format_]}"
        path.write_bytes(writers[format_]())
        told.metrics[f"{format_}_bytes"] = path.stat().st_size
        made.append(Made(format=format_, path=path, media_type=MEDIA_TYPES[format_]))
    told.at("files", 1.0)
    told.at("preview", 0.0)
    picture = told.run.folder / "preview.png"
    picture.write_bytes(render(asset, told.watch, lane))
    told.at("preview", 1.0)
    told.run.progress("preview", 1.0, picture)
    return (*made, Made(format="preview", path=picture, media_type="image/png"))
