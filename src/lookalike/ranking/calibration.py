"""Making a describer's calibration from pictures whose classes are known."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from lookalike.ranking.chance import against_chance, evenly, judge, log_false_discovery_rates, spread
from lookalike.types import Calibration, Vectors

N_REFERENCES = 256
N_SAMPLE = 512
N_QUERIES = 1500
TAIL_POINTS = 96
LOG_RATES = np.linspace(-28.0, 0.0, 57)
LEAST_CLASSES = 100
LEAST_TAIL_POINTS = 8
"""As many as the slope beyond the tail is taken from."""

COPIES = 20
"""One query in so many finds itself: a copy is the surest answer, and says what lies beyond all others."""

LEAST_HELP = 0.5
"""Share of answerable queries for which a judging space must show a right hit: one that hides most is no help."""

Labels = NDArray[np.str_] | NDArray[np.int64]


def calibrate(vectors: Vectors, labels: Labels, *, seed: int = 7) -> Calibration:
    """Fit what turns similarities into chances and chances into claims.

    All pictures give the reference vectors, the tail of unrelated pairs, and the map from claims to precision. Whether
    such claims hold, so that the space may judge, is tried before: a third of the classes gives the tail, a third the
    map, and a third asks.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized, of at least a hundred classes with several pictures each. A describer that was trained sees
        those pictures more clearly than any other, so take pictures that it was not trained on.
    labels : (N,)
        The class of each.
    seed : int

    Returns
    -------
    calibration : Calibration

    Raises
    ------
    ValueError
        If there are fewer classes, or so many vectors are equal that chance has no tail to measure.
    """
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.unique(labels))
    if len(classes) < LEAST_CLASSES:
        raise ValueError(
            f"a calibration needs {LEAST_CLASSES} classes or more, got {len(classes)}; add pictures of others"
        )
    third = len(classes) // 3
    parts = [np.isin(labels, some) for some in (classes[:third], classes[third : 2 * third], classes[2 * third :])]
    draft = _with_tail(vectors[parts[0]], labels[parts[0]], rng)
    tried = _with_map(draft, vectors[parts[1]], labels[parts[1]], rng)
    whole = _with_map(_with_tail(vectors, labels, rng), vectors, labels, rng)
    return replace(whole, judges=_holds(tried, vectors[parts[2]], labels[parts[2]], rng))


def _with_tail(vectors: Vectors, labels: Labels, rng: np.random.Generator) -> Calibration:
    order = rng.permutation(len(vectors))
    n_references = min(N_REFERENCES, len(order) // 2)
    reference = vectors[order[:n_references]]
    database, database_labels = vectors[order[n_references:]], labels[order[n_references:]]
    standardized = []
    for query, label in zip(database[:N_QUERIES], database_labels[:N_QUERIES], strict=True):
        unrelated = database[database_labels != label]
        centre, scale = spread(np.concatenate([reference, unrelated[evenly(len(unrelated), N_SAMPLE)]]) @ query)
        standardized.append((unrelated @ query - centre) / scale)
    values = np.sort(np.concatenate(standardized).astype(np.float64))
    chances = np.concatenate(
        [np.linspace(0.999, 0.05, TAIL_POINTS // 3), np.geomspace(0.04, 20 / len(values), TAIL_POINTS)]
    )
    z = np.quantile(values, 1 - chances)
    keep = np.concatenate([[True], np.diff(z) > 1e-6])
    if (n_points := np.count_nonzero(keep)) < LEAST_TAIL_POINTS:
        raise ValueError(
            f"the similarities of unrelated pictures have {n_points} different quantiles, and a calibration needs "
            f"{LEAST_TAIL_POINTS}; take pictures that the describer tells apart"
        )
    return Calibration(
        reference=reference.astype(np.float32),
        tail_z=z[keep].astype(np.float32),
        tail_log_p=np.log(chances[keep]).astype(np.float32),
        log_rates=LOG_RATES.astype(np.float32),
        precisions=-np.expm1(LOG_RATES).astype(np.float32),
        judges=False,
    )


def _with_map(draft: Calibration, vectors: Vectors, labels: Labels, rng: np.random.Generator) -> Calibration:
    """Learn which precision each false discovery rate came to."""
    log_rates, is_right = _observe(draft, vectors, labels, rng)
    order = np.argsort(log_rates, kind="stable")
    fitted = isotonic_regression(is_right[order].astype(np.float64), increasing=False).x
    return replace(draft, precisions=np.interp(LOG_RATES, log_rates[order], fitted).astype(np.float32))


def _observe(
    calibration: Calibration, vectors: Vectors, labels: Labels, rng: np.random.Generator, n_shown: int = 50
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return rates and truth of the first hits of many queries, all of which have an answer."""
    log_rates, is_right = [], []
    for number, query in enumerate(rng.permutation(len(vectors))[:N_QUERIES]):
        is_there = np.arange(len(vectors)) != query
        is_there[query] = number % COPIES == 0
        similarities = vectors[is_there] @ vectors[query]
        best = np.argsort(-similarities, kind="stable")[:n_shown]
        yardstick = _yardstick(calibration, vectors[query], vectors[is_there])
        _, z = against_chance(similarities[best], yardstick, calibration)
        log_rates.append(log_false_discovery_rates(z, len(similarities)))
        is_right.append(labels[is_there][best] == labels[query])
    return np.concatenate(log_rates), np.concatenate(is_right)


def _yardstick(calibration: Calibration, query: NDArray[np.float32], database: Vectors) -> NDArray[np.float32]:
    return np.concatenate([calibration.reference, database[evenly(len(database), N_SAMPLE)]]) @ query


def _scores(calibration: Calibration, query: NDArray[np.float32], database: Vectors) -> NDArray[np.float64]:
    return judge(database @ query, _yardstick(calibration, query, database), calibration)


def _holds(calibration: Calibration, vectors: Vectors, labels: Labels, rng: np.random.Generator) -> bool:
    """Return whether what is shown is as precise as claimed, empty queries stay empty, and enough is shown at all."""
    claimed, true, n_empty, n_answered = [], [], 0, 0
    queries = rng.permutation(len(vectors))[:N_QUERIES]
    for query in queries:
        is_other = np.arange(len(vectors)) != query
        scores = _scores(calibration, vectors[query], vectors[is_other])
        is_right = labels[is_other] == labels[query]
        is_shown = scores >= 0.5
        claimed.append(scores[is_shown])
        true.append(is_right[is_shown])
        n_answered += bool((is_shown & is_right).any())
        n_empty += bool(_scores(calibration, vectors[query], vectors[labels != labels[query]]).max() < 0.5)
    gap = np.concatenate(claimed).mean() - np.concatenate(true).mean() if n_answered else 1.0
    return bool(abs(gap) <= 0.1 and n_empty >= 0.9 * len(queries) and n_answered >= LEAST_HELP * len(queries))
