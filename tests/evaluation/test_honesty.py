"""Whether scores mean something, with judges whose honesty is known."""

import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_ndtr

from lookalike.evaluation.honesty import Honesty, Judge, chance_judge, honesty
from lookalike.metrics import Truth
from lookalike.types import Calibration, Vectors

VECTORS = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
LABELS = np.array([0, 0, 1, 1])


def among(vectors: Vectors, labels: NDArray[np.int64], judge: Judge) -> Honesty:
    return honesty(vectors, vectors, Truth.among(labels), judge)


def above(bound: float, claim: float) -> Honesty:
    def judge(query: NDArray[np.float32], similarities: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.where(similarities > bound, claim, 0.0)

    return among(VECTORS, LABELS, judge)


def test_a_judge_by_hand() -> None:
    # Similarities: 0-1 0.8, 0-2 0.6, 0-3 0, 1-2 0.96, 1-3 0.6, 2-3 0.8; related are 0-1 and 2-3.
    found = above(0.7, 0.9)
    assert found.n_queries == 4
    assert found.nothing_when_absent == 2 / 4  # 0 and 3; 1 and 2 take each other for related
    assert found.right_when_present == 1
    assert found.related_shown == 1
    assert found.precision == pytest.approx(4 / 6)
    assert found.claimed == pytest.approx(0.9)
    assert found.bins.counts.tolist() == [0] * 9 + [6]
    assert not found.holds
    assert found.to_json() == {
        "queries": 4,
        "nothing_when_absent": 0.5,
        "right_when_present": 1.0,
        "related_shown": 1.0,
        "precision": pytest.approx(4 / 6),
        "claimed": pytest.approx(0.9),
        "calibration_error": pytest.approx(0.9 - 4 / 6),
        "bins": [{"claimed": pytest.approx(0.9), "true": pytest.approx(4 / 6), "count": 6}],
        "holds": False,
    }


def test_a_judge_that_shows_everything_finds_all_and_is_not_honest() -> None:
    found = above(-1, 0.5)
    assert (found.nothing_when_absent, found.right_when_present, found.related_shown) == (0, 1, 1)
    assert found.precision == pytest.approx(1 / 3)
    assert not found.holds


def test_a_judge_that_shows_nothing_has_no_precision_and_does_not_hold() -> None:
    found = above(2, 1.0)
    assert (found.nothing_when_absent, found.right_when_present, found.related_shown) == (1, 0, 0)
    assert math.isnan(found.precision)
    assert not found.holds
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["precision"] is None


def clusters(n_clusters: int, size: int, noise: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(7)
    labels = np.repeat(np.arange(n_clusters), size)
    vectors = rng.standard_normal((n_clusters, 64))[labels] + noise * rng.standard_normal((len(labels), 64))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def normal_chance(claims: list[float], precisions: list[float]) -> Calibration:
    """Return a calibration for vectors of independent directions, whose similarities are almost normal."""
    rng = np.random.default_rng(8)
    reference = rng.standard_normal((400, 64))
    z = np.linspace(-6, 8, 200)
    return Calibration(
        reference=(reference / np.linalg.norm(reference, axis=1, keepdims=True)).astype(np.float32),
        tail_z=z.astype(np.float32),
        tail_log_p=log_ndtr(-z).astype(np.float32),
        log_rates=np.log(np.maximum(1 - np.array(claims[::-1]), 1e-9)).astype(np.float32),
        precisions=np.array(precisions[::-1], dtype=np.float32),
        judges=True,
    )


def test_a_good_judge_of_good_vectors_holds() -> None:
    found = among(*clusters(60, 4, 0.3), chance_judge(normal_chance([0, 0.95, 1], [0, 0.5, 1])))
    assert found.nothing_when_absent >= 0.9
    assert found.right_when_present >= 0.9
    assert found.related_shown >= 0.9
    assert found.holds


def test_chance_shows_almost_nothing_where_labels_mean_nothing() -> None:
    vectors, labels = clusters(200, 1, 0.0)
    found = among(vectors, labels // 4, chance_judge(normal_chance([0, 0.95, 1], [0, 0.5, 1])))
    assert found.nothing_when_absent >= 0.9
    assert found.right_when_present <= 0.1


def test_by_chance_alone_four_of_ten_searches_show_something() -> None:
    # A false discovery rate of one half lets the best of N unrelated pass with probability 1 - exp(-1/2).
    vectors, labels = clusters(200, 1, 0.0)
    found = among(vectors, labels // 4, chance_judge(None))
    assert found.nothing_when_absent == pytest.approx(np.exp(-1 / 2), abs=0.1)


def test_what_was_learned_about_claims_limits_them() -> None:
    modest = normal_chance([0, 1], [0, 0.4])
    assert among(*clusters(60, 4, 0.3), chance_judge(modest)).related_shown == 0


def test_chance_claims_descend_with_the_similarities() -> None:
    vectors, _ = clusters(60, 4, 0.3)
    similarities = vectors @ vectors[0]
    claims = chance_judge(None)(vectors[0], similarities)
    assert np.all(np.diff(claims[np.argsort(-similarities, kind="stable")]) <= 0)
    assert np.all((claims >= 0) & (claims <= 1))


def test_an_empty_database_is_judged() -> None:
    nothing = np.zeros(0, dtype=np.float32)
    assert len(chance_judge(None)(VECTORS[0], nothing)) == 0
    assert among(VECTORS, np.zeros(4, dtype=np.int64), chance_judge(None)).nothing_when_absent == 1


def test_without_a_pair_there_is_nothing_to_ask() -> None:
    with pytest.raises(ValueError, match="a query that has an answer, got 4 that have none"):
        among(VECTORS, np.arange(4), chance_judge(None))


def test_queries_from_elsewhere_find_all_that_belongs_to_them() -> None:
    queries = np.array([[1, 0], [0, 1]], dtype=np.float32)
    truth = Truth.between(np.array([0, 2]), LABELS)
    found = honesty(queries, VECTORS, truth, lambda _, similarities: np.where(similarities > 0.7, 0.8, 0.0))
    assert found.n_queries == 1
    assert (found.related_shown, found.precision, found.nothing_when_absent) == (1, 1, 1)


def test_it_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    honesty(VECTORS, VECTORS, Truth.among(LABELS), chance_judge(None), lambda *numbers: told.append(numbers))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
