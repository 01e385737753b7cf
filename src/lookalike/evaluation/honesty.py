"""Whether scores mean something: does a search say nothing when there is nothing, and is what it claims true?"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.collection.search import CUTOFF
from lookalike.collection.view import SAMPLE
from lookalike.metrics import Reliability, Truth, expected_calibration_error, pooled_reliability, reliability
from lookalike.ranking.chance import evenly, judge
from lookalike.types import Calibration, Vectors

Judge: TypeAlias = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]]
"""A query (D,) and its similarities to a whole database (N,) -> scores (N,): how likely each is there for a reason."""

N_MOST = 2000
"""Queries that are asked; of more, as many at equal distances."""


@dataclass(frozen=True)
class Honesty:
    """What became of queries whose class is in the database, and of the same queries with their class taken out.

    Shown is what scores at least the cut-off. Shares of pictures are over those of all queries together.

    Attributes
    ----------
    n_queries : int
    nothing_when_absent : float
        Share of queries that are shown nothing when no picture of their class is there.
    right_when_present : float
        Share of queries that are shown at least one picture of their class when it is there.
    related_shown : float
        Share of all related pictures that are shown.
    precision : float
        Share of what is shown that is related; nan if nothing is shown.
    claimed : float
        What the scores say this share is, their mean; nan if nothing is shown.
    bins : Reliability
        Of what is shown.
    """

    n_queries: int
    nothing_when_absent: float
    right_when_present: float
    related_shown: float
    precision: float
    claimed: float
    bins: Reliability

    @property
    def holds(self) -> bool:
        """Whether claims and truth differ by at most 0.1, and 9 of 10 queries without an answer get none."""
        return abs(self.precision - self.claimed) <= 0.1 and self.nothing_when_absent >= 0.9

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; what cannot be said is null, and bins without claims are left out."""
        triples = zip(self.bins.claimed.tolist(), self.bins.true.tolist(), self.bins.counts.tolist(), strict=True)
        return {
            "queries": self.n_queries,
            "nothing_when_absent": self.nothing_when_absent,
            "right_when_present": self.right_when_present,
            "related_shown": self.related_shown,
            "precision": _or_null(self.precision),
            "claimed": _or_null(self.claimed),
            "calibration_error": _or_null(expected_calibration_error(self.bins)),
            "bins": [{"claimed": claimed, "true": true, "count": n} for claimed, true, n in triples if n],
            "holds": self.holds,
        }


def _or_null(value: float) -> float | None:
    return None if math.isnan(value) else value


def honesty(
    queries: Vectors, database: Vectors, truth: Truth, scores_of: Judge, tell: Callable[[int, int], None] | None = None
) -> Honesty:
    """Ask every query that has an answer, once with what belongs to it in the database and once without.

    Parameters
    ----------
    queries : (Q, D) float32
        L2-normalized.
    database : (N, D) float32
        L2-normalized.
    truth : Truth
    scores_of : Judge
    tell : callable or None
        Told after each query how many are done, and how many there are.

    Raises
    ------
    ValueError
        If no query has an answer.

    Notes
    -----
    The claims of what is shown are counted with the answers in the database; without them every claim is wrong.
    """
    asked = np.flatnonzero(truth.has_answer())
    if not len(asked):
        raise ValueError(f"honesty needs a query that has an answer, got {len(queries)} that have none")
    asked = asked[evenly(len(asked), N_MOST)]
    n_nothing = n_right = n_related = 0
    of_queries: list[Reliability] = []
    for n_done, query in enumerate(asked, 1):
        similarities = database @ queries[query]
        is_related = truth.shared(np.array([query]))[0] > 0
        is_other = np.arange(len(database)) != truth.own[query]
        without = scores_of(queries[query], similarities[is_other & ~is_related])
        n_nothing += not np.any(without >= CUTOFF)
        claimed = scores_of(queries[query], similarities[is_other])
        is_shown = claimed >= CUTOFF
        of_queries.append(reliability(claimed[is_shown], is_related[is_other][is_shown]))
        n_right += bool(np.any(of_queries[-1].true > 0))
        n_related += int(np.count_nonzero(is_related))
        if tell is not None:
            tell(n_done, len(asked))
    bins = pooled_reliability(of_queries)
    n_shown = int(bins.counts.sum())
    n_claimed, n_correct = (float(np.nansum(bins.counts * share)) for share in (bins.claimed, bins.true))
    return Honesty(
        n_queries=len(asked),
        nothing_when_absent=n_nothing / len(asked),
        right_when_present=n_right / len(asked),
        related_shown=n_correct / n_related,
        precision=n_correct / n_shown if n_shown else math.nan,
        claimed=n_claimed / n_shown if n_shown else math.nan,
        bins=bins,
    )


def chance_judge(calibration: Calibration | None) -> Judge:
    """Return the judge of searches for one picture in one space: chance, then the false discovery rate.

    Parameters
    ----------
    calibration : Calibration or None
        Of the space's describer.
    """

    def scores_of(query: NDArray[np.float32], similarities: NDArray[np.float32]) -> NDArray[np.float64]:
        if not len(similarities):
            return np.zeros(0)
        yardstick = similarities[evenly(len(similarities), SAMPLE)]
        if calibration is not None:
            yardstick = np.concatenate([calibration.reference @ query, yardstick])
        return judge(similarities, yardstick, calibration)

    return scores_of
