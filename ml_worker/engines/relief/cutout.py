"""Which pixels of a photo are the object: by transparency, by an even background, or by GrabCut."""

from typing import Any, Literal

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import BadInput
from ml_worker.engines.relief.background import before_even_background
from ml_worker.engines.relief.photo import Photo

Array = npt.NDArray[Any]
Way = Literal["alpha", "background", "grabcut"]

LEAST, MOST = 0.004, 0.97
"""Share of the photo that an object may fill, unless it was cut out before."""
LEAST_GUESSED = 0.05
"""The same for GrabCut: less is some spot of another colour (a spoon's shine), not what the photo is of."""
WORK = 320
"""Longer side at which GrabCut works: its time grows with the pixels, its borders hardly get better."""
INSET = 0.03
"""The outer frame that GrabCut takes for background, as a share of each side."""
STANDING = 0.5
"""The share of the photo's lower border that must have colours of the others; else the object reaches it."""
WHOLE = 0.55
"""Share of all found pixels that the largest piece must have; else nothing stands out."""
LESSER = 0.12
"""Pieces smaller than this share of the largest are dropped."""
PINHOLE = 0.003
"""Holes smaller than this share of the object are closed."""
SPECK = 0.0005
"""Dropped pieces smaller than this share of the object are not worth a word."""
OPAQUE, FAINT = 128, 8
"""Alpha (0..255) below which an object as a whole is faint and taken for opaque, and below which it is nothing."""


class Cutout(msgspec.Struct, frozen=True, eq=False):
    inside: Array
    """(H, W) float32: how much of each pixel the object covers, 0..1."""
    way: Way
    dropped: int
    """Smaller pieces that were left out, but for specks."""

    @property
    def share(self) -> float:
        """Of the photo's area."""
        return float(self.inside.mean())


def cut_out(photo: Photo, seed: int) -> Cutout:
    """Raises BadInput `no-object` when nothing can be told from its background."""
    opacity = None if photo.alpha is None else coverage(photo.alpha)
    if opacity is not None and (opacity < 0.5).mean() > 0.005:
        return _of_pieces(opacity, "alpha")
    even = before_even_background(photo.color, photo.scale)
    way: Way = "grabcut" if even is None else "background"
    found = _of_pieces(_grab_cut(photo.color, seed) if even is None else even, way)
    if not (LEAST_GUESSED if way == "grabcut" else LEAST) <= found.share <= MOST:
        raise no_object()
    return found


def coverage(alpha: Array) -> Array:
    """(H, W) uint8 -> float32 0..1. Raises BadInput `no-object` when there is nothing to see."""
    opaque = float(np.quantile(alpha[alpha > 0], 0.99)) if alpha.any() else 0.0
    if opaque < FAINT:
        raise no_object("alpha")
    share: Array = np.clip(alpha.astype(np.float32) / (255 if opaque >= OPAQUE else opaque), 0, 1)
    return share


def no_object(way: Way = "background") -> BadInput:
    if way == "alpha":
        seen = "No one object is left where the photo is not transparent. Send one whole object, opaque all over"
    else:
        seen = (
            "No object stands out in the photo. Take one whole object in front of an even background of another "
            "colour, send a PNG whose background is transparent"
        )
    return BadInput("no-object", f"{seen}, or ask for a relief plate (mode: plate), which raises the whole photo.")


def _grab_cut(color: Array, seed: int) -> Array:
    """Rother, Kolmogorov, Blake: GrabCut, SIGGRAPH 2004; started from all but the outer frame."""
    height, width = color.shape[:2]
    scale = min(1.0, WORK / max(height, width))
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    small = cv2.cvtColor(cv2.resize(color, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    mask = np.full(small.shape[:2], cv2.GC_PR_FGD, np.uint8)
    edge_y, edge_x = max(1, round(size[1] * INSET)), max(1, round(size[0] * INSET))
    mask[:edge_y], mask[:, :edge_x], mask[:, -edge_x:] = (cv2.GC_BGD,) * 3
    alike = _like(small, mask == cv2.GC_BGD)
    middle = alike[-edge_y:, edge_x:-edge_x]
    if middle.mean() >= STANDING:
        mask[-edge_y:] = cv2.GC_BGD
        alike = _like(small, mask == cv2.GC_BGD)
    else:  # a bust: the object goes on below
        mask[-(size[1] // 4) :, :edge_x] = mask[-(size[1] // 4) :, -edge_x:] = cv2.GC_PR_BGD
    mask[(mask == cv2.GC_PR_FGD) & alike] = cv2.GC_PR_BGD
    cv2.setRNGSeed(seed & 0x7FFFFFFF)  # the colour clusters start from OpenCV's own random numbers
    models = np.zeros((1, 65)), np.zeros((1, 65))
    try:
        cv2.grabCut(small, mask, (0, 0, 0, 0), models[0], models[1], 6, cv2.GC_INIT_WITH_MASK)
    except cv2.error as error:  # it asserts that both sides have colours to learn from
        raise no_object() from error
    found: Array = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    found = cv2.morphologyEx(cv2.morphologyEx(found, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel)
    large = cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(cv2.GaussianBlur(large, (0, 0), 0.6 / scale), 0, 1)


def _like(bgr: Array, frame: Array) -> Array:
    """(H, W) bool: pixels whose colour occurs in the frame: GrabCut then finds holes that the background shows through.

    Colours are compared in bins of a coarse Lab cube, each with its neighbours.
    """
    lab = cv2.cvtColor(cv2.GaussianBlur(bgr, (0, 0), 1.2), cv2.COLOR_BGR2LAB)
    bins = (lab // np.array([24, 10, 10], np.uint8)).astype(np.int64)
    cube = np.zeros((12, 27, 27), np.float32)
    np.add.at(cube, tuple(bins[frame].T), 1)
    common = (cube >= frame.sum() * 0.001).astype(np.uint8)
    for axis in range(3):
        common |= np.roll(common, 1, axis) | np.roll(common, -1, axis)
    return np.asarray(common[bins[:, :, 0], bins[:, :, 1], bins[:, :, 2]] > 0)


def _of_pieces(soft: Array, way: Way) -> Cutout:
    """Without specks and pinholes. Raises BadInput `no-object` when the pieces are a scatter."""
    solid = (soft >= 0.5).astype(np.uint8)
    count, label, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    if count < 2:
        raise no_object(way)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= areas.max() * LESSER)
    if areas.max() < WHOLE * areas.sum() and areas[large - 1].sum() < 0.8 * areas.sum():
        raise no_object(way)
    wanted = np.isin(label, large)
    holes, hole_label, hole_stats, _ = cv2.connectedComponentsWithStats((~wanted).astype(np.uint8), connectivity=8)
    small = [n for n in range(1, holes) if hole_stats[n, cv2.CC_STAT_AREA] < PINHOLE * wanted.sum()]
    filled = np.isin(hole_label, small)
    specks = cv2.dilate((solid > 0).astype(np.uint8) & ~wanted.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    kept = np.where(filled, 1.0, np.where(specks & ~wanted, 0.0, soft)).astype(np.float32)
    dropped = (areas >= SPECK * wanted.sum()).sum() - len(large)
    return Cutout(kept, way, int(dropped))
