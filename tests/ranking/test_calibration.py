"""A calibration made on some classes holds on others."""

import numpy as np
import pytest

from lookalike.ranking.calibration import calibrate
from lookalike.ranking.chance import judge

D = 64


def world(n_classes: int, n_each: int, closeness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes as centres on a sphere, pictures around them: the closer, the easier."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_classes, D))
    vectors = closeness * np.repeat(centres, n_each, axis=0) + rng.normal(size=(n_classes * n_each, D))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), np.repeat(np.arange(n_classes), n_each)


@pytest.fixture(scope="module")
def easy() -> tuple[np.ndarray, np.ndarray]:
    return world(150, 8, 1.3, seed=7)


def test_a_describer_that_tells_classes_apart_may_judge_and_its_claims_hold(
    easy: tuple[np.ndarray, np.ndarray],
) -> None:
    calibration = calibrate(*easy)
    assert calibration.judges
    vectors, labels = world(60, 8, 1.3, seed=8)
    claimed, true, empty = [], [], []
    for query in range(0, len(vectors), 4):
        others = np.arange(len(vectors)) != query
        yardstick = calibration.reference @ vectors[query]
        scores = judge(vectors[others] @ vectors[query], yardstick, calibration)
        claimed.append(scores[scores >= 0.5])
        true.append((labels[others] == labels[query])[scores >= 0.5])
        strangers = judge(vectors[labels != labels[query]] @ vectors[query], yardstick, calibration)
        empty.append(strangers.max() < 0.5)
    assert abs(np.concatenate(claimed).mean() - np.concatenate(true).mean()) < 0.1
    assert np.mean(empty) >= 0.9


def test_a_describer_of_noise_may_not_judge() -> None:
    assert not calibrate(*world(120, 6, 0.0, seed=7)).judges


def test_a_copy_is_claimed_with_certainty_even_where_classes_are_hardly_told_apart() -> None:
    calibration = calibrate(*world(150, 8, 0.6, seed=7))
    vectors, _ = world(60, 8, 0.6, seed=8)
    others = []
    for query in range(0, len(vectors), 20):
        scores = judge(vectors @ vectors[query], calibration.reference @ vectors[query], calibration)
        assert scores[query] > 0.99
        others.append(np.delete(scores, query).max())
    assert np.median(others) < 0.9


def test_too_few_classes_and_vectors_that_are_all_alike_are_refused_in_words() -> None:
    for n_classes in (0, 1, 3, 10, 99):
        with pytest.raises(ValueError, match=f"needs 100 classes or more, got {n_classes};"):
            calibrate(*world(n_classes, 3, 1.3, seed=7))
    vectors, labels = world(120, 4, 1.3, seed=7)
    with pytest.raises(ValueError, match="have 1 different quantiles, and a calibration needs 8"):
        calibrate(np.repeat(vectors[:1], len(vectors), axis=0), labels)
    one_hot = np.eye(8, dtype=np.float32)[np.random.default_rng(7).integers(8, size=len(labels))]
    with pytest.raises(ValueError, match="different quantiles"):
        calibrate(one_hot, labels)


def test_the_tail_and_the_map_are_monotone(easy: tuple[np.ndarray, np.ndarray]) -> None:
    calibration = calibrate(*easy)
    assert (np.diff(calibration.tail_z) > 0).all()
    assert (np.diff(calibration.tail_log_p) < 0).all()
    assert (np.diff(calibration.log_rates) > 0).all()
    assert (np.diff(calibration.precisions) <= 0).all()


def test_the_same_seed_gives_the_same_calibration(easy: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = calibrate(*easy), calibrate(*easy)
    assert np.array_equal(first.tail_z, second.tail_z)
    assert np.array_equal(first.precisions, second.precisions)
