"""Gain: rankings of items that are more or less relevant."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ndcg(gains: ArrayLike, ideal: ArrayLike | None = None, *, k: int | None = None) -> NDArray[np.float64]:
    """Return for each query its discounted cumulative gain relative to that of the best possible ranking.

    Parameters
    ----------
    gains : (Q, R) float or int
        What each item of the rankings is worth, best ranked first; at least 0.
    ideal : (Q, A) float or int, or None
        What all items there are, are worth, in any order. None means that the rankings have them all.
    k : int or None
        Places that count, in the best ranking too; None means all.

    Returns
    -------
    ndcg : (Q,) float64
        In [0, 1]; nan if nothing has a gain.

    Raises
    ------
    ValueError
        If a gain is negative, there is no first place, or the shapes do not fit.

    References
    ----------
    Järvelin and Kekäläinen, "Cumulated Gain-based Evaluation of IR Techniques", ACM TOIS 2002.

    Notes
    -----
    Differs from the paper: rank r is discounted by log2(1 + r), as has become usual, so that the second place counts
    less than the first. Gains are linear, not 2^gain - 1. Where no scores are tied it equals
    ``sklearn.metrics.ndcg_score``.

    Examples
    --------
    >>> ndcg([[0, 1]]).round(3)
    array([0.631])
    """
    worth = np.asarray(gains)
    available = worth if ideal is None else np.asarray(ideal)
    if worth.ndim != 2 or available.ndim != 2 or len(worth) != len(available):
        raise ValueError(f"gains are (Q, R) and ideal ones (Q, A), got {worth.shape} and {available.shape}")
    if min(worth.min(initial=0), available.min(initial=0)) < 0:
        raise ValueError("a gain is at least 0, got a negative one")
    if k is not None and k < 1:
        raise ValueError(f"a ranking is looked at from its first place on, got k = {k}; use k = 1 or more")
    best = _discounted(np.sort(available, axis=1)[:, ::-1], k)
    return np.divide(_discounted(worth, k), best, out=np.full(len(worth), np.nan), where=best > 0)


def _discounted(gains: NDArray[np.number], k: int | None) -> NDArray[np.float64]:
    first = gains[:, :k].astype(np.float64)
    return first @ (1 / np.log2(np.arange(2, first.shape[1] + 2)))
