"""Codes to search, and what a naive loop finds among them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lookalike.index.code_segment import CodeSegment, build_segment, ordered

Codes = NDArray[np.uint64]


def random_codes(rng: np.random.Generator, n: int) -> Codes:
    return rng.integers(0, 1 << 64, size=(n, 4), dtype=np.uint64)


def clustered_codes(rng: np.random.Generator, n: int, n_clusters: int, share: float = 0.04) -> Codes:
    """Codes that differ from one of a few centres in each bit with the same chance."""
    flips = np.packbits(rng.random((n, 256)) < share, axis=1).view(np.uint64)
    return random_codes(rng, n_clusters)[rng.integers(n_clusters, size=n)] ^ flips


def segments_of(codes: Codes, lengths: Sequence[int], order: NDArray[np.uint16], n_tables: int) -> list[CodeSegment]:
    ends = np.cumsum([0, *lengths]).tolist()
    return [build_segment(codes[first:end], order, n_tables=n_tables, first=first) for first, end in pairwise(ends)]


def distance(one: Codes, other: Codes) -> int:
    return sum((int(a) ^ int(b)).bit_count() for a, b in zip(one, other, strict=True))


def naive(
    codes: Codes,
    query: Codes,
    k: int,
    allowed: NDArray[np.bool_] | None = None,
    max_distance: int | None = None,
) -> tuple[list[int], list[int]]:
    """Rows and distances of the k nearest, as a search pads them."""
    most = 256 if max_distance is None else max_distance
    found = sorted((distance(code, query), row) for row, code in enumerate(codes) if allowed is None or allowed[row])
    best = [pair for pair in found if pair[0] <= most][:k]
    padding = k - len(best)
    return [row for _, row in best] + [-1] * padding, [bits for bits, _ in best] + [257] * padding


def within(codes: Codes, query: Codes, order: NDArray[np.uint16], radius: int) -> NDArray[np.bool_]:
    """Which codes have one of the first four sub-codes within the radius of the query's."""
    subs, asked = ordered(codes, order).view("<u2"), ordered(query[None], order).view("<u2")[0]
    near = [[(int(sub[t]) ^ int(asked[t])).bit_count() <= radius for t in range(4)] for sub in subs]
    return np.array(near, dtype=np.bool_).reshape(-1, 4).any(axis=1)
