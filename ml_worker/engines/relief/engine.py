"""The engine `lathe/relief`: photo -> object -> solid -> files."""

from collections.abc import Mapping
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from ml_worker.engines.port import BadInput, Description, Inputs, Result, Run
from ml_worker.engines.relief.coating import FRINGE, PhotoPaint
from ml_worker.engines.relief.cutout import Cutout, coverage, cut_out
from ml_worker.engines.relief.inflate import squared_height
from ml_worker.engines.relief.outline import signed_distance
from ml_worker.engines.relief.photo import Photo, open_photo
from ml_worker.engines.relief.solids import Body, Plate, relief_height
from ml_worker.engines.relief.thinness import LEAST, Outline, fineness
from ml_worker.mesh.params import PROPERTIES, Options
from ml_worker.mesh.pipeline import EFFORTS, STAGES, Built, build

Array = npt.NDArray[Any]
READING = 0.15
"""The share of the work that finding the object takes."""
USUAL_SIZE = 0.15
"""Metres on the longest side: a photo does not tell, so it becomes something that lies in a hand."""
ROUNDED = 0.004
"""Radius, as a share of the photo's longer side, of what is smoothed away on the outline."""
BULGE = 0.55
"""Thickness of a body, as a share of what a ball of its outline would have."""
PLATE_BASE, PLATE_RELIEF = 0.035, 0.06
"""Thickness of a plate and height of its relief, as shares of its longest side."""
GROUND = 150.0
"""The grey of a plate where the photo is transparent."""
MARGIN = 0.03
"""Empty border around the photo, as a share of its longer side."""
WAYS = {
    "alpha": "cut out along the photo's transparency",
    "background": "told from its even background",
    "grabcut": "told from its background by colour",
}

OWN_PROPERTIES: dict[str, Any] = {
    "mode": {
        "enum": ["body", "plate"],
        "default": "body",
        "description": "body: a closed, rounded object of the photo's outline; plate: a tile with a raised picture.",
    },
    "depth": {
        "type": "number",
        "minimum": 0.2,
        "maximum": 2,
        "default": 1,
        "description": "How thick the body, or how high the relief, is: 1 is usual, 2 twice as much.",
    },
}


class ReliefEngine:
    """Needs no weights and no GPU."""

    def describe(self) -> Description:
        return Description(
            id="lathe/relief",
            version="1.4.0",
            title="Relief: a body from one photo",
            kinds=("image",),
            params_schema={
                "type": "object",
                "additionalProperties": False,
                "properties": PROPERTIES | OWN_PROPERTIES,
            },
            price=2_000_000,
            typical_seconds=3.0,
            stages=(("photo", READING), *((stage, weight * (1 - READING)) for stage, weight in STAGES)),
        )

    def load(self, device: str) -> None:
        """Nothing to load: the field is a lookup in a picture, too little work for a GPU."""

    def run(self, inputs: Inputs, params: Mapping[str, Any], run: Run) -> Result:
        """Raises BadInput (`no-image`, `no-object`, `too-thin`), and what `open_photo` and `build` raise."""
        if len(inputs.files) != 1:
            raise BadInput("no-image", "Send exactly one photo.")
        run.check_cancel()
        run.progress("photo", 0.0)
        photo = open_photo(inputs.files[0].path)
        run.progress("photo", 0.3)
        run.check_cancel()
        options, depth = Options.of(params), float(params.get("depth", 1))
        if options.size is None:
            options = msgspec.structs.replace(options, size=USUAL_SIZE)
        make = self._plate if params.get("mode") == "plate" else self._body
        return make(photo, depth, options, run)

    def _body(self, photo: Photo, depth: float, options: Options, run: Run) -> Result:
        cutout = cut_out(photo, run.seed)
        told = _told(cutout)
        photo, cutout = _with_margin(photo, cutout)
        run.check_cancel()
        run.progress("photo", 0.7)
        distance, seen = _smoothed(cutout), signed_distance(cutout.inside, smooth=0.5)
        outline, effort = Outline(seen, distance, depth), EFFORTS[options.quality]
        outline.require_thick(effort.most, photo.scale)
        film = squared_height(distance)
        pixel = USUAL_SIZE / outline.longest
        body = Body(film, distance, pixel, BULGE * depth)
        run.progress("photo", 1.0)
        fringe = FRINGE * (2 if cutout.way == "grabcut" else 1) * max(photo.scale, 1.0)
        paint = PhotoPaint(photo.color, np.minimum(distance, seen), body.left, body.top, pixel, fringe)
        finer = fineness(outline, film, BULGE * depth, effort.least)
        built = build(body, options, run, name="relief", paint=paint, fineness=finer)
        ignored = _dropped(cutout)
        cells = built.metrics["cells"]
        if outline.loses_parts(cells):
            ignored += (f"parts narrower than {max(1, round(2 * outline.reach(cells) / photo.scale))} pixels",)
        return _result(built, {"mode": "body"} | told, ignored)

    def _plate(self, photo: Photo, depth: float, options: Options, run: Run) -> Result:
        photo = _on_grey(photo)
        if float(photo.color.std(axis=(0, 1)).max()) < 2:
            raise BadInput("no-object", "The photo has one colour all over: there is nothing to raise.")
        try:
            cutout = cut_out(photo, run.seed)
        except BadInput:  # a landscape, a page: the whole photo is raised by its light
            cutout = None
        run.check_cancel()
        run.progress("photo", 0.7)
        distance = None if cutout is None else _smoothed(cutout)
        film = None if distance is None or distance.max() < LEAST else squared_height(distance)
        pixel = USUAL_SIZE / max(photo.color.shape[:2])
        height = relief_height(photo.color, film, PLATE_RELIEF * USUAL_SIZE * depth)
        plate = Plate(height, pixel, PLATE_BASE * USUAL_SIZE)
        run.progress("photo", 1.0)
        paint = PhotoPaint(photo.color, None, plate.left, plate.top, pixel)
        built = build(plate, options, run, name="relief", paint=paint)
        understood = {"mode": "plate", "object": "the whole photo, raised by its light"}
        return _result(built, understood | ({} if cutout is None else _told(cutout)))


def _with_margin(photo: Photo, cutout: Cutout) -> tuple[Photo, Cutout]:
    """Room around the photo: an object that its border cuts off gets a rounded end there."""
    width = max(6, round(max(cutout.inside.shape) * MARGIN))
    sides = (width, width, width, width)
    color = cv2.copyMakeBorder(photo.color, *sides, cv2.BORDER_REPLICATE)
    inside = cv2.copyMakeBorder(cutout.inside, *sides, cv2.BORDER_CONSTANT, value=(0.0,))
    return Photo(np.asarray(color), None, photo.scale), msgspec.structs.replace(cutout, inside=np.asarray(inside))


def _on_grey(photo: Photo) -> Photo:
    """What lies hidden under transparency is neither raised nor shown. Raises BadInput `no-object` if that is all."""
    if photo.alpha is None:
        return photo
    share = coverage(photo.alpha)[:, :, None]
    color = np.rint(photo.color * share + GROUND * (1 - share)).astype(np.uint8)
    return msgspec.structs.replace(photo, color=color)


def _smoothed(cutout: Cutout) -> Array:
    """Signed distance to an outline without the pixels' steps."""
    return signed_distance(cutout.inside, max(cutout.inside.shape) * ROUNDED)


def _told(cutout: Cutout) -> dict[str, Any]:
    return {
        "object": WAYS[cutout.way],
        "separation": cutout.way,
        "share_of_photo": round(cutout.share, 3),
    }


def _dropped(cutout: Cutout) -> tuple[str, ...]:
    count = cutout.dropped
    return (f"{count} smaller piece{'s' if count > 1 else ''} of the photo",) if count else ()


def _result(built: Built, understood: dict[str, Any], ignored: tuple[str, ...] = ()) -> Result:
    return Result(files=built.files, report=built.report, understood=understood, ignored=ignored, metrics=built.metrics)
