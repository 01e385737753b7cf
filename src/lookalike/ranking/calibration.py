"""Making a describer's calibration from pictures whose classes are known."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from lookalike.ranking.chance import judge, spread
from lookalike.types import Calibration, Vectors

N_REFERENCES = 512
N_QUERIES = 1500
TAIL_POINTS = 96
MAP_POINTS = 33
LEAST_HELP = 0.1
"""Share of answerable queries for which a judging space must show a right hit: one that hides all is no help."""

Labels = NDArray[np.str_] | NDArray[np.int64]


def calibrate(vectors: Vectors, labels: Labels, *, seed: int = 7) -> Calibration:
    """Fit what turns similarities into chances and chances into claims.

    The classes are split in three. The first gives the reference vectors and the tail of unrelated pairs, the second
    the map from claims to precision, and the third decides whether the claims hold, so that the space may judge.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized, of at least a hundred classes with several pictures each.
    labels : (N,)
        The class of each.
    seed : int

    Returns
    -------
    calibration : Calibration
    """
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.unique(labels))
    third = len(classes) // 3
    parts = [np.isin(labels, some) for some in (classes[:third], classes[third : 2 * third], classes[2 * third :])]
    draft = _with_tail(vectors[parts[0]], labels[parts[0]], rng)
    fitted = _with_map(draft, vectors[parts[1]], labels[parts[1]], rng)
    return replace(fitted, judges=_holds(fitted, vectors[parts[2]], labels[parts[2]], rng))


def _with_tail(vectors: Vectors, labels: Labels, rng: np.random.Generator) -> Calibration:
    order = rng.permutation(len(vectors))
    n_references = min(N_REFERENCES, len(order) // 2)
    reference = vectors[order[:n_references]]
    database, database_labels = vectors[order[n_references:]], labels[order[n_references:]]
    standardized = []
    for query, label in zip(database[:N_QUERIES], database_labels[:N_QUERIES], strict=True):
        unrelated = database[database_labels != label]
        centre, scale = spread(np.concatenate([reference, _sample(unrelated)]) @ query)
        standardized.append((unrelated @ query - centre) / scale)
    values = np.sort(np.concatenate(standardized).astype(np.float64))
    chances = np.concatenate(
        [np.linspace(0.999, 0.05, TAIL_POINTS // 3), np.geomspace(0.04, 20 / len(values), TAIL_POINTS)]
    )
    z = np.quantile(values, 1 - chances)
    keep = np.concatenate([[True], np.diff(z) > 1e-6])
    identity = np.array([0.0, 1.0], dtype=np.float32)
    return Calibration(
        reference=reference.astype(np.float32),
        tail_z=z[keep].astype(np.float32),
        tail_log_p=np.log(chances[keep]).astype(np.float32),
        claims=identity,
        precisions=identity,
        judges=False,
    )


def _sample(vectors: Vectors, size: int = 512) -> Vectors:
    return vectors[np.unique(np.linspace(0, len(vectors) - 1, size).astype(int))]


def _with_map(draft: Calibration, vectors: Vectors, labels: Labels, rng: np.random.Generator) -> Calibration:
    """Learn which precision each claim came to; queries without an answer count as well as those with many."""
    claims, relevant = _observe(draft, vectors, labels, rng)
    order = np.argsort(claims, kind="stable")
    fitted = isotonic_regression(relevant[order].astype(np.float64)).x
    # Claims crowd below 1, where a thousandth more is ten times less chance, so the knots do too.
    knots = np.append(1.0 - np.geomspace(1.0, 1e-6, MAP_POINTS - 1), 1.0)
    precisions = np.append(np.interp(knots[:-1], claims[order], fitted), 1.0)
    return replace(draft, claims=knots.astype(np.float32), precisions=precisions.astype(np.float32))


def _observe(
    calibration: Calibration, vectors: Vectors, labels: Labels, rng: np.random.Generator, n_shown: int = 50
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return claims and truth of the first hits of many queries, half of them with their own class taken out."""
    claims, relevant = [], []
    for number, query in enumerate(rng.permutation(len(vectors))[:N_QUERIES]):
        is_other = np.arange(len(vectors)) != query
        if number % 2:
            is_other &= labels != labels[query]
        scores = _scores(calibration, vectors[query], vectors[is_other])
        best = np.argsort(-scores, kind="stable")[:n_shown]
        claims.append(scores[best])
        relevant.append(labels[is_other][best] == labels[query])
    return np.concatenate(claims), np.concatenate(relevant)


def _scores(calibration: Calibration, query: NDArray[np.float32], database: Vectors) -> NDArray[np.float64]:
    yardstick = np.concatenate([calibration.reference, _sample(database)]) @ query
    return judge(database @ query, yardstick, calibration)


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
