"""Writes docs/reports/fbx-matrix.md: FBX files of every family in three readers, against the GLBs of the same runs.

    python -m tests.mesh.fbx_matrix

Installs Blender (`bpy`, 330 MB) under build/ if it is not there. The models are drawn from what Blender read, with
Lathe's own preview, beside those of the run, into docs/images/fbx-reimport.webp.
"""

import io
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

from ml_worker.mesh.assets import Asset, assemble
from ml_worker.mesh.bake import Maps
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.parts import Part, Parts
from ml_worker.mesh.pictures import Pictures, encode
from ml_worker.mesh.preview import render
from ml_worker.mesh.skin import skin
from ml_worker.mesh.texels import rasterise
from tests.mesh.fbx_checks import Difference, difference
from tests.mesh.fbx_models import Model, models
from tests.mesh.fbx_readers import blender
from tests.mesh.fbx_readers.readers import READERS, Seen, read

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "docs" / "reports" / "fbx-matrix.md"
PICTURE = ROOT / "docs" / "images" / "fbx-reimport.webp"
TILE = 256


def as_asset(seen: Seen) -> Asset:
    """What a reader found, for the preview. Occlusion has no place in an FBX: none."""
    size = 1024
    corners = np.concatenate([seen["corners"], seen["normals"], seen["uvs"]], axis=2).reshape(-1, 8)
    one, number = np.unique(corners, axis=0, return_inverse=True)
    faces = number.reshape(-1, 3).astype(np.int32)
    mesh = Mesh(one[:, :3], faces)
    shown = skin(mesh, corners[:, 3:6], np.zeros(faces.size, np.int32), np.zeros(len(faces), np.int32), corners[:, 6:])
    color = np.asarray(Image.open(io.BytesIO(seen["color"])).convert("RGB"))
    relief = np.asarray(Image.open(io.BytesIO(seen["normal"])).convert("RGB")) if seen["normal"] else None
    texels = rasterise(seen["uvs"] * size, size)
    surface = np.full((size, size, 3), 255, np.uint8)
    for channel, key in ((1, "roughness"), (2, "metallic")):
        values = np.rint(np.asarray(seen[key]) * 255).astype(np.uint8)
        surface[texels.row, texels.column, channel] = values[seen["part"]][texels.face]
    bare = np.ones((size, size), bool)
    bare[texels.row, texels.column] = False
    row, column = distance_transform_edt(bare, return_distances=False, return_indices=True)
    surface = surface[row, column]  # as far as a seam is blended with what lies beside it
    told = zip(seen["parts"], seen["roughness"], seen["metallic"], seen["opacity"], strict=True)
    parts = Parts(tuple(Part(str(name), *map(float, values)) for name, *values in told), seen["part"])
    lossy = (encode(picture, lossless=False) for picture in (color, surface))
    pictures = Pictures(*lossy, None if relief is None else encode(relief, lossless=False))
    return assemble("read", mesh, shown, Maps(color, surface, relief, pictures, parts))


def draw(made: Sequence[Model], seen: Sequence[Seen]) -> None:
    """Two rows a line: the preview of the run above, the model read back by Blender below."""
    width = 4
    lines = -(-len(made) // width)
    sheet = Image.new("RGB", (width * TILE, lines * 2 * TILE), "white")
    for number, (model, found) in enumerate(zip(made, seen, strict=True)):
        row, column = divmod(number, width)
        for lower, data in enumerate((model.preview.read_bytes(), render(as_asset(found)))):
            tile = Image.open(io.BytesIO(data)).convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (column * TILE, (row * 2 + lower) * TILE))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(PICTURE, "WEBP", quality=84, method=6)


def line(model: Model, reader: str, found: Difference, seen: Seen) -> str:
    wrong = found.wrong(reader)
    cells = [
        model.name,
        reader,
        f"{len(seen['corners']):,}",
        str(found.faces),
        f"{found.position * 1e6:.2f}",
        f"{found.normal:.3f}",
        f"{found.uv:.1e}",
        ", ".join(sorted(seen["parts"].tolist())),
        f"{found.roughness:.3f}",
        f"{found.metallic:.3f}",
        *("-" if same is None else "same" if same else "differs" for same in (found.color, found.relief)),
        "; ".join(wrong) or "yes",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    readers = list(READERS)
    try:
        blender.install()
        missing = ""
    except (OSError, subprocess.CalledProcessError) as error:
        readers.remove("blender")
        missing = f"\nBlender could not be installed where this was written: {error}.\n"
    with tempfile.TemporaryDirectory() as folder:
        made = models(Path(folder))
        lines, failed = [], 0
        for reader in readers:
            seen = read(reader, [model.fbx for model in made])
            for model, each in zip(made, seen, strict=True):
                found = difference(model.glb, each)
                failed += bool(found.wrong(reader))
                lines.append((model.name, line(model, reader, found, each)))
            if reader == "blender":
                draw(made, seen)
        order = [model.name for model in made]
        lines.sort(key=lambda entry: order.index(entry[0]))
        prompts = "\n".join(f"| {model.name} | {model.prompt} | {model.fbx.stat().st_size:,} |" for model in made)
    REPORT.write_text(TEXT.format(
        count=len(made), readers=", ".join(readers), failed=failed, missing=missing, prompts=prompts,
        lines="\n".join(text for _, text in lines),
    ))  # fmt: skip
    print(f"{REPORT}: {len(lines)} comparisons, {failed} with differences")


TEXT = """# FBX against GLB, reader by reader

Written by `python -m tests.mesh.fbx_matrix`. {count} models are made with the usual parameters as GLB and as FBX in
one run; {readers} read the FBX, each in a process of its own, and every face is compared with the GLB's: corners in
metres after the file's own unit, normals, texture coordinates, the pictures inside, and each part's roughness and
metalness with the mean of the GLB's texels at its faces. {failed} comparisons show a difference beyond the reader's
own precision (float32 for assimp and Blender; Blender keeps corner normals in 2 x 16 bits).
{missing}
| column | unit |
|---|---|
| faces off | faces without their like in the other file |
| position | largest distance of any corner, micrometres |
| normal | largest angle of any corner's normal, degrees |
| uv | largest difference, share of the picture's side |
| rough., metal | largest difference of a part (of at least 1 % of the surface) |
| colour, relief | whether the picture inside is the GLB's, byte for byte; assimp's binding hands out no pictures |

| model | reader | faces | faces off | position | normal | uv | parts | rough. | metal | colour | relief | agrees |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
{lines}

Above, the preview of the run; below, what Blender read from the FBX, drawn by the same preview. Occlusion, which an
FBX has no place for, is missing below; roughness is one number a part.

![previews](../images/fbx-reimport.webp)

| model | made from | bytes of the FBX |
|---|---|---|
{prompts}
"""

if __name__ == "__main__":
    main()
