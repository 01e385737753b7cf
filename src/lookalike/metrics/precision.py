"""Precision and recall of rankings."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.types import Vectors

_CHUNK = 1 << 21
"""Similarities that are ranked at the same time."""


def average_precision(relevant: ArrayLike, n_relevant: int | None = None) -> float:
    """Return the mean, over all relevant items, of the precision at each one's rank.

    This is the area under the steps of precision over recall, without interpolation and without a cut-off.

    Parameters
    ----------
    relevant : (k,) bool
        Whether each item of the ranking is relevant, best first.
    n_relevant : int or None
        How many relevant items there are; those that the ranking lacks count as never found. None means that the
        ranking has them all.

    Returns
    -------
    average_precision : float
        In [0, 1]; nan if nothing is relevant.

    Raises
    ------
    ValueError
        If more items are relevant than there are.

    References
    ----------
    Buckley and Voorhees, "Evaluating Evaluation Measure Stability", SIGIR 2000.

    Notes
    -----
    Where no scores are tied it equals ``sklearn.metrics.average_precision_score``. That function sees scores and
    treats tied ones as one step; a ranking here has an order, and ties were broken when it was made.

    Examples
    --------
    >>> round(average_precision([True, False, True]), 3)
    0.833
    """
    hits = np.flatnonzero(np.asarray(relevant, dtype=np.bool_))
    total = _total(len(hits), n_relevant)
    return float((np.arange(1, len(hits) + 1) / (hits + 1)).sum() / total) if total else float("nan")


def precision_at(relevant: ArrayLike, k: int) -> float:
    """Return the share of the first k places that hold a relevant item; a place beyond the ranking holds none."""
    _check_k(k)
    return float(np.count_nonzero(np.asarray(relevant, dtype=np.bool_)[:k]) / k)


def recall_at(relevant: ArrayLike, k: int, n_relevant: int | None = None) -> float:
    """Return the share of the relevant items that the first k places hold; nan if nothing is relevant."""
    _check_k(k)
    flags = np.asarray(relevant, dtype=np.bool_)
    total = _total(int(np.count_nonzero(flags)), n_relevant)
    return float(np.count_nonzero(flags[:k]) / total) if total else float("nan")


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"a ranking is looked at from its first place on, got k = {k}; use k = 1 or more")


def _total(n_hits: int, n_relevant: int | None) -> int:
    if n_relevant is None:
        return n_hits
    if n_relevant < n_hits:
        raise ValueError(f"the ranking holds {n_hits} relevant items, got n_relevant = {n_relevant}; count them all")
    return n_relevant


def average_precisions(vectors: Vectors, labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the average precision of every vector as a query against all others.

    The whole database is ranked by dot product. The query itself is not part of it; relevant are the vectors with
    the query's label.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized.
    labels : (N,) int

    Returns
    -------
    average_precisions : (N,) float64
        nan for a vector whose label no other has. The mean of the others is the mean average precision.

    Raises
    ------
    ValueError
        If the lengths differ.

    Notes
    -----
    Ties go to the smaller row. Sums are in float32, so vectors that are equal may differ in the last bit of their
    similarity. Time grows with N² (D + log N), memory with N.
    """
    n = len(vectors)
    if labels.shape != (n,):
        raise ValueError(f"{n} vectors need as many labels, got {labels.shape}")
    precisions = np.full(n, np.nan)
    queries = queries_of(labels)
    step = max(1, _CHUNK // max(n, 1))
    for start in range(0, len(queries), step):
        chunk = queries[start : start + step]
        for query, similarities in zip(chunk, vectors[chunk] @ vectors.T, strict=True):
            ranking = np.argsort(-similarities, kind="stable")
            precisions[query] = average_precision(labels[ranking[ranking != query]] == labels[query])
    return precisions


def queries_of(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the rows whose label another row has too: those that have something to find."""
    _, positions, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.flatnonzero(counts[positions] > 1)
