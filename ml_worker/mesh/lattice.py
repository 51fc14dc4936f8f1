"""Sampling a signed distance field where its surface is, and nowhere else.

The box around the solid is cut into coarse cells. A cell whose centre lies farther from the surface than its own
half-diagonal cannot hold a piece of it (the field is Lipschitz 1) and is dropped; the others are cut in eight, until
they measure two lattice steps: a block. Only blocks are sampled at full resolution, so both work and memory grow with
the surface, not with the volume. A field that lies a little (scaled, bent or blended parts) may lose a block that way;
`sample` finds such holes by following the surface out of the blocks it has, until nothing is left to follow.
"""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from ml_worker.engines.port import Permanent
from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats, Ints
from ml_worker.mesh.solid import Solid
from ml_worker.mesh.vectors import directions

CHUNK = 1 << 17
"""Points a query: bounds the memory that a solid of many parts takes."""
COARSEST = 24
"""Coarse cells along the longest side, at most twice as many."""
SLACK = 1.35
"""How far a field may lie about distances before a coarse cell is lost at first sight."""
ON_FLOOR = 0.8
"""Where between two samples the solid's underside lies."""
HALF_DIAGONAL = 3**0.5 / 2

OFFSETS: Ints = np.array([[c & 1, c >> 1 & 1, c >> 2 & 1] for c in range(8)], np.int32)
"""(8, 3): the corners of a cell, the points of a block, or its neighbours upwards, in the order x + 2y + 4z."""

CUBE: Ints = np.array(list(np.ndindex(3, 3, 3)), np.int32)
"""(27, 3): the points that the cells of a block touch."""
BLOCK_OF: Ints = (CUBE >> 1) @ np.array([1, 2, 4], np.int32)
POINT_OF: Ints = (CUBE & 1) @ np.array([1, 2, 4], np.int32)
"""(27,): in which of the block's neighbours each of them lies, and as which of its points."""

SIDES: Ints = np.array([np.flatnonzero(CUBE[:, axis] == end) for axis in range(3) for end in (0, 2)], np.int32)
"""(6, 9): the points on each side of the block, lower and upper, axis after axis."""

TETRAHEDRON = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)

Watch = Callable[[], None]
"""Called between chunks; may raise to stop the work."""


class Field:
    """A solid's distance by NumPy arrays, chunk after chunk, counting the queries; from any thread."""

    def __init__(self, solid: Solid, device: str = "cpu", watch: Watch = lambda: None) -> None:
        self.solid = solid
        self.device = device
        self.watch = watch
        self.queries = 0
        self._counting = Lock()
        self.grain = float(getattr(solid, "grain", 0.0))
        """Metres below which the field is uneven (a solid made from pixels says so by an attribute of this name)."""

    def _chunks(self, points: Floats) -> Iterator[torch.Tensor]:
        for start in range(0, len(points), CHUNK):
            self.watch()
            yield torch.from_numpy(np.ascontiguousarray(points[start : start + CHUNK], np.float32)).to(self.device)

    def distance(self, points: Floats) -> npt.NDArray[np.float32]:
        """(N, 3) -> (N,). Raises Permanent `field-invalid` when the field is not finite."""
        with self._counting:
            self.queries += len(points)
        with torch.inference_mode():
            parts = [self.solid.distance(chunk).cpu().numpy() for chunk in self._chunks(points)]
        values = np.concatenate(parts).astype(np.float32, copy=False) if parts else np.zeros(0, np.float32)
        if not np.isfinite(values).all():
            raise Permanent("field-invalid", "The shape's distance field has values that are not finite.")
        return values

    def material(self, points: Floats) -> npt.NDArray[np.int64]:
        """(N, 3) -> (N,) indices into the solid's materials."""
        with torch.inference_mode():
            parts = [self.solid.material(chunk).cpu().numpy() for chunk in self._chunks(points)]
        return np.concatenate(parts).astype(np.int64, copy=False) if parts else np.zeros(0, np.int64)

    def slope(self, points: Floats, reach: float) -> Floats:
        """(N, 3) -> (N, 3) gradients by differences over a tetrahedron of size `reach` (four queries a point).

        Of length 1 in an exact field; shorter where the tetrahedron reaches over an edge of the surface.
        """
        reach = max(reach, self.grain)
        slope = np.empty(points.shape, np.float32)
        for start in range(0, len(points), CHUNK // 4):
            part = slice(start, start + CHUNK // 4)
            asked = points[part].astype(np.float32) + TETRAHEDRON[:, None] * np.float32(reach)
            found = self.distance(asked.reshape(-1, 3)).reshape(4, -1)
            slope[part] = found.T @ TETRAHEDRON / np.float32(4 * reach)
        return slope

    def gradient(self, points: Floats, reach: float) -> Floats:
        """(N, 3) -> (N, 3): the slope's direction, which on the surface is its normal."""
        return directions(self.slope(points, reach))


class Lattice(msgspec.Struct, frozen=True, eq=False):
    """Samples in the blocks that the surface runs through; a block holds 2 x 2 x 2 points."""

    origin: Floats
    """(3,): the point with coordinates 0, 0, 0."""
    step: float
    """Metres between neighbouring points."""
    active: Ints
    """(A, 3): coordinates, in blocks, of the blocks whose cells are meshed."""
    neighbours: Ints
    """(A, 8): number of the block itself and of its seven neighbours upwards."""
    blocks: Ints
    """(B, 3): coordinates, in blocks, of every block that holds a sample."""
    values: npt.NDArray[Any]
    """(B, 8) float32; NaN where no cell needs the sample."""

    def point(self, slots: Ints, kind: type[np.floating[Any]] = np.float64) -> Floats:
        """(N,) slot numbers -> (N, 3) positions."""
        places = np.empty((len(slots), 3), kind)
        _positions(self.blocks, slots, self.origin, self.step, places)
        return places


@compiled
def _positions(blocks: Ints, slots: Ints, origin: Floats, step: float, places: Floats) -> None:
    for number in range(len(slots)):
        block, point = slots[number] >> 3, slots[number] & 7
        for k in range(3):
            places[number, k] = origin[k] + (2 * blocks[block, k] + (point >> k & 1)) * step


def resolution(field: Field, surface_cells: int, least: int, most: int) -> int:
    """How many lattice steps along the longest side put about `surface_cells` cells on the surface.

    Spindly things have little surface in their box and get fine steps for their thin parts; a ball needs fewer.
    """
    low, high = (np.asarray(corner, np.float64) for corner in field.solid.bounds)
    step = float((high - low).max()) / (2 * COARSEST)
    count = np.ceil((high - low) / step + 2).astype(np.int64)
    start = (low + high) / 2 - count / 2 * step
    # Eight cells at a time, as most are far from the surface.
    eights = np.stack(np.unravel_index(np.arange((-(-count // 2)).prod()), -(-count // 2)), axis=1) * 2
    away = np.abs(field.distance(start + (eights + 1) * step))
    eights = eights[away <= (0.5 + HALF_DIAGONAL) * step * SLACK]
    cells = (eights[:, None] + OFFSETS).reshape(-1, 3)
    centres = start + (cells[(cells < count).all(axis=1)] + 0.5) * step
    # Cells within half a step of the surface: their volume over one step is the area.
    near = int((np.abs(field.distance(centres)) <= step / 2).sum())
    per_square = 1.5  # a plane crosses one to two cells a unit of its area, by its tilt
    wanted = (surface_cells / max(near * per_square, 1)) ** 0.5 * 2 * COARSEST
    return int(np.clip(wanted, least, most))


def sample(field: Field, cells: int) -> Lattice:
    """Sample with `cells` lattice steps along the longest side. Raises Permanent `field-unbounded`."""
    low, high = (np.asarray(corner, np.float64) for corner in field.solid.bounds)
    for _ in range(4):
        lattice = _sample_within(field, low, high, cells)
        if lattice is not None:
            return lattice
        margin = (high - low).max() * 0.08
        low, high = low - margin, high + margin
    raise Permanent("field-unbounded", "The shape reaches out of its own bounds.")


def _sample_within(field: Field, low: Floats, high: Floats, cells: int) -> Lattice | None:
    """None when the surface touches the sampled box."""
    extent = high - low
    step = float(extent.max()) / cells
    levels = max(1, int(np.floor(np.log2(cells / COARSEST))))
    coarse = 2**levels
    count = np.ceil((extent / step + 4) / coarse).astype(np.int64)
    # Flat sides of a solid stand on round numbers; a sample on a side has no sign, and one that is all but on it sees
    # the normals around the next edge: sides should pass between the samples.
    origin = (low + high) / 2 - count * coarse * step / 2 + step * np.array([0.4137, 0.4241, 0.4189])
    # The lowest samples inside lie just above the floor: a doorstep or a foot may be lower than a step of the lattice.
    origin[1] += ((low[1] - origin[1]) / step - ON_FLOOR) % 1 * step
    shape = tuple(int(n) for n in count * coarse // 2)

    near = np.stack(np.unravel_index(np.arange(count.prod()), count), axis=1).astype(np.int32)
    size = coarse
    while True:
        centres = np.empty(near.shape, np.float32)
        _middles(near, origin, size * step, centres)
        slack = SLACK if size > 2 else 1.02  # blocks that are lost for no more than a lie are found by following
        away = field.distance(centres)
        if size == 2:
            near = near[np.abs(away) <= size * step * HALF_DIAGONAL * slack]
            break
        near = _eighths(near, away, np.float32(size * step * HALF_DIAGONAL * slack))
        size //= 2

    shape = tuple(n + 1 for n in shape)  # the last blocks have neighbours upwards too
    mask = np.zeros(shape, bool)
    mask[tuple(near.T)] = True
    fresh, lattice, number = None, None, np.full(shape, -1, np.int32)
    while True:
        lattice, number = _fill(field, mask, origin, step, fresh, lattice, number)
        if fresh is None:
            fresh = _follow(lattice.active, lattice.neighbours, lattice.values, mask)
        else:
            fresh = _follow(fresh, _neighbours(fresh, number), lattice.values, mask)
        if fresh is None:
            return None
        if not len(fresh):
            return lattice
        mask[tuple(fresh.T)] = True


def _fill(
    field: Field, mask: npt.NDArray[np.bool_], origin: Floats, step: float,
    fresh: Ints | None, before: Lattice | None, numbered: Ints,
) -> tuple[Lattice, Ints]:  # fmt: skip
    """Sample every point that a cell of an active block touches, besides those that `before` has.

    `fresh`: the active blocks that `before` has not. `numbered`: the blocks of `before` by their place; the same is
    returned for the new ones.
    """
    active = np.argwhere(mask).astype(np.int32)
    number = np.full(mask.shape, -1, np.int32)
    neighbours, blocks = np.empty((len(active), 8), np.int32), np.empty((8 * len(active), 3), np.int32)
    blocks = blocks[: _linked(active, number, neighbours, blocks)].copy()
    values = np.full((len(blocks), 8), np.nan, np.float32)
    if before is not None:
        _kept(blocks, numbered, before.values, values)
    slots = np.empty(values.size, np.int32)
    touching = neighbours if fresh is None else _neighbours(fresh, number)
    slots = slots[: _wanted(touching, values, slots)].copy()
    lattice = Lattice(origin, step, active, neighbours, blocks, values)
    flat = values.reshape(-1)
    for start in range(0, len(slots), CHUNK):
        part = slots[start : start + CHUNK]
        sampled = field.distance(lattice.point(part, np.float32))
        # A sample of exactly 0 would be a corner on the surface, whose crossings fall together: count it as outside.
        flat[part] = np.where(sampled == 0, np.float32(step * 1e-5), sampled)
    return lattice, number


def _neighbours(active: Ints, number: Ints) -> Ints:
    """(A, 8): as `Lattice.neighbours`, for some blocks."""
    return np.asarray(number[tuple(np.moveaxis(active[:, None] + OFFSETS, 2, 0))])


@compiled
def _kept(blocks: Ints, numbered: Ints, before: Floats, values: Floats) -> None:
    for block in range(len(blocks)):
        old = numbered[blocks[block, 0], blocks[block, 1], blocks[block, 2]]
        if old >= 0:
            for point in range(8):
                values[block, point] = before[old, point]


@compiled
def _linked(active: Ints, number: Ints, neighbours: Ints, blocks: Ints) -> int:
    """Number the active blocks and their neighbours upwards in the box's order; returns how many there are."""
    for row in range(len(active)):
        for offset in range(8):
            x, y, z = active[row, 0] + (offset & 1), active[row, 1] + (offset >> 1 & 1), active[row, 2] + (offset >> 2)
            number[x, y, z] = 0
    count = 0
    for x in range(number.shape[0]):
        for y in range(number.shape[1]):
            for z in range(number.shape[2]):
                if number[x, y, z] == 0:
                    number[x, y, z] = count
                    blocks[count, 0], blocks[count, 1], blocks[count, 2] = x, y, z
                    count += 1
    for row in range(len(active)):
        for offset in range(8):
            x, y, z = active[row, 0] + (offset & 1), active[row, 1] + (offset >> 1 & 1), active[row, 2] + (offset >> 2)
            neighbours[row, offset] = number[x, y, z]
    return count


@compiled
def _wanted(neighbours: Ints, values: Floats, slots: Ints) -> int:
    """The slots that a cell of these blocks touches and that have no sample yet; returns how many there are."""
    missing = np.zeros(values.shape, np.bool_)
    for row in range(len(neighbours)):
        for point in range(27):
            missing[neighbours[row, BLOCK_OF[point]], POINT_OF[point]] = True
    count = 0
    for block in range(len(values)):
        for point in range(8):
            if missing[block, point] and np.isnan(values[block, point]):
                slots[count] = block * 8 + point
                count += 1
    return count


def _follow(active: Ints, neighbours: Ints, values: Floats, mask: npt.NDArray[np.bool_]) -> Ints | None:
    """(G, 3) inactive blocks into which the surface runs on; None when it runs out of the sampled box."""
    grown = np.empty((6 * len(active), 3), np.int32)
    count = _run_on(active, neighbours, values, mask, grown)
    return None if count < 0 else grown[:count]


@compiled
def _run_on(active: Ints, neighbours: Ints, values: Floats, mask: npt.NDArray[np.bool_], grown: Ints) -> int:
    """How many blocks were put into `grown`, or -1; `mask`: the active blocks in a box one block larger upwards."""
    count = 0
    negative, place = np.empty(27, np.bool_), np.empty(3, np.int64)
    for row in range(len(active)):
        total = 0
        for point in range(27):
            negative[point] = values[neighbours[row, BLOCK_OF[point]], POINT_OF[point]] < 0
            total += negative[point]
        if total in (0, 27):
            continue
        for side in range(6):
            inside = 0
            for point in SIDES[side]:
                inside += negative[point]
            if inside in (0, 9):
                continue
            for k in range(3):
                place[k] = active[row, k]
            place[side >> 1] += 1 if side & 1 else -1
            for k in range(3):
                if place[k] < 0 or place[k] >= mask.shape[k] - 1:
                    return -1
            if not mask[place[0], place[1], place[2]]:
                for k in range(3):
                    grown[count, k] = place[k]
                count += 1
    return count


@compiled
def _middles(cells: Ints, origin: Floats, size: float, middles: Floats) -> None:
    for cell in range(len(cells)):
        for k in range(3):
            middles[cell, k] = origin[k] + (cells[cell, k] + 0.5) * size


@compiled
def _eighths(cells: Ints, away: Floats, most: np.float32) -> Ints:
    """Each cell whose middle is at most so far `away` from the surface, cut in eight."""
    count = 0
    for cell in range(len(cells)):
        count += abs(away[cell]) <= most
    pieces = np.empty((8 * count, 3), np.int32)
    count = 0
    for cell in range(len(cells)):
        if abs(away[cell]) <= most:
            for piece in range(8):
                for k in range(3):
                    pieces[count, k] = 2 * cells[cell, k] + OFFSETS[piece, k]
                count += 1
    return pieces
