"""Photos that tests draw: shapes of which every pixel is known."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

GOLD, NAVY, WHITE = (214, 168, 40), (30, 50, 120), (244, 244, 244)


def disc(size: int = 400, radius: float = 130) -> np.ndarray:
    """(H, W) coverage 0..1 of a disc in the middle, its border exact to a fraction of a pixel."""
    y, x = np.mgrid[0:size, 0:size] + 0.5
    return np.clip(radius - np.hypot(x - size / 2, y - size / 2) + 0.5, 0, 1).astype(np.float32)


def boot(height: int = 360, width: int = 260) -> np.ndarray:
    """Coverage of an L: higher than wide, its foot pointing right, at the bottom."""
    shape = np.zeros((height, width), np.float32)
    shape[50:310, 60:120] = 1
    shape[250:310, 60:210] = 1
    return cv2.GaussianBlur(shape, (0, 0), 1.0)


def painted(shape: np.ndarray, color: tuple[int, int, int], ground: np.ndarray | tuple[int, int, int]) -> np.ndarray:
    share = shape[:, :, None]
    back = np.broadcast_to(np.array(ground, np.float32), (*shape.shape, 3))
    return np.rint(back * (1 - share) + np.array(color, np.float32) * share).astype(np.uint8)


def cut_out(path: Path, shape: np.ndarray, color: tuple[int, int, int] = GOLD) -> Path:
    """A PNG with a transparent background."""
    pixels = np.dstack([painted(np.ones_like(shape), color, (0, 0, 0)), np.rint(shape * 255).astype(np.uint8)])
    Image.fromarray(pixels).save(path)
    return path


def meadow(shape: tuple[int, int], seed: int = 3) -> np.ndarray:
    """A restless green and brown ground, no colour of which is near gold or navy."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    waves = np.stack([90 + 25 * np.sin(x / 37), 120 + 30 * np.cos(y / 29), 70 + 15 * np.sin((x + y) / 43)], axis=2)
    return np.clip(waves + random.normal(0, 9, waves.shape), 0, 255).astype(np.float32)
