"""How likely a similarity is by chance, and what a ranking of such chances claims.

A similarity says nothing by itself: 0.9 is close in one space and common in another, and a picture of fog is close to
everything. So a query's similarities are measured against its own similarities to pictures that have nothing to do with
it: reference pictures shipped with the describer, and a sample of the collection. What is left is a number in units of
chance, whose tail among unrelated pairs is known.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri_exp

from lookalike.types import Calibration

Floats = NDArray[np.float64]

LARGEST_Z = 30.0
"""Normal quantiles are clipped here: a chance of 1e-197 is certain enough, and sums of such terms stay finite."""


def evenly(n: int, n_most: int) -> NDArray[np.int64]:
    """Return at most `n_most` of n positions, at equal distances: a sample that is the same every time."""
    return np.unique(np.linspace(0, n - 1, min(n_most, n)).astype(np.int64))


def spread(similarities: NDArray[np.floating]) -> tuple[float, float]:
    """Return centre and scale of a query's similarities to unrelated vectors.

    The median and the distance from it to the 84th percentile, because related pictures among them sit in the upper
    tail, and the lower half says nothing about how far chance reaches upwards.

    Parameters
    ----------
    similarities : (M,) float
        Not empty.

    Returns
    -------
    centre, scale : float
        `scale` is at least 1e-6.
    """
    centre, upper = np.quantile(similarities, [0.5, 0.8413])
    return float(centre), max(float(upper - centre), 1e-6)


def log_chances(standardized: Floats, calibration: Calibration | None) -> Floats:
    """Return the natural logarithm of the chance that an unrelated picture is at least as close.

    Parameters
    ----------
    standardized : (N,) float64
        Similarities minus the centre, divided by the scale, of the query's `spread`.
    calibration : Calibration or None
        None falls back to the normal distribution, which is too narrow for most describers.

    Notes
    -----
    Beyond the last measured point the logarithm goes on in a straight line, the exponential tail of extreme value
    theory (Pickands, "Statistical Inference Using Extreme Order Statistics", Annals of Statistics 1975, with shape 0).
    """
    if calibration is None:
        return log_ndtr(-standardized)
    z, log_p = calibration.tail_z.astype(np.float64), calibration.tail_log_p.astype(np.float64)
    inside = np.interp(standardized, z, log_p)
    slope = (log_p[-1] - log_p[-8]) / (z[-1] - z[-8])
    beyond = log_p[-1] + slope * (standardized - z[-1])
    return np.where(standardized > z[-1], np.minimum(beyond, log_p[-1]), inside)


def against_chance(
    similarities: NDArray[np.floating], yardstick: NDArray[np.floating], calibration: Calibration | None
) -> tuple[Floats, Floats]:
    """Return how rare one query's similarities are by chance.

    Parameters
    ----------
    similarities : (N,) float
        Of the query to pictures.
    yardstick : (M,) float
        Of the same query to vectors that stand for chance, at least one.
    calibration : Calibration or None

    Returns
    -------
    log_p, z : (N,) float64
        The natural logarithm of the chance, and its normal quantile.
    """
    centre, scale = spread(yardstick)
    log_p = log_chances((similarities.astype(np.float64) - centre) / scale, calibration)
    return log_p, normal_quantiles(log_p)


def normal_quantiles(log_p: Floats) -> Floats:
    """Return z with 1 - Φ(z) = p: the form in which terms meet, descending chance for ascending z."""
    return np.clip(-ndtri_exp(np.minimum(log_p, -1e-12)), -LARGEST_Z, LARGEST_Z)


def log_false_discovery_rates(z: Floats, n_database: int) -> Floats:
    """Return the logarithm of the expected share of chance hits among the first r hits, for each rank r.

    Parameters
    ----------
    z : (k,) float64
        Normal quantiles of the ranked hits, descending.
    n_database : int
        How many pictures could have come, at least k.

    Returns
    -------
    log_rates : (k,) float64
        Natural logarithms, at most 0, ascending with the rank.

    References
    ----------
    Benjamini and Hochberg, "Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 1995.
    """
    ranks = np.arange(1, len(z) + 1)
    log_rates = np.minimum(np.log(max(n_database, 1)) + log_ndtr(-z) - np.log(ranks), 0.0)
    return np.minimum.accumulate(log_rates[::-1])[::-1]


def scores(z: Floats, n_database: int, calibrations: list[Calibration]) -> Floats:
    """Return what a ranking claims: for each hit, how likely it is there for a reason.

    Parameters
    ----------
    z : (k,) float64
        Normal quantiles of the ranked hits, descending.
    n_database : int
        How many pictures could have come.
    calibrations : list of Calibration
        Of the positive terms; where they differ, the most cautious map holds.

    Returns
    -------
    scores : (k,) float64
        In [0, 1], descending.
    """
    log_rates = log_false_discovery_rates(z, n_database)
    if not calibrations:
        return 0.0 - np.expm1(log_rates)  # not -0.0
    return np.minimum.reduce([np.interp(log_rates, c.log_rates, c.precisions) for c in calibrations])


def judge(
    similarities: NDArray[np.floating], yardstick: NDArray[np.floating], calibration: Calibration | None
) -> Floats:
    """Return the scores of a whole database under one query, in the database's order.

    Parameters
    ----------
    similarities : (N,) float
        Of the query to every vector of the database.
    yardstick : (M,) float
        Of the query to vectors that stand for chance.
    calibration : Calibration or None

    Returns
    -------
    scores : (N,) float64
        In [0, 1]; ties of similarity in the order of the database.
    """
    _, z = against_chance(similarities, yardstick, calibration)
    order = np.argsort(-similarities, kind="stable")
    result = np.empty(len(z))
    result[order] = scores(z[order], len(z), [] if calibration is None else [calibration])
    return result
