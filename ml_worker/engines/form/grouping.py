"""Parts sorted into a tree of boxes, so that a point asks only about what is near it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from ml_worker.engines.form.sdf.shape import REACH, Box, Points, Shape, nearest
from ml_worker.engines.form.sdf.sorting import Sorting

Array = npt.NDArray[Any]

LEAF = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Some shapes by number (`members`) and smaller groups."""

    box: Box
    members: tuple[int, ...]
    groups: tuple["Group", ...]

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """The union of everything in the group."""
        reach = REACH * math.dist(self.box.lower, self.box.upper)
        inner = [shapes[i] for i in self.members] + [group.shape(shapes) for group in self.groups]
        return Shape(lambda p: nearest(p, inner, reach), self.box) if len(inner) > 1 else inner[0]

    def owners(self, p: Points, shapes: Sequence[Shape], best: Tensor, owner: Array) -> None:
        """Put the number of the shape nearest to each point into `owner`, if its distance is below `best`; both (N,).

        `best` is brought down to that distance.
        """
        sorting = Sorting(p.x, p.y, p.z, best)
        for number in self.members:
            near = sorting.inside(*shapes[number].box)
            if near is not None:
                sorting.take_owned(shapes[number].distance(Points(*near)), number, owner)
        for group in self.groups:
            near = sorting.inside(*group.box)
            if near is not None:
                index, so_far = sorting.taken()
                whose = owner[index]
                group.owners(Points(*near), shapes, torch.from_numpy(so_far), whose)
                best.numpy()[index], owner[index] = so_far, whose


def grouped(shapes: Sequence[Shape]) -> Group:
    """Large shapes stay on top; small ones are halved along their longest spread until a group holds a few."""
    box = _around(shapes, range(len(shapes)))
    whole = math.dist(box.lower, box.upper)
    large = [i for i, shape in enumerate(shapes) if math.dist(shape.box.lower, shape.box.upper) > 0.55 * whole]
    small = [i for i in range(len(shapes)) if i not in set(large)]
    return Group(box, tuple(large), (_halved(shapes, small),) if small else ())


def _around(shapes: Sequence[Shape], numbers: Sequence[int]) -> Box:
    box = shapes[numbers[0]].box
    for number in numbers:
        box = box.joined(shapes[number].box)
    return box


def _halved(shapes: Sequence[Shape], numbers: list[int]) -> Group:
    box = _around(shapes, numbers)
    if len(numbers) <= LEAF:
        return Group(box, tuple(numbers), ())
    axis = max(range(3), key=lambda a: box.size[a])
    order = sorted(numbers, key=lambda i: shapes[i].box.lower[axis] + shapes[i].box.upper[axis])
    half = len(order) // 2
    return Group(box, (), (_halved(shapes, order[:half]), _halved(shapes, order[half:])))
