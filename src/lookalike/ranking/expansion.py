"""Query expansion, and its counterpart for what is found: both count together with what is nearest to them.

One view says less of a thing than several. So a picture is asked together with the nearest to it, and what that finds
is ranked by what each is like together with its own nearest.
"""

import numpy as np
from numpy.typing import NDArray

SAME = 0.998
"""Vectors that are as similar are of the same picture, within what half precision keeps: they say nothing new of it."""

AROUND = 1000
"""So many of what is nearest to a query are looked at, to expand it and to rank the best of them anew."""

POOL = 300
"""So many of them are ranked anew; a hundred gain less, a thousand no more."""

COMPANY = 5
"""So many neighbours each of the pool is taken together with; three and eight do about as well."""


def expand(
    query: NDArray[np.float32], nearest: NDArray[np.float32], n_neighbours: int
) -> tuple[NDArray[np.float32], int]:
    """Return what to search for in place of a query: the sum of itself and its neighbours.

    Parameters
    ----------
    query : (D,) float32
        L2-normalized.
    nearest : (M, D) float32
        L2-normalized, nearest first.
    n_neighbours : int
        How many are added, each as much as it is like the query, and not at all if it points away from it.

    Returns
    -------
    vector : (D,) float32
        L2-normalized.
    n_first : int
        How many of the nearest are in it, or nearer than one that is.

    References
    ----------
    Chum, Philbin, Sivic, Isard, Zisserman, "Total Recall: Automatic Query Expansion with a Generative Feature Model for
    Object Retrieval", ICCV 2007; Radenović, Tolias, Chum, "Fine-Tuning CNN Image Retrieval with No Human Annotation",
    IEEE Transactions on Pattern Analysis and Machine Intelligence 2019.

    Notes
    -----
    Differs from the papers: no geometry verifies the neighbours; they count by the first power of their similarity, not
    the third, which moves queries of our vectors too little; and what is nearest stays first, see `refine`.

    Examples
    --------
    >>> vector, n_first = expand(np.array([1, 0], np.float32), np.array([[0.6, 0.8], [-1, 0]], np.float32), 2)
    >>> vector.round(3), n_first
    (array([0.943, 0.333], dtype=float32), 2)
    """
    similarities = np.vecdot(nearest, query)
    others = np.flatnonzero(similarities < SAME)[:n_neighbours]
    weights = np.maximum(similarities[others], 0)
    total = query + (weights[:, None] * nearest[others]).sum(axis=0)
    length: np.float32 = np.linalg.norm(total)
    return total / max(length, np.float32(1e-12)), int(others.max(initial=-1)) + 1


def refine(
    query: NDArray[np.float32], nearest: NDArray[np.float32], n_first: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rank the best of what was found by what each is like together with its own nearest among them.

    What a picture shows is said better by it and its like: a wrong one that resembles the query by an accident of its
    own has companions that do not.

    Parameters
    ----------
    query : (D,) float32
        L2-normalized.
    nearest : (M, D) float32
        L2-normalized, in any order behind the first.
    n_first : int
        How many at the start stay first, in this order: what was nearest to a picture before it was expanded, so that a
        copy does not fall behind.

    Returns
    -------
    pool : (m,) int64
        Places in `nearest` of those that were ranked: the first, and the nearest to the query, at most `POOL`.
    similarities : (m,) float32
        Of the pool, to rank it by. They are its similarities to the query handed out anew, so that they can stand
        beside those of what is not in it.

    References
    ----------
    Shao, Chen, Karpur, Cui, Araujo, Cao, "Global Features are All You Need for Image Retrieval and Reranking", ICCV
    2023; Arandjelović and Zisserman, "Three Things Everyone Should Know to Improve Object Retrieval", CVPR 2012.

    Notes
    -----
    Differs from the papers: neighbours count by their similarity, as in `expand`, and the order alone is changed.

    Examples
    --------
    >>> nearest = np.array([[0.8, 0.6], [0.6, -0.8], [0.6, 0.8]], np.float32)
    >>> refine(np.array([1, 0], np.float32), nearest, 0)
    (array([0, 1, 2]), array([0.8, 0.6, 0.6], dtype=float32))
    """
    similarities = np.vecdot(nearest, query)
    behind = np.argsort(-similarities[n_first:], kind="stable") + n_first
    pool = np.concatenate([np.arange(n_first), behind])[:POOL]
    vectors = nearest[pool]
    among = np.vecdot(vectors[:, None], vectors)  # in this thread alone: a matrix product wakes others and waits
    np.fill_diagonal(among, -np.inf)
    company = np.argsort(-among, axis=1)[:, :COMPANY]
    weights = np.maximum(np.take_along_axis(among, company, axis=1), 0)
    together = vectors + (weights[:, :, None] * vectors[company]).sum(axis=1)
    likeness = np.vecdot(together, query) / np.maximum(np.linalg.norm(together, axis=1), np.float32(1e-12))
    likeness[:n_first] = np.inf
    refined = np.empty_like(likeness)
    refined[np.argsort(-likeness, kind="stable")] = np.sort(similarities[pool])[::-1]
    return pool, refined
