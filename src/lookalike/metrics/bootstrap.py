"""How far a mean over queries could have come out otherwise."""

import numpy as np
from numpy.typing import NDArray


def bootstrap_interval(
    values: NDArray[np.floating], *, seed: int = 7, level: float = 0.95, n_resamples: int = 2000
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean.

    Two spaces that were asked the same queries are compared by the interval of their differences, query by query:
    what makes a query hard for both then does not widen it.

    Parameters
    ----------
    values : (n,) float
        One per query; at least one.
    seed : int
    level : float
        Between 0 and 1.
    n_resamples : int

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If there are no values, or the level is no share.

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.

    Notes
    -----
    Queries are drawn anew, classes and database are not: the interval tells what other queries of the same kind
    against the same database would give, not what other classes would.
    """
    low, high = bootstrap_intervals(values[:, None], seed=seed, level=level, n_resamples=n_resamples)
    return float(low[0]), float(high[0])


def bootstrap_intervals(
    values: NDArray[np.floating], *, seed: int = 7, level: float = 0.95, n_resamples: int = 2000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the intervals low (M,) and high (M,) of M means (n, M), all from the same draws; see above."""
    n = len(values)
    if not n:
        raise ValueError("an interval needs at least one value, got none")
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1, got {level}")
    rng = np.random.default_rng(seed)
    draws = (np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(n_resamples))
    means = np.array([counts @ values / n for counts in draws])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
