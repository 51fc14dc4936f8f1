"""The light of the preview pictures: a neutral photo studio with one large lamp, in linear colour."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml_worker.mesh.rays import frames, hemisphere

Array = npt.NDArray[Any]

KEY = np.array([-0.52, 0.74, 0.43]) / np.linalg.norm([-0.52, 0.74, 0.43])
"""Towards the lamp: from the left, above, in front."""
KEY_COLOR = np.array([1.0, 0.965, 0.92], np.float32) * 2.35
KEY_SPREAD = 0.17
"""Radius of the lamp over its distance: the softness of shadows."""
RIM = np.array([0.75, 0.35, -0.56])
RIM_COLOR = np.array([0.75, 0.86, 1.0], np.float32) * 0.5
SKY = np.array([0.92, 0.96, 1.0], np.float32) * 0.95
FLOOR = np.array([0.72, 0.70, 0.68], np.float32) * 0.55
EXPOSURE = 0.54
MIRROR = 1.55
"""Surroundings are this much brighter in mirrors than as diffuse light: metals live on what they reflect."""


def lamp(count: int) -> Array:
    """(count, 3) directions spread over the lamp."""
    right, up = frames(KEY[None])
    spread = hemisphere(count)
    disc = spread[:, :1] * right + spread[:, 1:2] * up
    directions = KEY + disc * KEY_SPREAD
    return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))


def surroundings(direction: Array, roughness: Array) -> Array:
    """(N, 3) light from a direction, as a surface of this roughness mirrors it: floor, wall, ceiling, soft boxes."""
    up = direction[:, 1:2]
    soft = 0.06 + 0.9 * roughness[:, None]

    def ramp(at: float, value: Array) -> Array:
        return np.clip((value - at) / soft + 0.5, 0, 1)

    light = FLOOR + (SKY - FLOOR) * ramp(0.0, up)
    light = light * (1 - 0.35 * ramp(-0.08, up) * (1 - ramp(0.25, up)))  # the darker wall behind the camera
    for towards, size, strength in ((KEY, 0.86, 2.6), (RIM, 0.80, 1.5), (np.array([0.1, 0.55, 0.83]), 0.93, 1.1)):
        unit = towards / np.linalg.norm(towards)
        close = direction @ unit.astype(np.float32)
        box = np.clip((close[:, None] - size) / (0.03 + 0.5 * roughness[:, None]) + 0.5, 0, 1)
        light = light + box * np.float32(strength) * (1 - 0.75 * roughness[:, None])
    return np.asarray(light * MIRROR, np.float32)


def shade(color: Array, roughness: Array, metallic: Array, sky: Array, lit: Array, normal: Array, view: Array) -> Array:
    """(N, 3) linear light towards the eye: GGX with the split-sum fit of Karis (2014) for the surroundings.

    `color` linear base colour, `sky` 0..1 openness, `lit` 0..1 share of the lamp that is seen, `view` towards the eye.
    """
    facing = np.clip(_dot(normal, view), 1e-3, 1)
    rough, metal = roughness[:, None], metallic[:, None]
    base = 0.04 * (1 - metal) + color * metal
    diffuse = color * (1 - metal)

    light = diffuse * (FLOOR + (SKY - FLOOR) * (0.5 + 0.5 * normal[:, 1:2])) * sky[:, None]
    light = light + diffuse * lit[:, None] * KEY_COLOR * np.clip(normal @ KEY.astype(np.float32), 0, 1)[:, None]
    rim = (RIM / np.linalg.norm(RIM)).astype(np.float32)
    light = light + diffuse * RIM_COLOR * (np.clip(normal @ rim, 0, 1) * sky)[:, None]

    half = view + KEY.astype(np.float32)
    half /= np.sqrt(_dot(half, half))
    towards = np.clip(_dot(normal, half), 0, 1)
    alpha = np.maximum(rough, 0.12) ** 2
    spread = towards * towards * (alpha * alpha - 1) + 1
    gloss = alpha * alpha / (np.pi * spread * spread) * 0.25
    fresnel = base + (1 - base) * (1 - np.clip(_dot(view, half), 0, 1)) ** 5
    light = (
        light
        + np.minimum(gloss, 6) * fresnel * KEY_COLOR * (np.clip(normal @ KEY.astype(np.float32), 0, 1) * lit)[:, None]
    )

    mirrored = 2 * facing * normal - view
    x = np.minimum((1 - rough) ** 2, 2 ** (-9.28 * facing)) * (1 - rough) + 0.0425 - 0.0275 * rough
    scale, offset = -1.04 * x + (1.04 - 0.572 * rough), 1.04 * x + (0.022 * rough - 0.04)
    seen = np.clip(sky[:, None] * 1.3 - 0.15, 0.05, 1)
    reflected = surroundings(mirrored, roughness) * seen
    return np.asarray(light + reflected * np.clip(base * scale + offset, 0, 1), np.float32)


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", a, b)[:, None])


def develop(light: Array) -> Array:
    """Linear light -> sRGB 0..1 by Khronos' PBR Neutral tone mapping (2024), which keeps base colours what they are."""
    x: Array = light * np.float32(EXPOSURE)
    least: Array = np.minimum(np.minimum(x[:, 0], x[:, 1]), x[:, 2])[:, None]
    x = x - np.where(least < 0.08, least - 6.25 * least * least, 0.04)
    peak = np.maximum(np.maximum(np.maximum(x[:, 0], x[:, 1]), x[:, 2])[:, None], 1e-6)
    start, width = 0.76, 0.24
    pressed = np.where(peak < start, peak, 1 - width * width / np.maximum(peak + width - start, width))
    x = x * (pressed / peak)
    pale = 1 - 1 / (0.15 * (peak - pressed) + 1)
    return to_srgb(np.clip(x + (pressed - x) * pale, 0, 1))


def to_srgb(linear: Array) -> Array:
    return np.asarray(
        np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    )


def to_linear(srgb: Array) -> Array:
    return np.asarray(np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4))
