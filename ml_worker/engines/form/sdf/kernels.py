"""The fields that objects are mostly made of, each in one pass over the points (formulas: `solids` and `profile`)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.compiled import compiled

Array = npt.NDArray[Any]


@compiled
def rounded_box(x: Array, y: Array, z: Array, half: Array, edge: np.float32, out: Array) -> None:
    """`half`: (3,) float32 half sides less `edge`."""
    none = np.float32(0)
    hx, hy, hz = half
    for i in range(len(x)):
        dx, dy, dz = abs(x[i]) - hx, abs(y[i]) - hy, abs(z[i]) - hz
        inside = max(dy, dx)
        inside = max(dz, inside)
        inside = min(none, inside)
        dx = max(none, dx)
        dy = max(none, dy)
        dz = max(none, dz)
        out[i] = np.sqrt(dx * dx + dy * dy + dz * dz) + inside - edge


@compiled
def rounded_cylinder(
    x: Array, y: Array, z: Array, radius: np.float32, half: np.float32, edge: np.float32, out: Array
) -> None:
    """`radius` and `half` height less `edge`."""
    none = np.float32(0)
    for i in range(len(x)):
        across, along = np.sqrt(x[i] * x[i] + z[i] * z[i]) - radius, abs(y[i]) - half
        inside = max(along, across)
        inside = min(none, inside)
        across = max(none, across)
        along = max(none, along)
        out[i] = np.sqrt(across * across + along * along) + inside - edge


@compiled
def tabled(u: Array, v: Array, table: Array, lower: Array, upper: Array, margin: np.float32, out: Array) -> None:
    """Bilinear between the entries of `table`, which reaches `margin` beyond `lower` and `upper` (2,)."""
    none, one = np.float32(0), np.float32(1)
    rows, columns = table.shape
    u0, v0 = lower
    u1, v1 = upper
    wide, high = np.float32(columns - 1) / (u1 - u0 + 2 * margin), np.float32(rows - 1) / (v1 - v0 + 2 * margin)
    for i in range(len(u)):
        du = max(u[i] - u1, u0 - u[i])
        dv = max(v[i] - v1, v0 - v[i])
        if du > margin or dv > margin:
            du, dv = max(du, none), max(dv, none)
            out[i] = np.sqrt(du * du + dv * dv)
            continue
        a, b = (u[i] - u0 + margin) * wide, (v[i] - v0 + margin) * high
        column, row = min(max(int(a), 0), columns - 2), min(max(int(b), 0), rows - 2)
        a, b = min(max(a - np.float32(column), none), one), min(max(b - np.float32(row), none), one)
        low = table[row, column] + (table[row, column + 1] - table[row, column]) * a
        top = table[row + 1, column] + (table[row + 1, column + 1] - table[row + 1, column]) * a
        out[i] = low + (top - low) * b


@compiled
def drawn(u: Array, v: Array, lines: Array, pens: Array, table: Array) -> None:
    """(rows, columns) distance from the points (u, v) to the nearest of `lines` (K, 4), from (x, y) to (x, y), each
    drawn with a round pen of half-width `pens` (K, 2) at its ends.
    """
    none, one = np.float32(0), np.float32(1)
    for row in range(len(v)):
        best = table[row]
        best[:] = np.float32(np.inf)
        for k in range(len(lines)):
            ax, ay, bx, by = lines[k]
            ex, ey = bx - ax, by - ay
            over = one / max(ex * ex + ey * ey, np.float32(1e-12))
            wy, first, more = v[row] - ay, pens[k, 0], pens[k, 1] - pens[k, 0]
            for column in range(len(u)):
                wx = u[column] - ax
                t = min(max((wx * ex + wy * ey) * over, none), one)
                x, y = wx - t * ex, wy - t * ey
                away = np.sqrt(x * x + y * y) - (first + t * more)
                best[column] = min(best[column], away)


@compiled
def enclosed(u: Array, v: Array, lines: Array, table: Array) -> None:
    """The same to the outline that `lines` close, below 0 within it."""
    none = np.zeros((len(lines), 2), np.float32)
    drawn(u, v, lines, none, table)
    for row in range(len(v)):
        y = v[row]
        for k in range(len(lines)):
            ax, ay, bx, by = lines[k]
            if (ay <= y) != (by <= y):
                crossing = ax + (y - ay) * ((bx - ax) / (by - ay))
                for column in range(len(u)):
                    if u[column] < crossing:
                        table[row, column] = -table[row, column]


@compiled
def from_nearest(x: Array, y: Array, z: Array, places: Array, out: Array) -> None:
    """(3, N): each point as seen from the nearest of `places` (K, 3), of several the first."""
    for i in range(len(x)):
        best, least = 0, np.float32(np.inf)
        for k in range(len(places)):
            u, v, w = x[i] - places[k, 0], y[i] - places[k, 1], z[i] - places[k, 2]
            square = u * u + v * v + w * w
            if square < least:
                best, least = k, square
        out[0, i], out[1, i], out[2, i] = x[i] - places[best, 0], y[i] - places[best, 1], z[i] - places[best, 2]
