"""Reliability diagrams."""

import numpy as np
import pytest

from lookalike.metrics import expected_calibration_error, pooled_reliability, reliability


def test_bins_by_hand() -> None:
    claims = np.array([0.0, 0.4, 0.5, 0.7, 1.0])
    bins = reliability(claims, np.array([False, True, False, True, True]), n_bins=2)
    assert bins.counts.tolist() == [2, 3]
    assert bins.claimed == pytest.approx([0.2, (0.5 + 0.7 + 1.0) / 3])
    assert bins.true == pytest.approx([1 / 2, 2 / 3])
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.3 + 3 * (2.2 / 3 - 2 / 3)) / 5)


def test_a_bin_without_claims_says_nothing() -> None:
    bins = reliability(np.array([0.95]), np.array([True]))
    assert bins.counts.tolist() == [0] * 9 + [1]
    assert np.isnan(bins.claimed[:9]).all() and np.isnan(bins.true[:9]).all()
    assert expected_calibration_error(bins) == pytest.approx(0.05)


def test_without_claims_there_is_no_error() -> None:
    bins = reliability(np.zeros(0), np.zeros(0, dtype=np.bool_))
    assert bins.counts.sum() == 0
    assert np.isnan(expected_calibration_error(bins))


def test_claims_that_come_true_as_often_as_they_say_have_almost_no_error() -> None:
    rng = np.random.default_rng(7)
    claims = rng.random(50_000)
    assert expected_calibration_error(reliability(claims, rng.random(50_000) < claims)) < 0.01


def test_diagrams_pool_to_that_of_all_claims() -> None:
    rng = np.random.default_rng(7)
    claims, correct = 0.3 + 0.7 * rng.random(500), rng.random(500) < 0.4
    pooled = pooled_reliability(
        [reliability(claims[part], correct[part]) for part in np.split(np.arange(500), [0, 3, 200])]
    )
    whole = reliability(claims, correct)
    np.testing.assert_array_equal(pooled.counts, whole.counts)
    np.testing.assert_allclose([pooled.claimed, pooled.true], [whole.claimed, whole.true], rtol=1e-12)


@pytest.mark.parametrize(
    ("claims", "correct", "n_bins", "message"),
    [
        ([0.5], [True, False], 10, "every claim is correct or not"),
        ([0.5], [True], 0, "at least one bin"),
        ([1.5], [True], 10, "between 0 and 1"),
        ([np.nan], [True], 10, "between 0 and 1"),
    ],
)
def test_what_makes_no_diagram_is_refused(claims: list[float], correct: list[bool], n_bins: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reliability(np.array(claims), np.array(correct), n_bins)
