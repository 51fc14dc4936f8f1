"""Which device an engine runs on, and how full it is."""

import gc
import sys
from pathlib import Path


def choose_device(wanted: str) -> str:
    """`auto` becomes `cuda:0` where PyTorch sees a GPU, else `cpu`; `cuda` becomes `cuda:0`.

    PyTorch, which takes seconds to import, is asked only where the driver's device file stands.
    """
    if wanted != "auto":
        return "cuda:0" if wanted == "cuda" else wanted
    if not Path("/dev/nvidiactl").exists():
        return "cpu"
    try:
        import torch
    except ImportError:
        return "cpu"
    return "cuda:0" if torch.cuda.is_available() else "cpu"


def device_memory(device: str) -> tuple[int, int] | None:
    """(used, total) bytes of an accelerator, all processes together; None for the CPU.

    PyTorch is asked only where an engine has imported it already.
    """
    torch = sys.modules.get("torch")
    if torch is None or not device.startswith("cuda"):
        return None
    try:
        free, total = torch.cuda.mem_get_info(device)
    except RuntimeError:
        return None
    return total - free, total


def is_out_of_memory(error: BaseException) -> bool:
    """Of the machine, or of an accelerator as PyTorch tells it."""
    torch = sys.modules.get("torch")
    return isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError))


def free_memory() -> None:
    """Give back what nothing refers to any more, also what PyTorch keeps of an accelerator for later.

    Nothing is frozen afterwards: an engine whose objects form a cycle would never be collected.
    """
    gc.unfreeze()
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
