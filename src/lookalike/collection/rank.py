"""Ranking items for a query: propose, score exactly under every term, fuse in z, claim."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.collection.filters import condition_of, is_told, items_among, items_where
from lookalike.collection.view import Closeness, SpaceView
from lookalike.errors import BadQuery
from lookalike.query import And, Not, Or, Picture, Term, Weighted
from lookalike.ranking.fusion import fuse_and, fuse_not, fuse_or
from lookalike.types import ExplorableIndex, Image, Index

LARGEST_SCAN = 100_000
"""Items that a query without a positive term ranks at most: it must look at all that its filter lets through."""

Floats = NDArray[np.float64]
Items = NDArray[np.int64]


@dataclass(frozen=True)
class Look:
    """A term that has a look: in which space to search, with which vector.

    Attributes
    ----------
    view : SpaceView
    vector : (D,) float32
    judges : bool
        Whether the space's chances were made for queries of this kind.
    picture : (H, W, 3) uint8, or the path of a thumbnail, or None
        To show beside the answer; words have none.
    row : int or None
        Where the vector is that of a picture of the collection.
    """

    view: SpaceView
    vector: NDArray[np.float32]
    judges: bool
    picture: Image | Path | None
    row: int | None = None


@dataclass(frozen=True)
class Ranking:
    """Items in order, with what they claim.

    Attributes
    ----------
    items : (n,) int64
    scores : (n,) float64
        Descending.
    closeness : mapping of Term to Closeness
        Per look, aligned with the items.
    judged : bool
        Whether the scores are calibrated.
    """

    items: Items
    scores: Floats
    closeness: Mapping[Term, Closeness]
    judged: bool


def rank(
    connection: Connection,
    query: Term,
    filters: Term | None,
    looks: Mapping[Term, Look],
    n_proposed: int,
    version: int,
) -> Ranking:
    """Rank what the positive terms of a query propose.

    Parameters
    ----------
    filters : Term or None
        What every hit must fulfil, applied before anything is ranked.
    looks : mapping of Term to Look
        For every term of the query that has a look.
    n_proposed : int
        How many items each positive term proposes.
    version : int
        Of the catalogue, from before the connection began to read.

    Raises
    ------
    BadQuery
        If the query holds nothing but NOT and there is no filter.
    """
    from lookalike.ranking.chance import scores  # SciPy: 0.15 s that opening need not take

    signs = dict(signed_leaves(query))
    positive = [term for term, sign in signs.items() if sign > 0]
    if not positive and filters is None:
        raise BadQuery("a query of nothing but NOT has nothing to stand on; add a picture, a colour, or a filter")
    proposed, n_database = _propose(connection, positive, filters, looks, n_proposed, version)
    asked = [term.source for term in looks if isinstance(term, Picture) and isinstance(term.source, int)]
    items = np.setdiff1d(proposed, np.array(asked, dtype=np.int64))
    closeness = {term: _closeness(connection, look, items) for term, look in looks.items()}
    z_of = {term: close.z for term, close in closeness.items()}
    for term in signs:
        if is_told(term):
            is_certain = items_among(connection, condition_of(term), items)
            z_of[term] = np.where(is_certain, np.inf, z_of.get(term, -np.inf))
    z = fuse(query, z_of)
    likeness = sum((closeness[term].similarities for term in positive if term in looks), np.zeros(len(items)))
    order = np.lexsort((items, -likeness, -z))
    order = order[z[order] > -np.inf]
    views = [looks[term].view for term in positive if term in looks]
    return Ranking(
        items[order],
        scores(z[order], n_database, [view.calibration for view in views if view.calibration is not None]),
        {term: close.at(order) for term, close in closeness.items()},
        judged=bool(positive) and all(looks[term].judges for term in positive if term in looks),
    )


def _propose(
    connection: Connection,
    positive: list[Term],
    filters: Term | None,
    looks: Mapping[Term, Look],
    n_most: int,
    version: int,
) -> tuple[Items, int]:
    """Return the items that any positive term proposes, and from how many they were chosen."""
    condition = None if filters is None else condition_of(filters)
    proposed: set[int] = set()
    n_database = 0
    for term in positive or looks:
        if is_told(term):
            is_wanted = condition_of(term) if condition is None else sa.and_(condition, condition_of(term))
            proposed.update(items_where(connection, is_wanted, n_most=n_most).tolist())
        if term not in looks:
            continue
        look = looks[term]
        allowed = look.view.allowed(connection, condition, version)
        n_allowed = len(look.view.index) if allowed is None else int(np.count_nonzero(allowed))
        n_database = max(n_database, n_allowed)
        # Without a positive term all that the filter lets through is ranked, farthest first.
        k = min(n_most if positive else LARGEST_SCAN, n_allowed)
        if k:
            rows = _nearest(look, look.view.indexes.proposing(filters) if positive else look.view.index, k, allowed)
            proposed.update(look.view.items_of(connection, rows[rows >= 0]))
    return np.array(sorted(proposed), dtype=np.int64), max(n_database, len(proposed))


def _nearest(look: Look, index: Index, k: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
    if isinstance(index, ExplorableIndex) and look.row is not None:
        return index.explore(look.row, k, allowed=allowed).rows[0]
    return index.search(look.vector[None], k, allowed=allowed).rows[0]


def _closeness(connection: Connection, look: Look, items: Items) -> Closeness:
    """Return how close items are, each by its closest instance; minus infinity where a space has none of it."""
    rows, owners = look.view.rows_of(connection, items.tolist())
    best = Closeness.nothing(len(items))
    if len(rows):
        close = look.view.closeness(look.vector, rows)
        ascending = np.argsort(close.similarities, kind="stable")
        best.put(np.searchsorted(items, owners[ascending]), close.at(ascending))
    return best


def signed_leaves(query: Term, sign: int = 1) -> Iterator[tuple[Term, int]]:
    """Yield every leaf of a query with +1 where it is wanted and -1 where it is not."""
    match query:
        case And(children) | Or(children):
            for child in children:
                yield from signed_leaves(child, sign)
        case Weighted(_, child):
            yield from signed_leaves(child, sign)
        case Not(child):
            yield from signed_leaves(child, -sign)
        case _:
            yield query, sign


def fuse(query: Term, z_of: Mapping[Term, Floats]) -> Floats:
    """Return z (n,) of a whole query from the z of its leaves; weights count inside an AND."""
    match query:
        case And(children):
            weights = [child.weight if isinstance(child, Weighted) else 1.0 for child in children]
            return fuse_and([fuse(child, z_of) for child in children], weights)
        case Or(children):
            return fuse_or([fuse(child, z_of) for child in children])
        case Weighted(_, child):
            return fuse(child, z_of)
        case Not(child):
            return fuse_not(fuse(child, z_of))
        case _:
            return z_of[query]
