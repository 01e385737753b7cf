"""How much an index misses, measured on the collection itself: exact search is asked the same and compared with."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.collection.indexes import Kind
from lookalike.collection.view import SpaceView
from lookalike.types import Index, TextDescriber, Vectors, WordedDescriber

N_QUERIES = 100
"""Pictures, spread over the collection, that ask; and as many words, if there are."""

KS = (10, 100)

SAME = 1e-6
"""Similarities that differ by less are those of equals, summed in another order: which of them is found is all one."""

GOOD = 0.95
"""Share of the nearest pictures that an index should find."""

COMMON_WORDS = (
    "animal", "baby", "beach", "bicycle", "bird", "boat", "book", "bottle", "bridge", "building", "bus", "cake", "car",
    "cat", "chair", "child", "church", "city", "clock", "cloud", "dog", "door", "drawing", "face", "farm", "field",
    "fire", "fish", "flower", "food", "forest", "fruit", "garden", "guitar", "hand", "horse", "house", "kitchen",
    "lake", "lamp", "leaf", "letter", "map", "market", "money", "mountain", "night", "ocean", "painting", "person",
    "phone", "plane", "rain", "river", "road", "rock", "room", "ship", "shoe", "shop", "sign", "snow", "stairs",
    "statue", "street", "sun", "table", "tool", "toy", "train", "tree", "wall", "water", "wedding", "window",
)  # fmt: skip
"""Asked of a describer that takes free words."""


@dataclass(frozen=True)
class Finding:
    """How one kind of index answers one kind of query.

    Attributes
    ----------
    index : Kind
    asked : str
        "pictures" or "words".
    queries : int
    recall_at_10, recall_at_100 : float
        The share of the 10, or 100, nearest that it finds when it is asked for so many.
    milliseconds : float
        For one query of 10 hits, the median.
    """

    index: Kind
    asked: str
    queries: int
    recall_at_10: float
    recall_at_100: float
    milliseconds: float


@dataclass(frozen=True)
class Audit:
    """What an audit of one space found.

    Attributes
    ----------
    space : str
    generation : int
    vectors, dims : int
    serves : Kind
        The kind of index that answers now.
    findings : tuple of Finding
        Of each kind that can be used, exact search, which the others are measured by, first.
    verdict : str
        A sentence.
    """

    space: str
    generation: int
    vectors: int
    dims: int
    serves: Kind
    findings: tuple[Finding, ...]
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """Return the audit as JSON values."""
        return {**asdict(self), "findings": [asdict(finding) for finding in self.findings]}


def audit(view: SpaceView, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Measure every kind of index of a space against exact search.

    Parameters
    ----------
    progress : callable or None
        Told how many queries are done, and of how many.
    """
    asked = _queries(view)
    meter = _Meter(sum(map(len, asked.values())) * len(view.indexes.kinds), progress)
    findings = [
        finding for what, queries in asked.items() if len(queries) for finding in _compare(view, what, queries, meter)
    ]
    return Audit(
        space=view.space.name,
        generation=view.space.generation,
        vectors=int(np.count_nonzero(view.is_live)),
        dims=view.space.n_dims,
        serves=view.indexes.kind,
        findings=tuple(findings),
        verdict=_verdict(view.indexes.kind, findings),
    )


class _Meter:
    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def advance(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _queries(view: SpaceView) -> dict[str, Vectors]:
    from lookalike.ranking.chance import evenly  # SciPy: 0.15 s that opening need not take

    live = np.flatnonzero(view.is_live)
    if not len(live):
        return {}
    return {"pictures": view.vectors(live[evenly(len(live), N_QUERIES)]), "words": _word_queries(view)}


def _word_queries(view: SpaceView) -> Vectors:
    """Return vectors of words (n, D): an index that was made for pictures may be blind to where words point."""
    describer = view.describer
    if not isinstance(describer, TextDescriber):
        return np.zeros((0, view.space.n_dims), dtype=np.float32)
    words: Sequence[str] = describer.known_words if isinstance(describer, WordedDescriber) else COMMON_WORDS
    return describer.describe_texts(words[:: max(1, -(-len(words) // N_QUERIES))])


def _compare(view: SpaceView, what: str, queries: Vectors, meter: _Meter) -> list[Finding]:
    allowed = None if view.is_live.all() else view.is_live
    exact = _answers(view.index, queries, allowed, meter)
    answers = {
        kind: exact if kind == "exact" else _answers(view.indexes.of(kind), queries, allowed, meter)
        for kind in view.indexes.kinds
    }
    return [
        Finding(
            index=kind,
            asked=what,
            queries=len(queries),
            recall_at_10=_recall(exact.ten, found.ten),
            recall_at_100=_recall(exact.hundred, found.hundred),
            milliseconds=round(found.milliseconds, 3),
        )
        for kind, found in answers.items()
    ]


@dataclass(frozen=True)
class _Answers:
    """The similarities of what an index found when it was asked for ten (Q, 10), and for a hundred (Q, 100).

    `milliseconds` is what it took to find ten, the median.
    """

    ten: NDArray[np.float32]
    hundred: NDArray[np.float32]
    milliseconds: float


def _answers(index: Index, queries: Vectors, allowed: NDArray[np.bool_] | None, meter: _Meter) -> _Answers:
    index.search(queries[:1], KS[0], allowed=allowed)  # opens what is opened at the first query
    ten, hundred, seconds = [], [], []
    for query in queries:
        started = time.perf_counter()
        found = index.search(query[None], KS[0], allowed=allowed)
        seconds.append(time.perf_counter() - started)
        ten.append(found.similarities[0])
        hundred.append(index.search(query[None], KS[1], allowed=allowed).similarities[0])
        meter.advance()
    return _Answers(np.array(ten), np.array(hundred), float(1000 * np.median(seconds)))


def _recall(nearest: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return the share of the nearest (Q, k) that was found (Q, k), by similarities: ties do not count."""
    is_there = nearest > -np.inf
    reach = np.where(is_there, nearest, np.inf).min(axis=1) - SAME
    n_found = np.minimum((found >= reach[:, None]).sum(axis=1), is_there.sum(axis=1))
    return round(float((n_found / np.maximum(is_there.sum(axis=1), 1)).mean()), 4)


def _verdict(serves: Kind, findings: Sequence[Finding]) -> str:
    if not findings:
        return "There is nothing to be searched yet: add pictures first."
    exact = findings[0]
    if serves == "exact":
        return f"Every vector is looked at, so nothing is missed; a query takes {exact.milliseconds:.1f} ms."
    mine = [finding for finding in findings if finding.index == serves]
    worst = min(mine, key=lambda finding: finding.recall_at_100)
    told = (
        f"The index {serves} finds {worst.recall_at_100:.1%} of the 100 nearest for {worst.asked}, in "
        f"{worst.milliseconds:.1f} ms where exact search takes {exact.milliseconds:.1f} ms"
    )
    if worst.recall_at_100 >= GOOD:
        return f"{told}."
    return f"{told}: that is little; LOOKALIKE_INDEX=exact misses nothing, `lookalike index build` makes a graph."
