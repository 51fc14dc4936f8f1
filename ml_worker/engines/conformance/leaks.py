"""What a process holds between runs."""

import ctypes
import gc
import sys
import threading
from typing import Final

import msgspec
import psutil

from ml_worker.engines.conformance.findings import Broken

SLACK_BYTES: Final = 96 * 1024 * 1024
"""Allocators keep what they had; a leak of a mesh or its textures each run shows above this."""
SLACK_FILES: Final = 4


class Footprint(msgspec.Struct, frozen=True):
    """Bytes, and counts of threads, child processes and open files of this process; GPU bytes that PyTorch holds."""

    memory: int
    gpu: int
    threads: int
    children: int
    files: int

    @classmethod
    def now(cls) -> "Footprint":
        gc.collect()
        if sys.platform == "linux":
            ctypes.CDLL(None).malloc_trim(0)
        own = psutil.Process()
        files = own.num_fds() if hasattr(own, "num_fds") else 0
        return cls(own.memory_info().rss, _gpu(), threading.active_count(), len(own.children(recursive=True)), files)

    def require_no_more_than(self, before: "Footprint") -> str:
        """What was seen. Raises Broken."""
        wrong = []
        grown = self.memory - before.memory
        if grown > SLACK_BYTES:
            wrong.append(f"{grown / 1e6:.0f} MB of memory")
        if self.gpu - before.gpu > SLACK_BYTES:
            wrong.append(f"{(self.gpu - before.gpu) / 1e6:.0f} MB of GPU memory")
        if self.threads > before.threads:
            wrong.append(f"{self.threads - before.threads} threads")
        if self.children > before.children:
            wrong.append(f"{self.children - before.children} processes")
        if self.files > before.files + SLACK_FILES:
            wrong.append(f"{self.files - before.files} open files")
        if wrong:
            raise Broken(f"one more run left {', '.join(wrong)} behind")
        return f"memory {grown / 1e6:+.0f} MB after one more run, no thread, process or file left open"


def _gpu() -> int:
    torch = sys.modules.get("torch")
    return int(torch.cuda.memory_allocated()) if torch is not None and torch.cuda.is_available() else 0
