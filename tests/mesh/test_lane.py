"""Work beside other work: the same results, its errors, and a cancellation while it is waited for."""

import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest

from ml_worker.engines.port import Cancelled
from ml_worker.mesh.lane import Lane
from ml_worker.mesh.least_squares import least_squares
from ml_worker.mesh.params import Options
from ml_worker.mesh.pipeline import build
from tests.mesh.runs import RecordedRun
from tests.mesh.solids import stool


def test_with_one_thread_everything_is_done_where_it_is_asked_for() -> None:
    with Lane(1) as lane:
        assert lane.beside(threading.get_ident)() == threading.get_ident()


def test_with_two_threads_work_goes_on_beside() -> None:
    met = threading.Barrier(2, timeout=60)
    with Lane(2) as lane:
        told = lane.beside(met.wait)
        met.wait()
        assert told() in (0, 1)


def test_who_waits_does_meanwhile_what_nobody_has_begun() -> None:
    helped, began = threading.Event(), threading.Event()

    def slow() -> bool:
        began.set()
        return helped.wait(60)

    with Lane(2) as lane:
        told = lane.beside(slow)
        began.wait(60)
        lane.beside(helped.set)  # behind the slow work, which waits for it
        assert told()


def test_each_keeps_the_order_and_does_nothing_twice() -> None:
    done: list[int] = []

    def square(number: int) -> int:
        done.append(number)
        return number * number

    with Lane(2) as lane:
        assert lane.each(square, range(200)) == [number * number for number in range(200)]
    assert sorted(done) == list(range(200))


def test_an_error_is_raised_where_the_result_is_wanted() -> None:
    with Lane(2) as lane:
        told = lane.beside(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            told()


def test_a_cancellation_ends_the_waiting() -> None:
    over = threading.Event()

    def cancelled() -> None:
        over.set()
        raise Cancelled

    with pytest.raises(Cancelled), Lane(2, cancelled) as lane:
        lane.beside(lambda: over.wait(60))()


def test_the_number_of_threads_changes_no_byte(tmp_path: Path) -> None:
    hashes = set()
    for threads in (1, 2):
        run = RecordedRun(tmp_path / str(threads))
        built = build(stool(), Options(quality="draft", texture_size=512), run, threads=threads)
        hashes.add(tuple(hashlib.sha256(made.path.read_bytes()).hexdigest() for made in built.files))
    assert len(hashes) == 1


def test_least_squares_leave_weak_directions_alone() -> None:
    planes = np.random.default_rng(0).normal(size=(300, 4, 3))
    planes[:100, 2:], planes[100:150, 1:] = planes[:100, :2], planes[100:150, :1]
    ata, atb = np.einsum("nki,nkj->nij", planes, planes), np.ones((300, 3))
    values, vectors = np.linalg.eigh(ata)
    strong = values > 0.08 * values[:, 2:]
    inverse = np.where(strong, 1 / np.where(strong, values, 1), 0)
    expected = np.einsum("nij,nj,nkj,nk->ni", vectors, inverse, vectors, atb)
    np.testing.assert_allclose(least_squares(ata, atb, 0.08), expected, atol=1e-9)
