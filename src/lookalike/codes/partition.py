"""Splitting bits into groups of equal size by the algorithm of Kernighan and Lin."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_STARTS = 8
"""First splits that are tried, by default."""


def cut_weight(weights: NDArray[np.float64], groups: NDArray[np.integer]) -> float:
    """Return the sum of the weights (B, B) of all pairs of bits that stand in different groups (G, S)."""
    within = sum(weights[np.ix_(group, group)].sum() for group in groups)
    chosen = groups.ravel()
    return float((weights[np.ix_(chosen, chosen)].sum() - within) / 2)


def partition(
    weights: NDArray[np.float64], n_groups: int, *, seed: int = 7, n_starts: int = _STARTS
) -> NDArray[np.int64]:
    """Split B bits into groups so that the pairs that are torn apart weigh little.

    Parameters
    ----------
    weights : (B, B) float64
        Symmetric, of any sign; the diagonal does not matter.
    n_groups : int
        Divides B.
    seed : int
        Of the first splits.
    n_starts : int
        Random first splits; the best outcome is returned, of equals the first.

    Returns
    -------
    groups : (n_groups, B / n_groups) int64
        Each bit once; ascending inside a group, groups by their smallest bit.

    Raises
    ------
    ValueError
        If the weights are not square, or B cannot be split evenly.

    References
    ----------
    Kernighan and Lin, "An Efficient Heuristic Procedure for Partitioning Graphs", Bell System Technical Journal 1970.

    Notes
    -----
    More than two groups are improved pair by pair until no pair improves, as section 4 of the paper proposes.
    """
    n_bits = len(weights)
    if weights.shape != (n_bits, n_bits) or n_groups < 1 or n_bits % n_groups or not n_bits:
        raise ValueError(f"weights {weights.shape} cannot be split into {n_groups} groups of one size; give others")
    rng = np.random.default_rng(seed)
    starts = [rng.permutation(n_bits).reshape(n_groups, -1) for _ in range(n_starts)]
    ends = [improved_partition(weights, start) for start in starts]
    best = np.sort(min(ends, key=lambda groups: cut_weight(weights, groups)), axis=1)
    return best[np.argsort(best[:, 0])]


def improved_partition(weights: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return groups (G, S) whose cut weighs no more than that of the given ones, and that no pair of them improves."""
    groups = groups.copy()
    is_improving = True
    while is_improving:
        is_improving = False
        for pair in combinations(range(len(groups)), 2):
            gain, first, second = _exchange(weights, *groups[list(pair)])
            if gain > 0:
                groups[list(pair)] = first, second
                is_improving = True
    return groups


def _exchange(
    weights: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[float, NDArray[np.int64], NDArray[np.int64]]:
    """Return the best outcome of one pass: how much lighter the cut gets, and the two groups.

    One pass swaps the best pair, even where that costs, sets it aside, and goes on until all are swapped; what counts
    is the best moment in between.
    """
    bits = np.concatenate([first, second])
    size = len(first)
    inner = weights[np.ix_(bits, bits)].astype(np.float64)
    np.fill_diagonal(inner, 0)
    side = np.repeat([1.0, -1.0], size)
    gains = -side * (inner @ side)
    is_free = np.ones(2 * size, dtype=np.bool_)
    order: list[tuple[int, int]] = []
    total, best, n_best = 0.0, 0.0, 0
    for _ in range(size):
        ones, others = np.flatnonzero(is_free[:size]), size + np.flatnonzero(is_free[size:])
        swap_gains = gains[ones, None] + gains[others] - 2 * inner[np.ix_(ones, others)]
        row, column = np.unravel_index(swap_gains.argmax(), swap_gains.shape)
        one, other = int(ones[row]), int(others[column])
        total += float(swap_gains[row, column])
        order.append((one, other))
        # Less than rounding may cost is no gain: without this two equal splits could take turns for ever.
        if total > best + 1e-9:
            best, n_best = total, len(order)
        is_free[[one, other]] = False
        gains += 2 * side * (inner[:, one] - inner[:, other])
    for one, other in order[:n_best]:
        bits[[one, other]] = bits[[other, one]]
    return best, bits[:size], bits[size:]
