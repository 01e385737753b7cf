"""Collapsing near-copies inside a ranking: one hit stands for all of them."""

import numpy as np
from numpy.typing import NDArray

COPY_DISTANCE = 6
"""Bits of 64 in which the perceptual hashes of two near-copies may differ."""

COPY_ASPECT = 1.1
"""Largest ratio of two near-copies' aspect ratios."""


def collapse(hashes: NDArray[np.uint8], aspects: NDArray[np.float64]) -> list[list[int]]:
    """Group a ranking so that each hit joins the best hit it is a near-copy of.

    Parameters
    ----------
    hashes : (N, 8) uint8
        Perceptual hashes, best hit first.
    aspects : (N,) float64
        Width over height.

    Returns
    -------
    groups : list of lists of int
        Positions in the ranking; the first of each group is its best, groups and members keep their order.
    """
    codes = np.ascontiguousarray(hashes).view(np.uint64).ravel()
    groups: list[list[int]] = []
    left = np.arange(len(hashes))
    while len(left):
        head = left[0]
        ratios = aspects[left] / aspects[head]
        is_near = np.bitwise_count(codes[left] ^ codes[head]) <= COPY_DISTANCE
        is_copy = is_near & (ratios < COPY_ASPECT) & (ratios > 1 / COPY_ASPECT)
        groups.append(left[is_copy].tolist())
        left = left[~is_copy]
    return groups
