"""Ranking items for a query: propose, score exactly under every term, fuse in z, claim."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.collection.filters import condition_of, is_told, items_among, items_where
from lookalike.collection.view import Closeness, SpaceView
from lookalike.errors import BadQuery
from lookalike.query import And, Not, Or, Picture, Term, Weighted
from lookalike.ranking.expansion import AROUND, expand, refine
from lookalike.ranking.fusion import fuse_and, fuse_not, fuse_or
from lookalike.types import Calibration, ExplorableIndex, Image, Index

Floats = NDArray[np.float64]
Items = NDArray[np.int64]
Rows = NDArray[np.int64]


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
    expands : bool
        Whether what is nearest to the vector may be searched for together with it.
    refines : bool
        Whether what is found may be ranked by what it is like together with its own nearest.
    """

    view: SpaceView
    vector: NDArray[np.float32]
    judges: bool
    picture: Image | Path | None
    row: int | None = None
    expands: bool = False
    refines: bool = False


@dataclass(frozen=True)
class Widened:
    """What is searched for in place of a look, and how the best of what it finds are ranked.

    Attributes
    ----------
    look : Look
    pool : (m,) int64
        Rows that are ranked by other similarities than their own.
    similarities : (m,) float32
        These.
    """

    look: Look
    pool: Rows
    similarities: NDArray[np.float32]

    def refined(self, rows: Rows, similarities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the similarities of rows with those in place that rows have here."""
        _, places, in_pool = np.intersect1d(rows, self.pool, assume_unique=True, return_indices=True)
        refined = similarities.copy()
        refined[places] = self.similarities[in_pool]
        return refined


@dataclass(frozen=True)
class Ranking:
    """Items in order, with what they claim.

    Attributes
    ----------
    items : (n,) int64
    scores : (n,) float64
        What each claims by its own closeness; descending where no look was widened.
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
    n_neighbours: int,
    version: int,
) -> Ranking:
    """Rank what the positive terms of a query propose.

    Order and claims may differ: a widened look orders what comes behind the nearest, and every item claims what its own
    closeness to the query is worth, which is what chances were measured for.

    Parameters
    ----------
    filters : Term or None
        What every hit must fulfil, applied before anything is ranked.
    looks : mapping of Term to Look
        For every term of the query that has a look.
    n_proposed : int
        How many items each term proposes.
    n_neighbours : int
        How many a look is expanded by, where it may be; with none, nothing is widened.
    version : int
        Of the catalogue, from before the connection began to read.

    Raises
    ------
    BadQuery
        If the query holds nothing but NOT and there is no filter.
    """
    positive = list(dict.fromkeys(term for term, sign in signed_leaves(query) if sign > 0))
    if not positive and filters is None:
        raise BadQuery("a query of nothing but NOT has nothing to stand on; add a picture, a colour, or a filter")
    proposers = list(dict.fromkeys(proposing_leaves(query)))
    wide = {
        term: _widened(connection, looks[term], n_neighbours, version)
        for term in positive
        if n_neighbours and term in looks and looks[term].refines
    }
    proposed, n_database = _propose(connection, proposers, filters, looks, wide, n_proposed, version)
    asked = [term.source for term in looks if isinstance(term, Picture) and isinstance(term.source, int)]
    items = np.setdiff1d(proposed, np.array(asked, dtype=np.int64))
    rows = {view: view.rows_of(connection, items.tolist()) for view in {look.view for look in looks.values()}}
    closeness = {term: _closeness(look, items, rows[look.view]) for term, look in looks.items()}
    z_of = {(term, 1): close.z for term, close in closeness.items()}
    # A picture that a space has nothing of is not what is wanted, but nobody knows that it is not what is not wanted.
    z_of |= {(term, -1): np.where(np.isfinite(close.z), close.z, 0.0) for term, close in closeness.items()}
    certainties = _certainties(connection, query, items)
    z = fuse(query, _with_certain(z_of, certainties))
    of_wide = {(term, 1): _closeness(each.look, items, rows[each.look.view], each).z for term, each in wide.items()}
    z_towards = fuse(query, _with_certain(z_of | of_wide, certainties)) if wide else z
    likeness = np.zeros(len(items))  # orders what is too far from chance to be told apart in z
    for term, sign in proposers:
        if term in looks:
            likeness += sign * np.where(np.isfinite(closeness[term].z), closeness[term].similarities, -1.0)
    order = np.lexsort((items, -likeness, -z_towards))
    order = order[z_towards[order] > -np.inf]
    views = [looks[term].view for term in positive if term in looks]
    return Ranking(
        items[order],
        _claims(z[order], n_database, [view.calibration for view in views if view.calibration is not None]),
        {term: close.at(order) for term, close in closeness.items()},
        judged=all(sign > 0 for _, sign in proposers) and all(looks[term].judges for term in positive if term in looks),
    )


def _certainties(connection: Connection, query: Term, items: Items) -> dict[tuple[Term, int], NDArray[np.bool_]]:
    """Return which items (n,) each signed leaf holds for that is known rather than seen."""
    return {
        (term, sign): items_among(connection, condition_of(term), items)
        for term, sign in dict.fromkeys(signed_leaves(query))
        if is_told(term)
    }


def _with_certain(
    z_of: Mapping[tuple[Term, int], Floats], certainties: Mapping[tuple[Term, int], NDArray[np.bool_]]
) -> dict[tuple[Term, int], Floats]:
    """Return z of signed leaves with what is known of them: plus infinity where it holds."""
    return {**z_of} | {
        leaf: np.where(is_certain, np.inf, z_of.get(leaf, -np.inf)) for leaf, is_certain in certainties.items()
    }


def _claims(z: Floats, n_database: int, calibrations: list[Calibration]) -> Floats:
    """Return what each item of a ranking (n,) claims, as if they were in the order of their z."""
    from lookalike.ranking.chance import scores  # SciPy: 0.15 s that opening need not take

    descending = np.argsort(-z, kind="stable")
    claims = np.empty(len(z))
    claims[descending] = scores(z[descending], n_database, calibrations)
    return claims


def _widened(connection: Connection, look: Look, n_neighbours: int, version: int) -> Widened:
    """Return what to search for in place of one look, made of what is nearest to it, whatever a filter lets through."""
    allowed = look.view.allowed(connection, None, version)
    rows = _nearest(look, look.view.indexes.proposing(), AROUND, allowed)
    rows = rows[rows != look.row]
    nearest = look.view.vectors(rows)
    vector, n_first = expand(look.vector, nearest, n_neighbours if look.expands else 0)
    pool, similarities = refine(vector, nearest, n_first)
    return Widened(replace(look, vector=vector, row=None), rows[pool], similarities)


def _propose(
    connection: Connection,
    proposers: list[tuple[Term, int]],
    filters: Term | None,
    looks: Mapping[Term, Look],
    wide: Mapping[Term, Widened],
    n_most: int,
    version: int,
) -> tuple[Items, int]:
    """Return the items that any term proposes, and from how many they were chosen.

    A term that is wanted proposes what is nearest to it, one that is not wanted what is farthest.
    """
    condition = None if filters is None else condition_of(filters)
    proposed: set[int] = set()
    n_database = 0
    for term, sign in proposers:
        if is_told(term):
            told = condition_of(term if sign > 0 else Not(term))
            is_wanted = told if condition is None else sa.and_(condition, told)
            proposed.update(items_where(connection, is_wanted, n_most=n_most).tolist())
        if term not in looks:
            continue
        look = wide[term].look if sign > 0 and term in wide else looks[term]
        allowed = look.view.allowed(connection, condition, version)
        n_allowed = len(look.view.index) if allowed is None else int(np.count_nonzero(allowed))
        n_database = max(n_database, n_allowed)
        k = min(n_most, n_allowed)
        if k:
            rows = (
                _nearest(look, look.view.indexes.proposing(filters), k, allowed)
                if sign > 0
                else _farthest(look, k, allowed)
            )
            proposed.update(look.view.items_of(connection, rows))
    return np.array(sorted(proposed), dtype=np.int64), max(n_database, len(proposed))


def _nearest(look: Look, index: Index, k: int, allowed: NDArray[np.bool_] | None) -> Rows:
    if isinstance(index, ExplorableIndex) and look.row is not None:
        rows = index.explore(look.row, k, allowed=allowed).rows[0]
    else:
        rows = index.search(look.vector[None], k, allowed=allowed).rows[0]
    return rows[rows >= 0]


def _farthest(look: Look, k: int, allowed: NDArray[np.bool_] | None) -> Rows:
    rows = look.view.index.search(-look.vector[None], k, allowed=allowed).rows[0]
    return rows[rows >= 0]


def _closeness(look: Look, items: Items, rows: tuple[Rows, Items], wide: Widened | None = None) -> Closeness:
    """Return how close items are, each by its closest instance; minus infinity where a space has none of it.

    `rows` are the instances of these items in the look's space, and the item of each.
    """
    instances, owners = rows
    best = Closeness.nothing(len(items))
    if len(instances):
        similarities = look.view.index.similarities(look.vector, instances)
        if wide is not None:
            similarities = wide.refined(instances, similarities)
        close = look.view.closeness(look.vector, similarities)
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


def proposing_leaves(query: Term, sign: int = 1) -> Iterator[tuple[Term, int]]:
    """Yield the leaves that propose, with their signs.

    Of what must hold together these are the parts in which something is wanted, if there are any; of alternatives all.
    """
    match query:
        case And(children) | Or(children):
            parts = [list(proposing_leaves(child, sign)) for child in children]
            if isinstance(query, And) == (sign > 0):
                parts = [part for part in parts if any(of_leaf > 0 for _, of_leaf in part)] or parts
            for part in parts:
                yield from part
        case Weighted(_, child):
            yield from proposing_leaves(child, sign)
        case Not(child):
            yield from proposing_leaves(child, -sign)
        case _:
            yield query, sign


def fuse(query: Term, z_of: Mapping[tuple[Term, int], Floats], sign: int = 1) -> Floats:
    """Return z (n,) of a whole query from the z of its leaves under each sign; weights count inside an AND."""
    match query:
        case And(children):
            weights = [child.weight if isinstance(child, Weighted) else 1.0 for child in children]
            return fuse_and([fuse(child, z_of, sign) for child in children], weights)
        case Or(children):
            return fuse_or([fuse(child, z_of, sign) for child in children])
        case Weighted(_, child):
            return fuse(child, z_of, sign)
        case Not(child):
            return fuse_not(fuse(child, z_of, -sign))
        case _:
            return z_of[query, sign]
