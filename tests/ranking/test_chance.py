"""Similarities in units of chance, and what a ranking claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from lookalike.ranking.chance import (
    LARGEST_Z,
    judge,
    log_chances,
    log_false_discovery_rates,
    normal_quantiles,
    scores,
    spread,
)
from lookalike.types import Calibration


def normal_calibration(**values: object) -> Calibration:
    """A calibration whose tail is the normal distribution's, measured up to four standard deviations."""
    z = np.linspace(-3, 4, 71, dtype=np.float32)
    log_rates = np.linspace(-20, 0, 81, dtype=np.float32)
    fields = {
        "reference": np.zeros((0, 4), dtype=np.float32),
        "tail_z": z,
        "tail_log_p": norm.logsf(z).astype(np.float32),
        "log_rates": log_rates,
        "precisions": -np.expm1(log_rates),
        "judges": True,
    }
    return Calibration(**{**fields, **values})


def test_spread_is_median_and_distance_to_the_84th_percentile() -> None:
    centre, scale = spread(np.arange(10_001, dtype=np.float64))
    assert centre == 5000
    assert scale == pytest.approx(3413, abs=1)


def test_a_tenth_of_related_pictures_hardly_moves_the_spread() -> None:
    rng = np.random.default_rng(7)
    chance = rng.normal(size=2000)
    centre, scale = spread(np.concatenate([chance, rng.normal(8, 1, size=200)]))
    assert abs(centre) < 0.2
    assert 0.8 < scale < 1.5


def test_constant_similarities_have_a_positive_scale() -> None:
    assert spread(np.full(5, 0.3)) == (pytest.approx(0.3), 1e-6)


def test_chances_follow_the_measured_tail_and_go_on_in_a_straight_line_beyond() -> None:
    calibration = normal_calibration()
    z = np.array([-1.0, 0.0, 2.0, 3.9])
    assert log_chances(z, calibration) == pytest.approx(norm.logsf(z), abs=0.01)
    beyond = log_chances(np.array([5.0, 6.0, 7.0]), calibration)
    assert np.diff(beyond) == pytest.approx(np.repeat(beyond[1] - beyond[0], 2))
    assert beyond[0] < log_chances(np.array([4.0]), calibration)[0]


def test_without_a_calibration_chances_are_normal() -> None:
    z = np.array([-2.0, 0.0, 3.0])
    assert log_chances(z, None) == pytest.approx(norm.logsf(z))


def test_normal_quantiles_undo_normal_chances_and_stay_finite() -> None:
    z = np.array([-3.0, 0.0, 1.0, 6.0])
    assert normal_quantiles(norm.logsf(z)) == pytest.approx(z, abs=1e-6)
    assert normal_quantiles(np.array([-1e6, 0.0])) == pytest.approx([LARGEST_Z, -7.03], abs=0.01)
    assert np.isfinite(normal_quantiles(np.array([-np.inf, 0.0]))).all()


def test_false_discovery_rates_of_a_hand_computed_table() -> None:
    # p = 0.001, 0.01, 0.2 among 10: 10 * 0.001 / 1, 10 * 0.01 / 2, 10 * 0.2 / 3
    rates = log_false_discovery_rates(norm.isf([0.001, 0.01, 0.2]), 10)
    assert np.exp(rates) == pytest.approx([0.01, 0.05, 2 / 3])


def test_a_better_later_rate_holds_for_earlier_ranks_too() -> None:
    # Ten equal chances of 0.01 among 100: alone each is worth nothing, together a tenth is chance.
    assert np.exp(log_false_discovery_rates(norm.isf(np.full(10, 0.01)), 100)) == pytest.approx(np.full(10, 0.1))


def test_no_hits_have_no_rates() -> None:
    assert log_false_discovery_rates(np.zeros(0), 0).shape == (0,)


@given(st.lists(st.floats(-5, 12), max_size=40), st.integers(40, 10**6))
def test_scores_descend_and_stay_between_0_and_1(z: list[float], n_database: int) -> None:
    ranked = np.sort(np.array(z, dtype=np.float64))[::-1]
    result = scores(ranked, n_database, [])
    assert ((result >= 0) & (result <= 1)).all()
    assert (np.diff(result) <= 1e-12).all()


def test_of_several_calibrations_the_most_cautious_holds() -> None:
    bold = normal_calibration()
    shy = normal_calibration(precisions=0.4 * bold.precisions)
    assert scores(np.array([20.0]), 10, [bold, shy]) == pytest.approx([0.4], abs=1e-4)


def test_infinitely_certain_hits_score_1() -> None:
    assert scores(np.array([np.inf, np.inf]), 5, []) == pytest.approx([1.0, 1.0])


def test_judged_noise_shows_nothing_and_a_planted_picture_stands_out() -> None:
    rng = np.random.default_rng(7)
    calibration = normal_calibration()
    noise = rng.normal(size=2000)
    assert judge(noise, rng.normal(size=500), calibration).max() < 0.9
    planted = np.append(noise, 9.0)
    result = judge(planted, rng.normal(size=500), calibration)
    assert result.argmax() == 2000
    assert result[2000] > 0.99


def test_in_pure_chance_few_queries_show_anything() -> None:
    rng = np.random.default_rng(7)
    shows = [judge(rng.normal(size=1000), rng.normal(size=1000), normal_calibration()).max() >= 0.5 for _ in range(200)]
    assert np.mean(shows) < 0.6  # half at most by definition of the rate, and some for its estimate
