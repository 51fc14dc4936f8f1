"""Rows told apart, against NumPy's `unique`."""

import numpy as np

from ml_worker.mesh.distinct import distinct


def test_rows_are_numbered_as_they_first_appear() -> None:
    first, number = distinct(np.array([[7, 1], [2, 2], [7, 1], [1, 7], [2, 2]]))
    assert (first.tolist(), number.tolist()) == ([0, 1, 3], [0, 1, 0, 2, 1])


def test_as_many_as_numpy_finds_in_many_rows() -> None:
    rows = np.random.default_rng(3).integers(0, 12, (5000, 3)).astype(np.uint32) << 20
    first, number = distinct(rows)
    assert len(first) == len(np.unique(rows, axis=0))
    assert (rows[first][number] == rows).all()


def test_no_rows() -> None:
    first, number = distinct(np.empty((0, 3), np.int32))
    assert (len(first), len(number)) == (0, 0)
