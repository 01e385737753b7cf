"""Vectors in a byte a number: a walk spends its time waiting for them, and waits half as long as for float16.

Numbers of a vector differ in how much they hold, and a byte has one measure for all. So vectors are turned first, by
the same random rotation: after it each number holds as much as every other, whatever the describer, and all fit one
measure that is known beforehand. A rotation changes no distance; rounding adds a hundredth of a vector's length.
"""

from functools import cache

import numpy as np
from numba import types
from numpy.typing import NDArray

from lookalike.index.code_compiled import compiled, inlined, read_only

_REACH = 4.0
"""Standard deviations that a byte reaches to either side; of normal numbers, one in 16,000 lies beyond and is cut."""

_N_TURNS = 2
"""One turn spreads every single number evenly; another spreads what was arranged against it."""


def compact(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return vectors turned and rounded: their Euclidean distances are nearly in proportion.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized and finite; zeros stay at no distance from each other.

    Returns
    -------
    compact : (N, D) uint8

    References
    ----------
    Ailon, Chazelle, "The Fast Johnson-Lindenstrauss Transform and Approximate Nearest Neighbors", SIAM Journal on
    Computing 39, 2009 (random signs, then a Walsh-Hadamard transform).
    """
    rounded = np.empty(vectors.shape, dtype=np.uint8)
    _turn_and_round(np.ascontiguousarray(vectors), _signs(vectors.shape[1]), _REACH, rounded)
    return rounded


@cache
def _signs(n_dims: int) -> NDArray[np.float32]:
    """Return the signs (T, D) of the rotation, the same on every machine."""
    return np.random.default_rng(7).choice(np.array([-1, 1], dtype=np.float32), (_N_TURNS, n_dims))


def _transform(numbers: NDArray[np.float32]) -> None:
    """Apply the Walsh-Hadamard transform, in place, to a power of two of numbers; lengths stay."""
    n = len(numbers)
    half = 1
    while half < n:
        for start in range(0, n, 2 * half):
            for i in range(start, start + half):
                one, other = numbers[i], numbers[i + half]
                numbers[i], numbers[i + half] = one + other, one - other
        half *= 2
    numbers *= np.float32(1 / np.sqrt(n))


_transformed = inlined(_transform)


def _turn(vectors: NDArray[np.float32], signs: NDArray[np.float32], reach: float, rounded: NDArray[np.uint8]) -> None:
    n_dims = vectors.shape[1]
    n_power = 1  # the largest power of two of numbers; the others are reached from the other end
    while 2 * n_power <= n_dims:
        n_power *= 2
    measure = np.float32(127 * np.sqrt(n_dims) / reach)
    for row in range(len(vectors)):
        numbers = vectors[row].copy()
        for turn in range(len(signs)):
            numbers *= signs[turn]
            _transformed(numbers[:n_power])
            if n_power < n_dims:
                _transformed(numbers[n_dims - n_power :])
        for d in range(n_dims):
            level = np.rint(numbers[d] * measure)
            rounded[row, d] = np.uint8(min(max(level, -127.0), 127.0) + 128)


_turn_and_round = compiled(
    _turn,
    types.void(
        read_only(types.float32, 2), read_only(types.float32, 2), types.float64, types.Array(types.uint8, 2, "C")
    ),
)
