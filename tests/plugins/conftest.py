"""What tests of model servers share."""

from pathlib import Path

import numpy as np
import pytest
import trimesh


@pytest.fixture(scope="module")
def glb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A green ball of 2 m, not centred, in two parts of which one is moved by its node."""
    ball = trimesh.creation.icosphere(subdivisions=3)
    ball.visual = trimesh.visual.TextureVisuals(
        uv=np.zeros((len(ball.vertices), 2)),
        material=trimesh.visual.material.PBRMaterial(baseColorFactor=[0, 255, 0, 255], roughnessFactor=0.4),
    )
    scene = trimesh.Scene()
    scene.add_geometry(ball, transform=trimesh.transformations.translation_matrix((5, 5, 5)))
    path = tmp_path_factory.mktemp("model") / "ball.glb"
    path.write_bytes(scene.export(file_type="glb"))
    return path
