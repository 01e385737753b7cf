"""Answering a query: filter, propose, score exactly under every term, fuse, claim, collapse, show."""

import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import deadline, translated
from lookalike.collection.batches import rows_among
from lookalike.collection.filters import (
    condition_of,
    count_where,
    is_told,
    items_among,
    items_where,
    matching_text,
    split,
)
from lookalike.collection.hits import Evidence, Hit, Hits
from lookalike.collection.places import present_paths
from lookalike.collection.rank import Look, Ranking, rank, signed_leaves
from lookalike.collection.store import Store
from lookalike.errors import BadQuery
from lookalike.query import Not, Term, Where, Words, leaves
from lookalike.ranking.copies import collapse

CUTOFF = 0.5
LARGEST_K = 1000
LARGEST_START = 1_000_000
PAGES_AGREE = 256
"""Hits within which all pages are parts of one answer, whatever their length: they ask every term for as many."""

AHEAD = 256
"""Candidates that each term proposes beyond those asked for, so that terms can agree on what neither puts first."""


@dataclass(frozen=True)
class Page:
    """Which part of the answer is wanted.

    Attributes
    ----------
    k : int
        Hits, at most 1,000.
    start : int
        Hits to pass over first.
    cutoff : float or None
        The smallest score to show; None means 0.5 where scores are judged, 0 elsewhere.
    """

    k: int = 20
    start: int = 0
    cutoff: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.k <= LARGEST_K:
            raise BadQuery(f"k is from 1 to {LARGEST_K}, got {self.k}; page through more with start")
        if not 0 <= self.start <= LARGEST_START:
            raise BadQuery(f"start is from 0 to {LARGEST_START}, got {self.start}; narrow the query with a filter")

    @property
    def n_wanted(self) -> int:
        """How many hits must be known to show this page."""
        return self.start + self.k

    @property
    def n_proposed(self) -> int:
        """How many candidates each term proposes."""
        return 2 * PAGES_AGREE * -(-self.n_wanted // PAGES_AGREE) + AHEAD


def answer(
    store: Store,
    query: Term,
    looks: Mapping[Term, Look],
    page: Page,
    *,
    n_neighbours: int,
    seconds: float,
    started: float,
) -> Hits:
    """Return one page of the answer to a query.

    Parameters
    ----------
    looks : mapping of Term to Look
        For every term of the query that has a look.
    n_neighbours : int
        How many pictures a picture is expanded by, where it may be; see `ranking.expansion`.
    seconds : float
        The longest that the catalogue may take.
    started : float
        When the question came, on the clock of `time.perf_counter`.
    """
    filters, rest = split(query, looks)
    condition = None if filters is None else condition_of(filters)
    version = store.version()
    with translated(), store.engine.connect() as connection, deadline(connection, seconds):
        if rest is None:
            items = items_where(connection, condition, n_most=page.n_proposed, best_words=query)
            ranking = Ranking(items, np.ones(len(items)), {}, judged=True)
        else:
            ranking = rank(connection, rest, filters, looks, page.n_proposed, n_neighbours, version)
        groups = _groups(connection, ranking)
        cutoff = page.cutoff if page.cutoff is not None else CUTOFF if ranking.judged else 0.0
        good = [group for group in groups if ranking.scores[group[0]] >= cutoff]
        hits = _hits(connection, store, query, looks, ranking, good[page.start : page.n_wanted], page.start)
        n_below = len(groups) - len(good)
        is_all = ranking.judged and (n_below > 0 or len(ranking.items) < page.n_proposed)
        # Copies count too in what a filter lets through; behind answers that all are good there may be others.
        n_found = count_where(connection, condition) if rest is None else len(good) if is_all else None
    return Hits(
        query=str(query),
        hits=tuple(hits),
        judged=ranking.judged,
        cutoff=cutoff,
        n_below=n_below,
        n_found=n_found,
        note=_note(ranking, n_good=len(good), n_below=n_below),
        seconds=time.perf_counter() - started,
        pictures=tuple(look.picture for look in looks.values() if look.picture is not None),
    )


def _groups(connection: Connection, ranking: Ranking) -> list[list[int]]:
    """Return the positions of hits that stand for themselves, each with those of its near-copies."""
    c = t.items.c
    query = sa.select(c.id, c.perceptual_hash, c.width, c.height)
    known = {row.id: row for row in rows_among(connection, query, c.id, ranking.items.tolist())}
    ranked = [known[item_id] for item_id in ranking.items.tolist()]
    hashes = b"".join(row.perceptual_hash for row in ranked)
    aspects = np.array([row.width / row.height for row in ranked])
    return collapse(np.frombuffer(hashes, dtype=np.uint8).reshape(-1, 8), aspects)


def _hits(
    connection: Connection,
    store: Store,
    query: Term,
    looks: Mapping[Term, Look],
    ranking: Ranking,
    groups: Sequence[list[int]],
    start: int,
) -> list[Hit]:
    """Return the hits of the groups shown, with their evidence."""
    positions = [position for group in groups for position in group]
    ids = [int(ranking.items[position]) for position in positions]
    c = t.items.c
    query_facts = sa.select(c.id, c.sha256, c.width, c.height, c.colours)
    facts = {row.id: row for row in rows_among(connection, query_facts, c.id, ids)}
    paths = present_paths(connection, ids)
    words = [term for term in leaves(query) if isinstance(term, Words) and is_told(term)]
    texts: dict[Term, dict[int, str]] = {term: matching_text(connection, term, ids) for term in words}
    filters = [term for term in leaves(query) if isinstance(term, Where)]
    shown = ranking.items[positions]
    met: dict[Term, set[int]] = {
        term: set(shown[items_among(connection, condition_of(term), shown)].tolist()) for term in filters
    }

    def hit(position: int, rank: int, copies: tuple[Hit, ...] = ()) -> Hit:
        item_id = int(ranking.items[position])
        row = facts[item_id]
        path, is_offline = paths.get(item_id, (None, True))
        return Hit(
            rank=rank,
            id=item_id,
            path=path,
            score=float(ranking.scores[position]),
            width=row.width,
            height=row.height,
            evidence=tuple(_evidence(query, looks, ranking, position, item_id, texts, met)),
            thumbnail=store.thumbnail_path(row.sha256),
            copies=copies,
            is_offline=is_offline,
            sha256=row.sha256,
            colours=row.colours,
        )

    return [
        hit(group[0], start + n, tuple(hit(position, start + n) for position in group[1:]))
        for n, group in enumerate(groups, start=1)
    ]


def _evidence(
    query: Term,
    looks: Mapping[Term, Look],
    ranking: Ranking,
    position: int,
    item_id: int,
    texts: Mapping[Term, Mapping[int, str]],
    met: Mapping[Term, Container[int]],
) -> Iterator[Evidence]:
    for term, sign in dict.fromkeys(signed_leaves(query)):
        named = str(term if sign > 0 else Not(term))
        if term in ranking.closeness:
            close = ranking.closeness[term]
            similarity, log_chance = float(close.similarities[position]), float(close.log_chances[position])
            if np.isfinite(similarity):  # otherwise the space has nothing of this picture
                chance = float(f"{np.exp(log_chance):.4g}")
                yield Evidence(named, looks[term].view.space.name, round(similarity, 4), chance)
        if item_id in met.get(term, ()):
            yield Evidence(named, "metadata")
        elif item_id in texts.get(term, {}):
            yield Evidence(named, "metadata", text=texts[term][item_id])


def _note(ranking: Ranking, *, n_good: int, n_below: int) -> str:
    if n_good and ranking.judged:
        return ""
    if n_good:
        return "Ranked, not judged: this space cannot tell a chance resemblance from a true one."
    if n_below:
        return (
            f"Nothing good found: the closest of {n_below} pictures are no closer than chance would have it; "
            "use fewer terms, or show what was ranked with the cut-off at 0."
        )
    return "Nothing found: no picture fulfils the filters; widen them."
