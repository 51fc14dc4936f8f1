"""Many small least-squares problems in three unknowns at once."""

import numpy as np

from ml_worker.mesh.compiled import compiled
from ml_worker.mesh.mesh import Floats

SWEEPS = 8
"""Jacobi's rotations converge quadratically: four sweeps bring a matrix of this size to rounding, as a rule."""


def least_squares(ata: Floats, atb: Floats, rank: float) -> Floats:
    """(N, 3): for each of the normal equations `ata` (N, 3, 3), symmetric, and `atb` (N, 3) the shortest solution.

    Directions whose eigenvalue is below `rank` times the largest are left alone.
    """
    solved = np.empty(atb.shape)
    _solve(ata, atb, rank, solved)
    return solved


@compiled
def _solve(ata: Floats, atb: Floats, rank: float, solved: Floats) -> None:
    matrix, vectors = np.empty((3, 3)), np.empty((3, 3))
    for number in range(len(ata)):
        for i in range(3):
            for j in range(3):
                matrix[i, j], vectors[i, j] = ata[number, i, j], 1.0 if i == j else 0.0
        _diagonalise(matrix, vectors)
        least = rank * max(matrix[0, 0], matrix[1, 1], matrix[2, 2])
        for i in range(3):
            solved[number, i] = 0
        for k in range(3):
            if matrix[k, k] <= least:
                continue
            along = 0.0
            for i in range(3):
                along += vectors[i, k] * atb[number, i]
            for i in range(3):
                solved[number, i] += vectors[i, k] * along / matrix[k, k]


@compiled
def _diagonalise(matrix: Floats, vectors: Floats) -> None:
    """By cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, section 8.5), in place.

    `matrix` becomes its eigenvalues, the columns of `vectors`, which come as the unit matrix, its eigenvectors.
    """
    for _ in range(SWEEPS):
        off = abs(matrix[0, 1]) + abs(matrix[0, 2]) + abs(matrix[1, 2])
        if off <= 1e-15 * (abs(matrix[0, 0]) + abs(matrix[1, 1]) + abs(matrix[2, 2])):
            break
        for p, q in ((0, 1), (0, 2), (1, 2)):
            if matrix[p, q] == 0:
                continue
            theta = (matrix[q, q] - matrix[p, p]) / (2 * matrix[p, q])
            sign = 1.0 if theta >= 0 else -1.0
            t = sign / (abs(theta) + np.sqrt(theta * theta + 1))
            c = 1 / np.sqrt(t * t + 1)
            s = t * c
            for k in range(3):
                a, b = matrix[k, p], matrix[k, q]
                matrix[k, p], matrix[k, q] = c * a - s * b, s * a + c * b
            for k in range(3):
                a, b = matrix[p, k], matrix[q, k]
                matrix[p, k], matrix[q, k] = c * a - s * b, s * a + c * b
            for k in range(3):
                a, b = vectors[k, p], vectors[k, q]
                vectors[k, p], vectors[k, q] = c * a - s * b, s * a + c * b
