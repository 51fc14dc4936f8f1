"""From the bytes of a server's answer to clean files."""

from typing import Literal

from ml_worker.engines.port import Run
from ml_worker.engines.remote.received import read_model
from ml_worker.mesh.params import Options
from ml_worker.mesh.pipeline import Built, build_mesh


def finished(content: bytes, up: Literal["y", "z"], options: Options, run: Run) -> Built:
    """Raises Permanent (`remote-garbage`, `mesh-invalid`, what the pipeline raises), Cancelled."""
    model = read_model(content, up)
    run.check_cancel()
    return build_mesh(model.mesh, model.paint, options, run)
