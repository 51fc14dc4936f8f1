"""Images that must be refused, and unusual ones that must not (bad-inputs 14-22)."""

import asyncio
import io
import os
import signal
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from adapters.http.images.inspector import ImageInspector
from adapters.http.refusals import TooLarge, UnsupportedMedia
from domain.errors import DomainError, InvalidInput


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    image = Image.new("RGB", (64, 48))
    image.putdata([(x * 4 % 256, y * 5 % 256, (x * y) % 256) for y in range(48) for x in range(64)])
    return image


@pytest.fixture
async def inspector() -> AsyncIterator[ImageInspector]:
    inspector = ImageInspector(max_bytes=20_000_000, max_megapixels=50)
    yield inspector
    await inspector.close()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(*chunks: tuple[bytes, bytes], width: int = 4, height: int = 4) -> bytes:
    """A PNG with extra chunks after its header; pixels are there for 4 x 4."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + bytes(12)) * 4)
    made = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return made


async def refusal(inspector: ImageInspector, tmp_path: Path, content: bytes) -> DomainError:
    (tmp_path / "upload.png").write_bytes(content)
    with pytest.raises(DomainError) as caught:
        await inspector.inspect(tmp_path / "upload.png")
    assert caught.value.detail
    return caught.value


async def accepted(inspector: ImageInspector, tmp_path: Path, content: bytes) -> tuple[str, int, int]:
    (tmp_path / "upload.bin").write_bytes(content)
    info = await inspector.inspect(tmp_path / "upload.bin")
    return info.media_type, info.width, info.height


async def test_the_allowed_kinds(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    for kind, media_type in (
        ("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
    ):  # fmt: skip
        assert await accepted(inspector, tmp_path, saved(picture, kind)) == (media_type, 64, 48)


async def test_21_unusual_images_are_accepted(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    assert await accepted(inspector, tmp_path, saved(picture.convert("CMYK"), "JPEG")) == ("image/jpeg", 64, 48)
    deep = Image.new("I;16", (30, 20), 40_000)
    assert await accepted(inspector, tmp_path, saved(deep, "PNG")) == ("image/png", 30, 20)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert await accepted(inspector, tmp_path, saved(picture, "JPEG", exif=exif)) == ("image/jpeg", 48, 64)
    for mode in ("1", "L", "LA", "P", "RGBA"):
        assert (await accepted(inspector, tmp_path, saved(picture.convert(mode), "PNG")))[1:] == (64, 48)
    frames = [picture, picture.rotate(90), picture.rotate(180)]
    for kind in ("GIF", "PNG", "WEBP"):
        moving = saved(picture, kind, save_all=True, append_images=frames)
        assert (await accepted(inspector, tmp_path, moving))[1:] == (64, 48)


async def test_14_polyglots(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("evil.txt", "x" * 100)
    for kind in ("JPEG", "PNG", "GIF"):
        for padding in (b"", b"\x00" * 100):
            both = saved(picture, kind) + archive.getvalue() + padding
            assert isinstance(await refusal(inspector, tmp_path, both), UnsupportedMedia)
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    for both in (
        saved(picture, "PNG") + page,
        png((b"tEXt", b"Comment\x00" + page)),
        saved(picture, "JPEG", comment=page),
    ):
        assert isinstance(await refusal(inspector, tmp_path, both), UnsupportedMedia)
    pdf = saved(picture, "JPEG", comment=b"%PDF-1.7\n")
    assert isinstance(await refusal(inspector, tmp_path, pdf), UnsupportedMedia)


async def test_15_20_other_content_under_an_images_name(
    inspector: ImageInspector, tmp_path: Path, picture: Image.Image
) -> None:
    for content in (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><body>hello</body></html>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"8BPS\x00\x01" + bytes(100),
        b"SIMPLE  =                    T" + b" " * 2850,
        b"hello, world",
        b"\x89PNG",
        b"BM",
        saved(picture, "TIFF"),
        saved(picture, "PPM"),
    ):
        assert isinstance(await refusal(inspector, tmp_path, content), UnsupportedMedia)


async def test_16_too_many_pixels(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    assert isinstance(await refusal(inspector, tmp_path, png(width=50_000, height=50_000)), TooLarge)
    assert isinstance(await refusal(inspector, tmp_path, png(width=2**31 - 1, height=2**31 - 1)), TooLarge)
    jpeg = bytearray(saved(picture, "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 50_000, 50_000)
    assert isinstance(await refusal(inspector, tmp_path, bytes(jpeg)), TooLarge)


async def test_17_no_pixels(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    for content in (png(width=0), png(height=0), b"GIF89a" + struct.pack("<HHBBB", 0, 0, 0, 0, 0) + b";"):
        assert isinstance(await refusal(inspector, tmp_path, content), InvalidInput)
    jpeg = bytearray(saved(picture, "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = bytes(4)
    assert isinstance(await refusal(inspector, tmp_path, bytes(jpeg)), InvalidInput)


async def test_18_text_bombs(inspector: ImageInspector, tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    for chunk in (
        (b"zTXt", b"Comment\x00\x00" + bomb),
        (b"iTXt", b"Comment\x00\x01\x00en\x00Comment\x00" + bomb),
        (b"iCCP", b"profile\x00\x00" + bomb),
        (b"tEXt", b"Comment\x00" + b"x" * 5_000_000),
    ):
        assert isinstance(await refusal(inspector, tmp_path, png(chunk)), TooLarge)
    many = [(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(900_000), 9))] * 10
    assert isinstance(await refusal(inspector, tmp_path, png(*many)), TooLarge)


async def test_19_endless_animations(inspector: ImageInspector, tmp_path: Path) -> None:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    gif = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame * 10_000 + b";"
    assert isinstance(await refusal(inspector, tmp_path, gif), TooLarge)
    assert isinstance(await refusal(inspector, tmp_path, png((b"acTL", struct.pack(">II", 10_000, 0)))), TooLarge)


async def test_22_empty_and_cut_off(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    assert isinstance(await refusal(inspector, tmp_path, b""), InvalidInput)
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        content = saved(picture, kind)
        for share in (0.3, 0.6, 0.9):
            assert isinstance(await refusal(inspector, tmp_path, content[: int(len(content) * share)]), InvalidInput)


async def test_a_wrong_checksum_is_damage(inspector: ImageInspector, tmp_path: Path) -> None:
    content = bytearray(png())
    content[content.index(b"IDAT") + 8] ^= 0xFF
    assert isinstance(await refusal(inspector, tmp_path, bytes(content)), InvalidInput)


async def test_too_many_bytes(tmp_path: Path, picture: Image.Image) -> None:
    inspector = ImageInspector(max_bytes=100, max_megapixels=50)
    assert isinstance(await refusal(inspector, tmp_path, saved(picture, "PNG")), TooLarge)
    await inspector.close()


async def test_one_worker_serves_many_and_survives_refusals(
    inspector: ImageInspector, tmp_path: Path, picture: Image.Image
) -> None:
    await accepted(inspector, tmp_path, saved(picture, "PNG"))
    worker = inspector._idle[0]
    await refusal(inspector, tmp_path, b"nonsense")
    await accepted(inspector, tmp_path, saved(picture, "JPEG"))
    assert inspector._idle == [worker]


async def test_a_worker_that_dies_is_replaced(inspector: ImageInspector, tmp_path: Path, picture: Image.Image) -> None:
    await accepted(inspector, tmp_path, saved(picture, "PNG"))
    inspector._idle[0].kill()
    await inspector._idle[0].wait()
    assert await accepted(inspector, tmp_path, saved(picture, "PNG")) == ("image/png", 64, 48)


async def test_an_image_that_brings_its_worker_down_is_refused(
    inspector: ImageInspector, tmp_path: Path, picture: Image.Image
) -> None:
    await accepted(inspector, tmp_path, saved(picture, "PNG"))
    worker = inspector._idle[0]
    os.kill(worker.pid, signal.SIGSTOP)  # it is now busy for ever, as far as its parent can see
    pending = asyncio.create_task(refusal(inspector, tmp_path, saved(picture, "PNG")))
    while inspector._idle:
        await asyncio.sleep(0)
    worker.kill()
    assert isinstance(await pending, InvalidInput)
    assert await accepted(inspector, tmp_path, saved(picture, "PNG")) == ("image/png", 64, 48)
