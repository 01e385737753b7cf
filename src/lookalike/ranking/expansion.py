"""Query expansion: a picture is asked together with what is nearest to it, so that it stands for more than one view."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

SAME = 0.998
"""Vectors that are as similar are of the same picture, within what half precision keeps: they say nothing new of it."""

COPIES = 4
"""So many of them are passed over on the way to the neighbours of a picture."""

Float = TypeVar("Float", np.float32, np.float64)


def expand(
    query: NDArray[np.float32], nearest: NDArray[np.float32], n_neighbours: int
) -> tuple[NDArray[np.float32], int]:
    """Return what to search for in place of a query: the sum of itself and its neighbours.

    Parameters
    ----------
    query : (D,) float32
        L2-normalized.
    nearest : (M, D) float32
        L2-normalized, nearest first; `n_neighbours` and `COPIES` of them are enough.
    n_neighbours : int
        How many are added, each as much as it is like the query, and not at all if it points away from it.

    Returns
    -------
    vector : (D,) float32
        L2-normalized.
    n_first : int
        How many of the nearest are in it, or nearer than one that is.

    References
    ----------
    Chum, Philbin, Sivic, Isard, Zisserman, "Total Recall: Automatic Query Expansion with a Generative Feature Model for
    Object Retrieval", ICCV 2007; Radenović, Tolias, Chum, "Fine-Tuning CNN Image Retrieval with No Human Annotation",
    IEEE Transactions on Pattern Analysis and Machine Intelligence 2019.

    Notes
    -----
    Differs from the papers: no geometry verifies the neighbours; they count by the first power of their similarity, not
    the third, which moves queries of our vectors too little; and what is nearest stays first, see `with_first`.

    Examples
    --------
    >>> vector, n_first = expand(np.array([1, 0], np.float32), np.array([[0.6, 0.8], [-1, 0]], np.float32), 2)
    >>> vector.round(3), n_first
    (array([0.943, 0.333], dtype=float32), 2)
    """
    similarities = np.vecdot(nearest, query)
    others = np.flatnonzero(similarities < SAME)[:n_neighbours]
    weights = np.maximum(similarities[others], 0)
    total = query + (weights[:, None] * nearest[others]).sum(axis=0)
    length: np.float32 = np.linalg.norm(total)
    return total / max(length, np.float32(1e-12)), int(others.max(initial=-1)) + 1


def with_first(values: NDArray[Float], first: NDArray[np.int64]) -> NDArray[Float]:
    """Return values of which those at some positions are the largest, in these positions' order.

    What was nearest to a query stays first, whatever comes behind it after the expansion: a copy does not fall behind.

    Parameters
    ----------
    values : (N,) float
    first : (n,) int64
        Different positions.

    Examples
    --------
    >>> with_first(np.array([0.2, 0.9, 0.5]), np.array([2, 1])).round(3)
    array([0.2, 0.9, 0.9])
    """
    raised = values.copy()
    level = np.delete(values, first).max(initial=values[first].min(initial=np.inf))
    for position in first[::-1].tolist():
        level = raised[position] = max(values[position], np.nextafter(level, np.array(np.inf, values.dtype)))
    return raised
