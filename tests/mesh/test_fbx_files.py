"""What a model may bring along: names in any alphabet, no texture, very many faces; and the file's own frame."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from ml_worker.mesh.assets import Asset, assemble
from ml_worker.mesh.bake import Maps
from ml_worker.mesh.fbx import write_fbx
from ml_worker.mesh.mesh import Mesh
from ml_worker.mesh.parts import Part, Parts
from ml_worker.mesh.pictures import Picture, Pictures, encode
from ml_worker.mesh.skin import skin
from tests.mesh.fbx_readers.readers import by_every_reader, read

EMPTY = Picture("image/png", b"")


def sheet(side: int, name: str, parts: tuple[str, ...] = ("paper",), color: Picture | None = EMPTY) -> Asset:
    """A square of 2 * side² triangles, bent so that every normal differs."""
    steps = np.arange(side + 1)
    x, z = (grid.ravel() / side for grid in np.meshgrid(steps, steps))
    vertices = np.stack([x, 0.1 * np.sin(7 * x) * np.cos(5 * z), z], axis=1)
    corner = (steps[:-1, None] * (side + 1) + steps[:-1]).ravel()
    one = np.stack([corner, corner + side + 1, corner + 1], axis=1)
    faces = np.concatenate([one, one[:, [1, 1, 2]] + [0, 1, 0]]).astype(np.int32)
    mesh = Mesh(vertices, faces)
    flat = mesh.face_normals().repeat(3, axis=0)
    group = np.arange(len(faces) * 3, dtype=np.int32)
    uvs = np.stack([x, z], axis=1)[faces].reshape(-1, 2)
    shown = skin(mesh, flat, group, np.zeros(len(faces), np.int32), uvs)
    values = Parts(tuple(Part(each, 0.5, 0.0) for each in parts), (np.arange(len(faces)) % len(parts)).astype(np.int32))
    picture = np.full((4, 4, 3), 200, np.uint8)
    encoded = encode(picture, lossless=True)
    asset = assemble(name, mesh, shown, Maps(picture, picture, None, Pictures(encoded, encoded, None), values))
    return asset if color is None else msgspec.structs.replace(asset, color=color)


@by_every_reader
@pytest.mark.parametrize(
    ("name", "parts", "told", "parts_told"),
    [
        ("стул", ("дерево", "métal", "木"), "стул", ["дерево", "métal", "木"]),
        ("a/b\\c:d", ("a::b", "x|y"), "a/b\\c:d", ["a::b", "x|y"]),
        ("\0\1\n", ("\0", "a\0\1Model", "lone \ud800"), "model", ["model", "aModel", "lone"]),
    ],
    ids=["other alphabets", "separators", "control characters"],
)
def test_names_may_be_any_text(
    tmp_path: Path, reader: str, name: str, parts: tuple[str, ...], told: str, parts_told: list[str]
) -> None:
    path = tmp_path / "named.fbx"
    path.write_bytes(write_fbx(sheet(4, name, parts, None)))
    (seen,) = read(reader, [path])
    assert (str(seen["name"]), sorted(seen["parts"].tolist())) == (told, sorted(parts_told))


@by_every_reader
def test_an_empty_texture_is_left_out_and_the_rest_is_read(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "bare.fbx"
    path.write_bytes(write_fbx(sheet(4, "bare")))
    (seen,) = read(reader, [path])
    assert len(seen["corners"]) == 32
    assert not seen.get("color")
    assert not seen.get("pictures", np.zeros(0)).size


@by_every_reader
def test_more_corners_than_16_bits_can_count(tmp_path: Path, reader: str) -> None:
    path, asset = tmp_path / "large.fbx", sheet(260, "large", ("a", "b"))
    path.write_bytes(write_fbx(asset))
    (seen,) = read(reader, [path])
    assert len(seen["corners"]) == 2 * 260**2 > 2 * 65536
    order = np.argsort(asset.parts.of_face, kind="stable") if reader == "assimp" else slice(None)
    assert np.allclose(seen["corners"], asset.positions[asset.faces][order], atol=1e-6)
    assert np.allclose(seen["uvs"], asset.uvs[asset.faces][order], atol=1e-6)


def test_the_same_model_gives_the_same_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = write_fbx(sheet(8, "twice", ("a", "b"), None))
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert write_fbx(sheet(8, "twice", ("a", "b"), None)) == first
    assert write_fbx(sheet(8, "other", ("a", "b"), None)) != first


def test_the_container_is_as_long_as_its_records_say() -> None:
    data = write_fbx(sheet(8, "whole", color=None))
    assert data[:23] == b"Kaydara FBX Binary  \0\x1a\0"
    at, names = 27, []
    while (end := int.from_bytes(data[at : at + 4], "little")) != 0:
        names.append(data[at + 13 : at + 13 + data[at + 12]].decode())
        assert data[end - 13 : end] == bytes(13) or names[-1] in {"FileId", "CreationTime", "Creator"}
        at = end
    assert names == [
        "FBXHeaderExtension", "FileId", "CreationTime", "Creator", "GlobalSettings", "Documents", "References",
        "Definitions", "Objects", "Connections",
    ]  # fmt: skip
    assert (len(data) - 140) % 16 == 0
    assert int.from_bytes(data[-140:-136], "little") == 7400
