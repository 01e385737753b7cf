"""The interval of a mean over queries."""

import numpy as np
import pytest

from lookalike.metrics import bootstrap_interval, bootstrap_intervals


def test_one_value_or_equal_values_have_an_interval_of_no_width() -> None:
    assert bootstrap_interval(np.array([0.25])) == (0.25, 0.25)
    assert bootstrap_interval(np.full(20, 0.5)) == (0.5, 0.5)


def test_the_interval_is_about_two_standard_errors_to_each_side() -> None:
    values = np.random.default_rng(7).normal(10, 1, size=400)
    low, high = bootstrap_interval(values)
    standard_error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * standard_error, abs=0.01)
    assert high == pytest.approx(values.mean() + 1.96 * standard_error, abs=0.01)


def test_a_higher_level_gives_a_wider_interval() -> None:
    values = np.random.default_rng(7).random(50)
    narrow, wide = bootstrap_interval(values, level=0.5), bootstrap_interval(values, level=0.99)
    assert wide[0] < narrow[0] < values.mean() < narrow[1] < wide[1]


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(7).random(50)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    intervals = [bootstrap_interval(rng.random(40), level=0.9, n_resamples=300) for _ in range(200)]
    assert 0.82 < np.mean([low <= 0.5 <= high for low, high in intervals]) < 0.96


def test_no_values_and_impossible_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        bootstrap_interval(np.array([]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        bootstrap_interval(np.array([1.0]), level=1.0)


def test_several_means_have_the_intervals_that_each_has_alone() -> None:
    values = np.random.default_rng(7).random((30, 3))
    low, high = bootstrap_intervals(values)
    alone = [bootstrap_interval(column) for column in values.T]
    assert np.stack([low, high], axis=1) == pytest.approx(np.array(alone))


def test_the_interval_of_differences_is_narrower_than_those_of_what_differs() -> None:
    rng = np.random.default_rng(7)
    hard = rng.random(100)
    one, other = hard + rng.normal(0, 0.02, 100), hard + 0.02 + rng.normal(0, 0.02, 100)
    low, high = bootstrap_interval(other - one)
    assert 0 < low < 0.02 < high
    assert high - low < np.diff(bootstrap_interval(one))[0] / 4


def test_the_means_are_those_of_a_naive_loop() -> None:
    values = np.random.default_rng(7).random(25)
    rng = np.random.default_rng(3)
    means = [np.mean([values[row] for row in rng.integers(25, size=25)]) for _ in range(400)]
    assert bootstrap_interval(values, seed=3, n_resamples=400) == pytest.approx(np.quantile(means, [0.025, 0.975]))
