"""One measurement of `benchmarks.mesh`: `… mesh_sides surface|glb lathe|dense|bounded SOLID|PROMPT CELLS THREADS`.

Prints a line of JSON: `seconds` of wall time, `processor` seconds, `memory` (bytes beyond what was in use before),
`faces`, `bytes`.
"""

import json
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import trimesh
from skimage.measure import marching_cubes

from adapters.collector import keep_what_is_there
from ml_worker.engines.form import FormEngine, grouping
from ml_worker.engines.form.families.registry import FAMILIES
from ml_worker.engines.form.make import make_solid, make_wish
from ml_worker.engines.form.sdf import shape
from ml_worker.engines.form.understand import Understanding
from ml_worker.engines.port import Inputs
from ml_worker.local_run import LocalRun
from ml_worker.mesh.extract import extract
from ml_worker.mesh.lattice import Field, sample
from ml_worker.mesh.solid import Solid

SEED = 7
PADDING = 1.05
PAGE = resource.getpagesize()


class Ring:
    """A torus: a field that costs next to nothing, so that the meshing itself is measured."""

    bounds = ((-0.5, 0.0, -0.5), (0.5, 0.2, 0.5))

    def distance(self, p: torch.Tensor) -> torch.Tensor:
        return torch.hypot(torch.hypot(p[:, 0], p[:, 2]) - 0.4, p[:, 1] - 0.1) - 0.1

    def material(self, p: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(p), dtype=torch.int64)


class Meter:
    """Time and memory between entering and `stop`."""

    def __init__(self) -> None:
        self.before = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        self.processor, self.start = time.process_time(), time.perf_counter()

    def stop(self) -> dict[str, float]:
        seconds, processor = time.perf_counter() - self.start, time.process_time() - self.processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"seconds": seconds, "processor": processor, "memory": max(peak - self.before, 0)}


def distances_everywhere() -> None:
    """What is made from here on has no shortcut: a form's field tells, far from its parts, the distance to their boxes,
    so that an engine that looks for the surface asks it soonest where there is none. A dense field has distances.
    """
    shape.REACH = grouping.REACH = math.inf


def warm(measured: Callable[[], dict[str, float]]) -> dict[str, float]:
    """The memory of the first run, all else of the second, whose memory the system need not hand out anew.

    Between them, as in a worker: see `keep_what_is_there`.
    """
    memory = measured()["memory"]
    keep_what_is_there()
    return measured() | {"memory": memory}


def solid_of(prompt: str) -> Solid:
    request = Understanding(FAMILIES).read(prompt)
    return make_solid(request, make_wish(request, SEED))


def lathe_surface(solid: Solid, cells: int) -> int:
    field = Field(solid)
    return len(extract(field, sample(field, cells)).faces)


def dense_surface(solid: Solid, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices in metres, faces: every sample of a cube around the solid, then skimage."""
    low, high = np.asarray(solid.bounds)
    half = float((high - low).max()) / 2 * PADDING
    axes = [np.linspace(middle - half, middle + half, cells, dtype=np.float32) for middle in (low + high) / 2]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    values = Field(solid).distance(points).reshape(cells, cells, cells)
    step = 2 * half / (cells - 1)
    vertices, faces, _, _ = marching_cubes(values, 0.0, spacing=(step, step, step))
    return vertices + (low + high) / 2 - half, faces


def surface(side: str, name: str, cells: int) -> dict[str, float]:
    solid = Ring() if name == "ring" else solid_of(f"a {name}")
    run: Callable[[int], int] = (
        (lambda n: lathe_surface(solid, n)) if side == "lathe" else (lambda n: len(dense_surface(solid, n)[1]))
    )

    def measured() -> dict[str, float]:
        meter = Meter()
        faces = run(cells)
        return meter.stop() | {"faces": faces}

    run(40)
    return warm(measured)


def lathe_glb(engine: FormEngine, prompt: str, folder: Path) -> dict[str, float]:
    """To the moment at which the GLB is written; `with_preview` to the end of the run."""
    written: list[float] = []

    def told(progress: dict[str, object]) -> None:
        if progress["stage"] == "preview" and not written:
            written.append(time.perf_counter())

    meter = Meter()
    result = engine.run(
        Inputs(prompt=prompt), {"formats": ["glb"]}, LocalRun(SEED, folder, engine.describe().stages, told)
    )
    found = meter.stop()
    size = result.files[0].path.stat().st_size
    return found | {"with_preview": found["seconds"], "seconds": written[0] - meter.start, "bytes": size}


def dense_glb(prompt: str, folder: Path, cells: int) -> dict[str, float]:
    """A colour a vertex; no simplification, no texture, no check."""
    meter = Meter()
    solid = solid_of(prompt)
    vertices, faces = dense_surface(solid, cells)
    colors = np.array([material.color for material in solid.materials])[Field(solid).material(vertices)]
    # skimage winds faces towards rising values reversed from trimesh's outwards; process merges what lies together.
    mesh = trimesh.Trimesh(vertices, faces[:, ::-1], vertex_colors=(colors * 255).astype(np.uint8), process=True)
    path = folder / "model.glb"
    mesh.export(path)
    return meter.stop() | {"bytes": path.stat().st_size, "faces": len(mesh.faces)}


def glb(side: str, prompt: str, cells: int) -> dict[str, float]:
    engine = FormEngine()

    def run(n: int) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            return lathe_glb(engine, prompt, Path(folder)) if side == "lathe" else dense_glb(prompt, Path(folder), n)

    run(40)
    return warm(lambda: run(cells))


if __name__ == "__main__":
    what, side, subject, cells, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    if side == "dense":
        distances_everywhere()
    print(json.dumps((surface if what == "surface" else glb)(side, subject, int(cells))))
