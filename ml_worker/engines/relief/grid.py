"""Pictures as functions of the plane, in torch: smooth between pixels, constant beyond the border."""

import numpy as np
import torch
from torch.nn.functional import grid_sample


class Sheet:
    """Channels over a rectangle of metres: x to the right, y up, row 0 at the top."""

    def __init__(self, channels: np.ndarray, left: float, top: float, pixel: float) -> None:
        """`channels`: (C, H, W) float32; `left`, `top`: metres of the outer corner of the first pixel."""
        self.data = torch.from_numpy(np.ascontiguousarray(channels, np.float32))[None]
        self.left, self.top, self.pixel = left, top, pixel

    def at(self, x: torch.Tensor, y: torch.Tensor, mode: str = "bicubic") -> torch.Tensor:
        """(N,), (N,) metres -> (C, N)."""
        height, width = self.data.shape[2:]
        u = (x - self.left) / (self.pixel * width) * 2 - 1
        v = (self.top - y) / (self.pixel * height) * 2 - 1
        place = torch.stack([u, v], dim=1)[None, None]
        data = self.data.to(x.device)
        found = grid_sample(data, place, mode=mode, padding_mode="border", align_corners=False)
        return found[0, :, 0]
