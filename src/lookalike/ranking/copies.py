"""Collapsing near-copies inside a ranking: one hit stands for all of them."""

import numpy as np
from numpy.typing import NDArray

COPY_DISTANCE = 4
"""Bits of 64 in which the perceptual hashes of two near-copies may differ."""

BAND_BITS = 13
"""Of 64: one band more than bits may differ."""

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
    codes = np.ascontiguousarray(hashes).view(np.uint64)[:, 0].tolist()
    ratios = aspects.tolist()

    def is_copy(head: int, position: int) -> bool:
        ratio = ratios[head] / ratios[position]
        is_near = (codes[head] ^ codes[position]).bit_count() <= COPY_DISTANCE
        return is_near and 1 / COPY_ASPECT < ratio < COPY_ASPECT

    # Of so many bands, codes that differ in fewer bits have one in common: only those need be compared.
    heads_of: dict[tuple[int, int], list[int]] = {}
    group_of: dict[int, list[int]] = {}
    for position, code in enumerate(codes):
        bands = [(band, code >> BAND_BITS * band & (1 << BAND_BITS) - 1) for band in range(COPY_DISTANCE + 1)]
        candidates = {head for band in bands for head in heads_of.get(band, ())}
        head = min((head for head in candidates if is_copy(head, position)), default=position)
        group_of.setdefault(head, []).append(position)
        if head == position:
            for band in bands:
                heads_of.setdefault(band, []).append(position)
    return list(group_of.values())
