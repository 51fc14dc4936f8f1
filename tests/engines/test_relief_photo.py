"""What is read from a photo file: upright, in the right colours, and the object told from its background."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from adapters.http.images.verdict import TYPES
from ml_worker.engines.port import BadInput
from ml_worker.engines.relief.cutout import cut_out
from ml_worker.engines.relief.inflate import squared_height
from ml_worker.engines.relief.outline import signed_distance
from ml_worker.engines.relief.photo import FORMATS, LONGEST, Photo, open_photo
from tests.engines import photos


def test_the_camera_s_orientation_is_honoured(tmp_path: Path) -> None:
    upright = photos.painted(photos.boot(), photos.NAVY, photos.WHITE)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show the stored picture turned a quarter clockwise
    Image.fromarray(upright).rotate(90, expand=True).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert np.abs(open_photo(tmp_path / "turned.jpg").color.astype(int) - upright).mean() < 2


def test_a_press_s_four_colours_come_out_as_they_look(tmp_path: Path) -> None:
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg", quality=98)
    red, green, blue = open_photo(tmp_path / "cmyk.jpg").color[32, 32].tolist()
    assert red > 200
    assert max(green, blue) < 60


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    Image.fromarray(np.tile(ramp, (64, 1))).save(tmp_path / "deep.png")
    shown = open_photo(tmp_path / "deep.png").color
    assert np.abs(shown[10, :, 0].astype(int) - np.linspace(0, 255, 256)).max() <= 1.5


def test_a_colour_profile_is_followed(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = Image.new("RGB", (64, 64), (200, 100, 50))
    picture.save(tmp_path / "srgb.png", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    picture.save(tmp_path / "strange.png", icc_profile=profile)
    for name in ("srgb.png", "strange.png"):  # a profile that does not fit the pixels is passed over
        assert np.abs(open_photo(tmp_path / name).color[30, 30].astype(int) - [200, 100, 50]).max() <= 1


def test_large_photos_are_brought_to_the_size_that_the_texture_can_show(tmp_path: Path) -> None:
    photos.cut_out(tmp_path / "large.png", photos.disc(2000, 700))
    photo = open_photo(tmp_path / "large.png")
    assert photo.color.shape[:2] == (LONGEST, LONGEST)
    assert photo.alpha is not None
    assert (photo.alpha > 127).mean() == pytest.approx(np.pi * 0.35**2, rel=0.01)


def test_every_kind_of_picture_that_may_be_uploaded_is_read(tmp_path: Path) -> None:
    assert set(FORMATS) == set(TYPES)
    picture = photos.painted(photos.disc(), photos.NAVY, photos.WHITE)
    for kind in TYPES:
        Image.fromarray(picture).save(tmp_path / "photo", format=kind)
        assert np.abs(open_photo(tmp_path / "photo").color.astype(int) - picture).mean() < 4, kind


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_notes_that_cannot_be_written_again_do_not_matter(tmp_path: Path, kind: str) -> None:
    notes = Image.Exif()
    notes[0x0112], notes[0x010F] = 6, "Maker"
    broken = notes.tobytes().replace(b"\x01\x0f", b"\x01\x42").replace(b"\x0f\x01", b"\x42\x01")  # a number, by its tag
    Image.new("RGB", (80, 300), photos.NAVY).save(tmp_path / "photo", format=kind, exif=broken)
    assert open_photo(tmp_path / "photo").color.shape == (80, 300, 3)


def test_a_decoder_that_trips_says_that_the_photo_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(self: Image.Image) -> None:
        raise TypeError("unpack")

    Image.new("RGB", (80, 80)).save(tmp_path / "photo.bmp")
    monkeypatch.setattr(Image.Image, "transpose", trip)
    monkeypatch.setattr(ImageFile.ImageFile, "load", trip)
    with pytest.raises(BadInput) as refusal:
        open_photo(tmp_path / "photo.bmp")
    assert refusal.value.code == "unreadable-image"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "RGB with a colour that is transparent"])
def test_a_colour_profile_is_followed_with_and_without_transparency(tmp_path: Path, mode: str) -> None:
    """A profile whose red and blue are swapped, so that nobody takes its colours for sRGB's."""
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    swapped[red], swapped[blue] = swapped[blue], swapped[red]
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    picture = Image.new("RGB", (300, 300), (200, 40, 60))
    picture.paste((0, 255, 0), (0, 0, 100, 300))
    hidden: dict[str, Any] = {"transparency": (0, 255, 0)} if mode.startswith("RGB with") else {}
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(np.where(np.arange(300) < 100, 0, 255).astype(np.uint8)[None].repeat(300, 0)))
    elif mode == "P":
        picture = picture.convert("P", palette=Image.Palette.ADAPTIVE)
    picture.save(tmp_path / "photo.png", icc_profile=bytes(swapped), **hidden)
    photo = open_photo(tmp_path / "photo.png")
    assert np.abs(photo.color[150, 200].astype(int) - [60, 40, 200]).max() <= 12
    if mode.startswith("RGB") and mode != "RGB":
        assert photo.alpha is not None
        assert photo.alpha[150, [50, 200]].tolist() == [0, 255]


def test_a_deep_grey_keeps_its_transparent_shade(tmp_path: Path) -> None:
    ramp = np.full((300, 300), 40_000, np.uint16)
    ramp[:, :100] = 1234
    Image.fromarray(ramp).save(tmp_path / "deep.png", transparency=1234)
    photo = open_photo(tmp_path / "deep.png")
    assert photo.alpha is not None
    assert photo.alpha[150, [50, 200]].tolist() == [0, 255]
    assert photo.color[150, 200, 0] == 40_000 >> 8


def test_a_small_photo_is_enlarged_before_its_outline_is_drawn(tmp_path: Path) -> None:
    small = photos.disc(32, 11)
    for name, ground in (("even.png", photos.WHITE), ("alpha.png", None)):
        if ground is None:
            photos.cut_out(tmp_path / name, small)
        else:
            Image.fromarray(photos.painted(small, photos.NAVY, ground)).save(tmp_path / name)
        photo = open_photo(tmp_path / name)
        assert photo.color.shape == (256, 256, 3)
        assert photo.scale == 8
        found = cut_out(photo, seed=1)
        off = (found.inside > 0.5) != (photos.disc(256, 88) > 0.5)
        assert off.mean() / found.share < 0.035, name


def test_a_blade_of_a_photo_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (16, 800)).save(tmp_path / "blade.png")
    with pytest.raises(BadInput) as refusal:
        open_photo(tmp_path / "blade.png")
    assert refusal.value.code == "image-too-narrow"


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\nnot a picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_photo_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "photo.png").write_bytes(data)
    with pytest.raises(BadInput) as refusal:
        open_photo(tmp_path / "photo.png")
    assert refusal.value.code == "unreadable-image"


def test_a_photo_that_breaks_off_is_refused(tmp_path: Path) -> None:
    whole = photos.cut_out(tmp_path / "whole.png", photos.disc()).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput) as refusal:
        open_photo(tmp_path / "half.png")
    assert refusal.value.code == "unreadable-image"


def test_a_few_pixels_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 300)).save(tmp_path / "thin.png")
    with pytest.raises(BadInput) as refusal:
        open_photo(tmp_path / "thin.png")
    assert refusal.value.code == "image-too-small"


def test_each_kind_of_photo_is_cut_out_in_its_own_way() -> None:
    disc = photos.disc()
    see_through = Photo(photos.painted(disc, photos.GOLD, (0, 0, 0)), np.rint(disc * 255).astype(np.uint8))
    even = Photo(photos.painted(disc, photos.NAVY, photos.WHITE), None)
    restless = Photo(photos.painted(disc, photos.GOLD, photos.meadow(disc.shape)), None)
    for photo, way in ((see_through, "alpha"), (even, "background"), (restless, "grabcut")):
        found = cut_out(photo, seed=1)
        assert found.way == way
        wrong = np.abs(found.inside - disc).mean() / disc.mean()
        assert wrong < (0.02 if way == "grabcut" else 0.008), way


def test_the_background_is_seen_through_holes() -> None:
    ring = photos.disc(400, 150) - photos.disc(400, 70)
    for ground in (photos.WHITE, photos.meadow(ring.shape)):
        found = cut_out(Photo(photos.painted(ring, photos.NAVY, ground), None), seed=1)
        assert found.inside[200, 200] < 0.1
        assert found.inside[200, 310] > 0.9


def test_a_cast_shadow_is_no_part_of_the_object() -> None:
    disc = photos.disc(600, 130)
    y, x = np.mgrid[0:600, 0:600]
    shade = cv2.GaussianBlur((np.hypot((x - 340) / 2, (y - 420) * 1.2) < 85).astype(np.float32), (0, 0), 18)
    lit = np.array(photos.WHITE) * (1 - 0.5 * shade[:, :, None])
    ring = disc - photos.disc(600, 80)  # the shadow is seen through its hole too
    for shape, color in ((disc, photos.GOLD), (disc, (70, 70, 72)), (ring, photos.NAVY)):
        found = cut_out(Photo(photos.painted(shape, color, lit), None), seed=1)
        assert found.way == "background"
        assert np.abs(found.inside - shape).mean() / shape.mean() < 0.03


def test_a_soft_grey_object_is_not_taken_for_a_shadow() -> None:
    disc = photos.disc(600, 200)
    y, x = np.mgrid[0:600, 0:600]
    ball = np.repeat((150 + 40 * (300 - x) / 200 + 30 * (300 - y) / 200)[:, :, None], 3, axis=2)
    pixels = np.array(photos.WHITE) * (1 - disc[:, :, None]) + ball * disc[:, :, None]
    found = cut_out(Photo(np.rint(pixels).astype(np.uint8), None), seed=1)
    assert np.abs(found.inside - disc).mean() / disc.mean() < 0.02


def test_a_dark_object_before_black_is_found() -> None:
    disc = photos.disc()
    found = cut_out(Photo(photos.painted(disc, (30, 20, 20), (12, 12, 13)), None), seed=1)
    assert found.way == "background"
    assert np.abs(found.inside - disc).mean() / disc.mean() < 0.02


def test_an_object_of_the_background_s_colour_is_refused_and_not_torn_to_shards() -> None:
    y, x = np.mgrid[0:600, 0:600]
    disc = photos.disc(600, 150)
    light = 228 + 12 * np.cos((x - 300) / 300) * np.cos((y - 250) / 300)  # brighter in the middle
    ball = 240 - 40 * np.clip((x + y - 600) / 300, -0.2, 1)  # hardly another, but for its lower right
    pixels = np.repeat((light * (1 - disc) + ball * disc)[:, :, None], 3, axis=2)
    with pytest.raises(BadInput, match="of another colour"):
        cut_out(Photo(np.clip(pixels, 0, 255).astype(np.uint8), None), seed=1)


def test_an_object_that_reaches_the_border_is_whole() -> None:
    """A bust: its shoulders fill most of the lower border."""
    y, x = np.mgrid[0:500, 0:400]
    bust = (np.hypot(x - 200, y - 160) < 80) | (np.hypot((x - 200) / 180, (y - 500) / 190) < 1) & (y < 500)
    bust |= (np.abs(x - 200) < 40) & (y > 200)
    shape = cv2.GaussianBlur(bust.astype(np.float32), (0, 0), 0.8)
    slope = np.repeat((150 + 60 * np.cos(x / 90))[:, :, None], 3, axis=2) + np.array([0, 10, 20])
    for ground, way in (((200, 210, 220), "background"), (slope, "grabcut")):
        found = cut_out(Photo(photos.painted(shape, photos.NAVY, ground), None), seed=1)
        assert found.way == way
        assert ((found.inside > 0.5) != bust).mean() / bust.mean() < 0.03, way


def test_specks_are_left_out_and_counted() -> None:
    shape = photos.disc()
    shape[20:30, 20:30] = 1
    found = cut_out(Photo(photos.painted(shape, photos.NAVY, photos.WHITE), None), seed=1)
    assert found.dropped == 1
    assert found.inside[25, 25] == 0


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((200, 300, 3), 180, np.uint8),
        np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8),
        np.tile(np.linspace(0, 255, 300).astype(np.uint8)[None, :, None], (200, 1, 3)),
    ],
    ids=["one colour", "noise", "a ramp"],
)
def test_a_photo_without_an_object_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(BadInput) as refusal:
        cut_out(Photo(pixels, None), seed=1)
    assert refusal.value.code == "no-object"


def test_a_spot_is_an_object_where_the_background_is_certain_and_not_where_it_is_guessed() -> None:
    spot = photos.disc(400, 40)
    assert cut_out(Photo(photos.painted(spot, photos.NAVY, photos.WHITE), None), seed=1).way == "background"
    with pytest.raises(BadInput, match="mode: plate"):
        cut_out(Photo(photos.painted(spot, photos.NAVY, photos.meadow(spot.shape)), None), seed=1)


def test_a_wholly_transparent_photo_is_refused() -> None:
    with pytest.raises(BadInput) as refusal:
        cut_out(Photo(np.zeros((100, 100, 3), np.uint8), np.zeros((100, 100), np.uint8)), seed=1)
    assert refusal.value.code == "no-object"


def test_a_tight_or_a_faint_cut_out_is_an_object() -> None:
    size = 400
    full = np.ones((size, size), np.float32)
    full[:40, :40] = full[-40:, :40] = 0  # all but two corners
    spot = photos.disc(size, 10)
    gold = np.full((size, size, 3), photos.GOLD, np.uint8)
    for shape, opaque in ((full, 255), (spot, 255), (photos.disc(size, 130), 60)):
        found = cut_out(Photo(gold, np.rint(shape * opaque).astype(np.uint8)), seed=1)
        assert found.way == "alpha"
        assert found.inside == pytest.approx(shape, abs=0.02)


def test_a_cut_out_is_not_told_to_become_one() -> None:
    random = np.random.default_rng(0).integers(0, 2, (200, 200)) * np.uint8(255)
    for alpha in (np.zeros((200, 200), np.uint8), random):
        with pytest.raises(BadInput) as refusal:
            cut_out(Photo(np.zeros((200, 200, 3), np.uint8), alpha), seed=1)
        assert refusal.value.code == "no-object"
        assert "send a PNG" not in refusal.value.message


def test_specks_are_not_worth_a_word() -> None:
    shape = photos.disc()
    shape[20:380:8, 10] = 1  # 45 single pixels
    shape[20:30, 370:380] = 1
    found = cut_out(Photo(photos.painted(np.ones_like(shape), photos.GOLD, (0, 0, 0)), np.rint(shape * 255)), seed=1)
    assert found.dropped == 1


def test_the_outline_of_a_disc_is_round_to_a_fraction_of_a_pixel() -> None:
    hard = (photos.disc() > 0.5).astype(np.float32)  # a staircase
    distance = signed_distance(hard, smooth=1.6)
    y, x = np.mgrid[0:400, 0:400] + 0.5
    exact = 130 - np.hypot(x - 200, y - 200)
    near = np.abs(exact) < 4
    assert np.abs(distance - exact)[near].max() < 0.6
    assert np.abs(distance - exact)[near].mean() < 0.2


def test_a_disc_blows_up_to_a_ball() -> None:
    y, x = np.mgrid[0:400, 0:400] + 0.5
    radius = np.hypot(x - 200, y - 200)
    film = squared_height((130 - radius).astype(np.float32))
    inside = radius < 120
    exact = np.sqrt(130.0**2 - radius[inside] ** 2)
    assert np.abs(np.sqrt(film[inside]) - exact).max() < 0.06 * 130
    assert (film[radius > 133] < 0).all()
