"""The mesh pipeline against the chain that one writes first: a dense field, marching cubes, and out.

    python -m benchmarks mesh

Every measurement is a process of its own, warmed up by one whole run, as a worker is after its first task; the sides
take turns. Both have one thread; from a prompt to a GLB, both have once more as many as a slot of a worker has on this
machine (two, unless somebody chose otherwise). Memory is what a side's first run needs beyond its loaded libraries.
Lathe's surface is the one with crisp edges; skimage's is that of 256 x 256 x 256 samples of a cube around the solid.
The dense field has the distance at each of them. Beside it stands a peer whose field has Lathe's own shortcut
(`mesh_sides.distances_everywhere`), which one who writes the chain first does not have.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from benchmarks import pace
from benchmarks.result import Result, compared
from ml_worker.cores import surroundings
from ml_worker.settings import WorkerSettings, plan

PEERS = {"dense": "dense field, skimage", "bounded": "the same with Lathe's bounds far off"}
SIDES = ("lathe", *PEERS)
Run = dict[str, float]
SOLIDS = {
    "ring": "a ring with a cheap field",
    "chair": "a red wooden chair",
    "mug": "a blue mug",
    "house": "a brick house",
}
PROMPTS = ("a red wooden chair with four legs", "a blue mug with coffee", "a brick house with a red roof")


def measure() -> list[Result]:
    cells = pace.pick(256, 256, 64)
    results = []
    for solid, what in list(SOLIDS.items())[: pace.pick(4, 2, 1)]:
        sides = rounds({side: ("surface", side, solid) for side in SIDES}, cells)
        label = f"field to closed mesh, {cells} steps, {what}"
        results += rows(f"{label}: time", "ms", sides, "seconds", 1000, goal=1 / 4)
        results += rows(f"{label}: peak memory", "MB", sides, "memory", 1e-6, goal=0.35)[:1]
    for prompt in PROMPTS[: pace.pick(3, 2, 1)]:
        turns = {side: ("glb", side, prompt) for side in SIDES}
        label, threads = f"prompt to GLB, warm: {prompt}", plan(WorkerSettings()).threads
        results += rows(label, "ms", rounds(turns, cells, threads), "seconds", 1000, goal=1 / 5)
        if threads > 1:
            results += rows(f"{label}, on one thread", "ms", rounds(turns, cells), "seconds", 1000, goal=None)
    return results


def rows(
    what: str, unit: str, sides: Mapping[str, list[Run]], key: str, scale: float, goal: float | None
) -> list[Result]:
    """Against each peer; the goal is one against the dense field."""
    values = {side: [run[key] * scale for run in runs] for side, runs in sides.items()}
    return [
        compared(
            what, unit, values["lathe"], values[peer], name, goal=goal if peer == "dense" else None, less_is_better=True
        )
        for peer, name in PEERS.items()
    ]


def rounds(sides: Mapping[str, Sequence[str]], cells: int, threads: int = 1) -> dict[str, list[Run]]:
    """What each side measured, one run of each in turn, round after round."""
    found: dict[str, list[Run]] = {side: [] for side in sides}
    for _ in range(pace.rounds()):
        for side, arguments in sides.items():
            command = [sys.executable, "-m", "benchmarks.mesh_sides", *arguments, str(cells), str(threads)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings(threads))
            found[side].append(json.loads(done.stdout.splitlines()[-1]))
    return found
