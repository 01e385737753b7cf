"""Whether claims hold: of what was claimed to be right with 0.8, eight tenths should be right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: claims in bins of equal width, from 0 to 1.

    Attributes
    ----------
    counts : (B,) int64
        Claims in each bin.
    claimed : (B,) float64
        Their mean; nan where there are none.
    true : (B,) float64
        The share of them that is correct; nan where there are none.
    """

    counts: NDArray[np.int64]
    claimed: NDArray[np.float64]
    true: NDArray[np.float64]


def reliability(claims: NDArray[np.floating], correct: NDArray[np.bool_], n_bins: int = 10) -> Reliability:
    """Compare what was claimed with what is true, bin by bin.

    Parameters
    ----------
    claims : (n,) float
        Probabilities in [0, 1].
    correct : (n,) bool
        Whether what was claimed is true.
    n_bins : int
        At least 1. A bin holds its lower bound, the last one also 1.

    Raises
    ------
    ValueError
        If the lengths differ, a claim is no probability, or there is no bin.

    References
    ----------
    DeGroot and Fienberg, "The Comparison and Evaluation of Forecasters", The Statistician 1983.
    """
    if claims.shape != correct.shape or claims.ndim != 1:
        raise ValueError(f"every claim is correct or not, got {claims.shape} claims and {correct.shape} verdicts")
    if n_bins < 1:
        raise ValueError(f"a reliability diagram has at least one bin, got {n_bins}")
    if not np.all((claims >= 0) & (claims <= 1)):
        raise ValueError("a claim lies between 0 and 1, got others; pass probabilities")
    bins = np.minimum((claims * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    divisors = np.where(counts, counts, np.nan)
    claimed = np.bincount(bins, weights=claims, minlength=n_bins) / divisors
    return Reliability(counts, claimed, np.bincount(bins, weights=correct, minlength=n_bins) / divisors)


def pooled_reliability(parts: Sequence[Reliability]) -> Reliability:
    """Return the diagram of all claims of some diagrams, at least one, whose bins are as many."""
    counts = np.array([part.counts for part in parts])
    totals = counts.sum(axis=0)
    divisors = np.where(totals, totals, np.nan)
    claimed = np.nansum(counts * [part.claimed for part in parts], axis=0) / divisors
    return Reliability(totals, claimed, np.nansum(counts * [part.true for part in parts], axis=0) / divisors)


def expected_calibration_error(bins: Reliability) -> float:
    """Return the mean distance between claimed and true, each bin weighted by its claims; nan without claims.

    References
    ----------
    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    total = bins.counts.sum()
    return float(np.nansum(bins.counts * np.abs(bins.claimed - bins.true)) / total) if total else float("nan")
