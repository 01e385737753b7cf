"""Precision and recall of rankings."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.metrics.rankings import dot_products, rankings
from lookalike.metrics.truth import Labels, Truth
from lookalike.types import Vectors

Divisor: TypeAlias = Literal["all", "possible", "retrieved"]
"""What the precisions at the relevant places among the first k are divided by."""


def average_precision(
    relevant: ArrayLike, n_relevant: ArrayLike | None = None, *, k: int | None = None, divided_by: Divisor = "all"
) -> NDArray[np.float64]:
    """Return for each query the mean, over relevant items, of the precision at each one's rank.

    This is the area under the steps of precision over recall, without interpolation. With a cut-off, papers differ
    in what they divide by, and so in what their figures mean.

    Parameters
    ----------
    relevant : (Q, R) bool
        Whether each item of the rankings is relevant, best first.
    n_relevant : (Q,) int or None
        How many relevant items there are; those that a ranking lacks count as never found. None means that the
        rankings have them all.
    k : int or None
        Places that count; None means all.
    divided_by : {"all", "possible", "retrieved"}
        All relevant items: 1 only if k reaches them all. Or as many of them as k places can hold: 1 if these hold
        nothing else. Or those among the first k, as in the tables of ElasticHash and VIVA: how early they come, not
        how many; one relevant item at the first place and none after it is 1.

    Returns
    -------
    average_precision : (Q,) float64
        In [0, 1]; nan if nothing is relevant.

    Raises
    ------
    ValueError
        If there is no first place, or more items are relevant than there are.

    References
    ----------
    Buckley and Voorhees, "Evaluating Evaluation Measure Stability", SIGIR 2000.
    Korfhage, Mühling, Freisleben, "ElasticHash: Semantic Image Similarity Search by Deep Hashing with Elasticsearch",
    CAIP 2021.

    Notes
    -----
    Where no scores are tied it equals ``sklearn.metrics.average_precision_score``. That function sees scores and
    treats tied ones as one step; a ranking here has an order, and ties were broken when it was made.

    Examples
    --------
    >>> average_precision([[True, False, True]]).round(3)
    array([0.833])
    >>> average_precision([[True, False, True]], k=2, divided_by="retrieved")
    array([1.])
    """
    flags = _flags(relevant)
    total = _total(flags, n_relevant)
    first = _first(flags, k)
    queries, nth, ranks = _found(first)
    divisors: dict[str, NDArray[np.int64]] = {
        "all": total,
        "possible": total if k is None else np.minimum(total, k),
        "retrieved": np.count_nonzero(first, axis=1),
    }
    return _shares(np.bincount(queries, nth / ranks, len(flags)), divisors[divided_by], total)


def precision_at(relevant: ArrayLike, k: int) -> NDArray[np.float64]:
    """Return (Q,) the share of the first k places that hold a relevant item; a place beyond a ranking holds none."""
    return np.count_nonzero(_first(_flags(relevant), k), axis=1) / k


def recall_at(relevant: ArrayLike, k: int, n_relevant: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return (Q,) the share of the relevant items that the first k places hold; nan if nothing is relevant."""
    flags = _flags(relevant)
    total = _total(flags, n_relevant)
    return _shares(np.count_nonzero(_first(flags, k), axis=1), total, total)


def recall_at_precision(
    relevant: ArrayLike, precision: float, n_relevant: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return (Q,) the largest recall at any cut-off whose precision is at least so much; nan if nothing is relevant.

    Parameters
    ----------
    relevant : (Q, R) bool
    precision : float
        Above 0, at most 1. Where no cut-off reaches it, the recall is 0.
    n_relevant : (Q,) int or None

    Raises
    ------
    ValueError
        If the precision is none.
    """
    if not 0 < precision <= 1:
        raise ValueError(f"a precision to reach is above 0 and at most 1, got {precision}")
    flags = _flags(relevant)
    total = _total(flags, n_relevant)
    queries, nth, ranks = _found(flags)
    most = np.zeros(len(flags), dtype=np.int64)
    np.maximum.at(most, queries, np.where(nth / ranks >= precision, nth, 0))
    return _shares(most, total, total)


def r_precision(relevant: ArrayLike, n_relevant: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return (Q,) the precision at as many places as there are relevant items; nan if nothing is relevant.

    References
    ----------
    Buckley and Voorhees, "Evaluating Evaluation Measure Stability", SIGIR 2000.
    """
    flags = _flags(relevant)
    total = _total(flags, n_relevant)
    queries, _, ranks = _found(flags)
    return _shares(np.bincount(queries, ranks <= total[queries], len(flags)), total, total)


def average_precisions(vectors: Vectors, labels: Labels) -> NDArray[np.float64]:
    """Return the average precision of every vector as a query against all others, ranked by dot product to the end.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized.
    labels : (N,) int or str, or (N, C) bool
        Relevant is what shares a label.

    Returns
    -------
    average_precisions : (N,) float64
        nan for a vector that shares a label with no other. The mean of the others is the mean average precision.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    if len(labels) != len(vectors):
        raise ValueError(f"{len(vectors)} vectors need as many labels, got {labels.shape}")
    precisions = np.full(len(vectors), np.nan)
    for block in rankings(dot_products(vectors, vectors), Truth.among(labels)):
        precisions[block.queries] = average_precision(block.relevant)
    return precisions


def _flags(relevant: ArrayLike) -> NDArray[np.bool_]:
    flags = np.asarray(relevant, dtype=np.bool_)
    if flags.ndim != 2:
        raise ValueError(f"the relevance of rankings is (Q, R), got {flags.shape}")
    return flags


def _first(flags: NDArray[np.bool_], k: int | None) -> NDArray[np.bool_]:
    if k is not None and k < 1:
        raise ValueError(f"a ranking is looked at from its first place on, got k = {k}; use k = 1 or more")
    return flags[:, :k]


def _found(flags: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return of every relevant place its query, the how manieth of that query it is, and its rank, from 1."""
    queries, places = np.nonzero(flags)
    starts = np.searchsorted(queries, np.arange(len(flags)))
    return queries, np.arange(1, len(queries) + 1) - starts[queries], places + 1


def _total(flags: NDArray[np.bool_], n_relevant: ArrayLike | None) -> NDArray[np.int64]:
    n_hits = np.count_nonzero(flags, axis=1)
    if n_relevant is None:
        return n_hits
    total = np.asarray(n_relevant, dtype=np.int64)
    if total.shape != n_hits.shape:
        raise ValueError(f"{len(n_hits)} rankings need as many numbers of relevant items, got {total.shape}")
    short = np.flatnonzero(total < n_hits)
    if len(short):
        held, known = n_hits[short[0]], total[short[0]]
        raise ValueError(f"a ranking holds {held} relevant items, got n_relevant = {known}; count them all")
    return total


def _shares(
    numbers: NDArray[np.floating] | NDArray[np.int64], divisors: NDArray[np.int64], total: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.where(total > 0, numbers / np.maximum(divisors, 1), np.nan)
