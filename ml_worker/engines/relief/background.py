"""An object before an even background: what is not reached from the photo's border, or only through a soft shadow."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LOOSEST, TIGHTEST = 14.0, 5.0
"""How far, in CIE Lab, a pixel of an even background may lie from its colour."""
SPREAD = 2.5
"""How many times as far as most of the border's own pixels do."""
FRAME = 0.02
"""Width of the photo's border, as a share of its shorter side."""
ALL, MUCH = 0.92, 0.55
"""Share of the border that must have the background's colour; the lesser where an object reaches one or two sides."""
TOUCHED = 0.1
"""The share of a side from which something reaches it."""
GAP = 0.02
"""Shares of the border's length that a run of other colours may have gaps of, and be too short to count."""
HOLE = 0.015
"""Share of the object from which an enclosed patch of the background's colour counts as a hole through it."""
UNSHADED = 0.3
"""The share of a hole that no shadow may lie on, at the least."""
HUE, DARKEST, SOFT = 9.0, 62.0, 1.3
"""A shadow's colour differs from the background's by no more, it is no darker, and gets so no faster than SOFT a pixel
of a photo of 1024."""
PASSAGE = 0.016
"""As a share of the longer side: where shadows run on through something narrower, they leak into what is grey."""
SHADOW = 0.3
"""The share of the object that must stay once shadows are taken away; else the object itself is soft and grey."""
LONGER = 1.2
"""So many times as long the outline may become by it; more, and something was eaten out of the object."""
DIM = 0.5
"""The share of the outline that may be no clearer than the background's own unevenness."""


def before_even_background(color: Array, scale: float) -> Array | None:
    """(H, W) float32 coverage, 0 everywhere when the object is hardly of another colour; None when it is not even.

    `scale`: these pixels a pixel of the photo as it was taken.
    """
    lab = cv2.GaussianBlur(cv2.cvtColor(color.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), (0, 0), 0.8)
    width = max(2, round(min(color.shape[:2]) * FRAME))
    frame = np.ones(color.shape[:2], bool)
    frame[width:-width, width:-width] = False
    middle = _commonest(lab[frame])
    away = np.linalg.norm(lab - middle, axis=2)
    if not _holds_the_border(away < LOOSEST, width):
        return None
    ground = away[frame]
    even = float(np.clip(SPREAD * np.quantile(ground[ground < LOOSEST], 0.92), TIGHTEST, LOOSEST))
    plain = away < even
    outside = _outside(plain, plain, away, frame)
    lit = _outside(plain | _shadow(lab, middle), plain, away, frame)
    if (~lit).sum() >= SHADOW * (~outside).sum() and _length(lit) <= LONGER * _length(outside):
        outside = lit
    return _covered(outside, away, even, scale)


def _length(outside: Array) -> int:
    """Of the outline, in pixels' sides."""
    return int((outside[1:] != outside[:-1]).sum() + (outside[:, 1:] != outside[:, :-1]).sum())


def _covered(outside: Array, away: Array, even: float, scale: float) -> Array:
    """(H, W) float32; 0 everywhere when the two sides of the outline hardly differ: shards are no object.

    On the border of the object, a pixel is covered as far as its colour has gone from the background to the object.
    """
    wide, narrow = (_square(half * max(scale, 1.0)) for half in (3, 2))
    low, high = cv2.erode(away, wide), cv2.dilate(away, wide)
    border = cv2.morphologyEx(outside.astype(np.uint8), cv2.MORPH_GRADIENT, narrow) > 0
    clear = border & (high - low > even)
    if clear.sum() < (1 - DIM) * border.sum():
        return np.zeros(away.shape, np.float32)
    cover = np.clip((away - low) / np.maximum(high - low, even), 0, 1)
    return np.where(clear, cover, ~outside).astype(np.float32)


def _commonest(colors: Array) -> Array:
    """(N, 3) Lab -> (3,): the middle of the colours around the commonest one."""
    bins = np.floor((colors - [0, -128, -128]) / 6).astype(np.int64).clip(0, 63)
    cube = np.zeros((64, 64, 64), np.float32)
    np.add.at(cube, tuple(bins.T), 1)
    for axis in range(3):
        cube = cube + np.roll(cube, 1, axis) + np.roll(cube, -1, axis)
    peak = bins[cube[tuple(bins.T)].argmax()] * 6 + [3, -125, -125]
    near = np.linalg.norm(colors - peak, axis=1) < LOOSEST
    return np.asarray(np.median(colors[near], axis=0))


def _holds_the_border(alike: Array, width: int) -> bool:
    strips = (alike[:width], alike[:, -width:].T, alike[-width:, ::-1], alike[::-1, :width].T)
    sides = [strip.mean(axis=0) for strip in strips]  # around the photo, clockwise
    share = float(np.concatenate(sides).mean())
    if share >= ALL:
        return True
    around = (np.concatenate(sides) < 0.5).astype(np.uint8)
    gap = 2 * round(GAP * len(around) / 2) + 1
    line = cv2.morphologyEx(np.tile(around, 3)[None], cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    line = cv2.morphologyEx(line, cv2.MORPH_OPEN, np.ones((1, gap), np.uint8))[0, len(around) : 2 * len(around)]
    runs = int((np.diff(line.astype(int), prepend=int(line[-1])) == 1).sum())
    touched = sum(float((side < 0.5).mean()) > TOUCHED for side in sides)
    return share >= MUCH and runs <= 2 and touched <= 2


def _shadow(lab: Array, middle: Array) -> Array:
    """(H, W) bool: of the background's hue, darker, and softly so."""
    drop = middle[0] - lab[:, :, 0]
    longer = max(lab.shape[:2])
    light = cv2.GaussianBlur(lab[:, :, 0], (0, 0), max(1.5 * longer / 1024, 0.8))
    steep = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)) / 8
    hue = np.linalg.norm(lab[:, :, 1:] - middle[1:], axis=2)
    soft = (hue < HUE) & (drop > -LOOSEST) & (drop < DARKEST) & (steep < SOFT * 1024 / longer)
    return cv2.morphologyEx(soft.astype(np.uint8), cv2.MORPH_OPEN, _square(longer * PASSAGE / 2)) > 0


def _outside(alike: Array, plain: Array, away: Array, frame: Array) -> Array:
    """(H, W) bool: what is reached from the border, and holes."""
    count, label = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    reached = np.zeros(count, bool)
    reached[label[frame & alike]] = True
    # A patch of the same colour inside the object is a hole when it is large, like a mug's handle, and a mark when not.
    area = np.bincount(label.ravel(), minlength=count)
    even = np.bincount(label.ravel(), plain.ravel(), minlength=count)
    off = np.bincount(label.ravel(), (away * plain).ravel(), minlength=count) / np.maximum(even, 1)
    object_area = label.size - area[reached].sum()
    reached |= (area > HOLE * object_area) & (even > UNSHADED * area) & (off < LOOSEST / 2)
    reached[0] = False  # the pixels of other colours
    return np.asarray(reached[label])


def _square(half: float) -> Array:
    """The pixels that lie no farther than `half` away along the rows and columns."""
    side = 2 * round(half) + 1
    return np.ones((side, side), np.uint8)
