"""What of an outline is too thin for the lattice that its body is meshed on: refused when most is, told when some."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import BadInput

Array = npt.NDArray[Any]
LEAST = 2.0
"""Pixels from an object's middle to its outline: with fewer there is no shape to speak of."""
REACH = 1.5
"""Lattice steps: half the width below which a part comes out as crumbs, if at all."""
FLAT = 0.5
"""Depth below which a part's thickness, not its width, is what is lost first."""
MOST_LOST = 0.5
"""Share of the object's area from which it is refused."""
LOST, SHORTENED = 0.03, 0.1
"""Shares of the object's area and of its width or height from which their loss is told."""
ACROSS = 8
"""Lattice steps across the body's usual thickness, for its sides to come out smooth."""


class Outline:
    def __init__(self, seen: Array, distance: Array, depth: float) -> None:
        """(H, W) signed pixels: the outline as it was found, and as it was smoothed for the body."""
        self.seen, self.distance, self.depth = seen, distance, depth

    @property
    def longest(self) -> int:
        """Pixels."""
        return max(_extent(self.distance > 0))

    @property
    def width(self) -> float:
        """Pixels: usual width of its parts (half the pixels of a line lie within a quarter of its width)."""
        return 4 * float(np.median(self.seen[self.seen > 0]))

    def reach(self, cells: float) -> float:
        """Pixels: half the width below which parts are lost, with so many lattice steps along the longest side."""
        return REACH * max(1.0, FLAT / self.depth) * self.longest / cells

    def require_thick(self, cells: float, scale: float) -> None:
        """Raises BadInput `too-thin`; `scale`: these pixels a pixel of the photo."""
        if self.distance.max() >= LEAST and self._lost(cells)[0] <= MOST_LOST:
            return
        width = max(1, round(self.width / scale))
        raise BadInput(
            "too-thin",
            f"Its lines are only about {width} pixel{'s' if width > 1 else ''} wide, too thin for a body. Take a "
            "closer photo or thicker lines, ask for a higher quality, or for a relief plate (mode: plate).",
        )

    def loses_parts(self, cells: float) -> bool:
        area, extent = self._lost(cells)
        return area > LOST or extent > SHORTENED

    def _lost(self, cells: float) -> tuple[float, float]:
        """Shares of the area, and of the width or height, that the lattice does not catch."""
        whole, reach = self.seen > 0, self.reach(cells)
        core = (self.distance > reach).astype(np.uint8)
        if not core.any():
            return 1.0, 1.0
        kept = whole & (cv2.distanceTransform(1 - core, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= 1.5 * reach + 1)
        shorter = 1 - min(now / before for now, before in zip(_extent(kept), _extent(whole), strict=True))
        return 1 - float(kept.sum() / whole.sum()), shorter


def fineness(outline: Outline, film: Array, bulge: float, least: int) -> float:
    """How many times `least` lattice steps the body needs for ACROSS steps through its usual thickness."""
    thickness = 2 * bulge * float(np.sqrt(np.median(film[outline.distance > 0]).clip(1e-6)))
    return ACROSS * outline.longest / thickness / least


def _extent(there: Array) -> tuple[int, int]:
    """Pixels of height and width."""
    rows, columns = np.nonzero(there)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
