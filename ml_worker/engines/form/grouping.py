"""Parts sorted into a tree of boxes, so that a point asks only about what is near it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ml_worker.engines.form.sdf.shape import REACH, Box, Points, Shape, nearest

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

    def owners(self, p: Points, shapes: Sequence[Shape], best: Tensor, owner: Tensor) -> None:
        """Put into `owner` the number of the shape nearest to each point, and its distance into `best`; both (N,)."""
        for number in self.members:
            index = (shapes[number].box.distance(p) < best).nonzero().squeeze(1)
            if index.numel():
                found, old = shapes[number].distance(p.pick(index)), best[index]
                owner[index] = torch.where(found < old, number, owner[index])
                best[index] = torch.minimum(found, old)
        for group in self.groups:
            index = (group.box.distance(p) < best).nonzero().squeeze(1)
            if index.numel():
                near, whose = best[index], owner[index]
                group.owners(p.pick(index), shapes, near, whose)
                best[index], owner[index] = near, whose


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
