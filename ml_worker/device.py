"""Which device an engine runs on."""

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
