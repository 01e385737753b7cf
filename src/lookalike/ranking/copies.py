"""Collapsing near-copies inside a ranking: one hit stands for all of them."""

import numpy as np
from numpy.typing import NDArray

COPY_DISTANCE = 4
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
    codes = np.ascontiguousarray(hashes).view(np.uint64)[:, 0]
    group_of: dict[int, list[int]] = {}
    for position in range(len(codes)):
        before = slice(0, position)
        is_near = np.bitwise_count(codes[before] ^ codes[position]) <= COPY_DISTANCE
        ratios = aspects[before] / aspects[position]
        is_near &= (ratios < COPY_ASPECT) & (ratios > 1 / COPY_ASPECT)
        head = next((int(near) for near in np.flatnonzero(is_near) if int(near) in group_of), position)
        group_of.setdefault(head, []).append(position)
    return list(group_of.values())
