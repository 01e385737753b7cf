"""How terms meet in z."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.ranking.fusion import fuse_and, fuse_not, fuse_or

Z = np.array([3.0, 0.0, -1.0])


def test_and_is_the_weighted_stouffer_sum() -> None:
    other = np.array([4.0, 1.0, 2.0])
    assert fuse_and([Z, other], [1, 1]) == pytest.approx((Z + other) / np.sqrt(2))
    assert fuse_and([Z, other], [2, 1]) == pytest.approx((2 * Z + other) / np.sqrt(5))


def test_one_term_is_itself_whatever_its_weight() -> None:
    assert fuse_and([Z], [7]) == pytest.approx(Z)


def test_a_filter_that_holds_leaves_the_others_and_one_that_fails_decides() -> None:
    holds = np.array([np.inf, -np.inf, np.inf])
    assert fuse_and([Z, holds], [1, 1]).tolist() == [3.0, -np.inf, -1.0]
    assert fuse_and([holds], [1]).tolist() == [np.inf, -np.inf, np.inf]


def test_what_is_certain_counts_as_the_best_look_and_falls_behind_nobody() -> None:
    told_or_looked = np.array([2.0, np.inf, -1.0])
    assert fuse_and([Z, told_or_looked], [1, 1]) == pytest.approx((Z + np.array([2.0, 2.0, -1.0])) / np.sqrt(2))
    assert fuse_and([told_or_looked], [3]).tolist() == [2.0, np.inf, -1.0]


@given(st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8), st.booleans()), min_size=1))
def test_nobody_passes_who_is_no_better_elsewhere_and_not_certain(rows: list[tuple[float, float, bool]]) -> None:
    elsewhere, looked, is_certain = (np.array(column) for column in zip(*rows, strict=True))
    z = fuse_and([elsewhere, np.where(is_certain, np.inf, looked)], [1, 2])
    for certain, other in np.ndindex(len(rows), len(rows)):
        if is_certain[certain] and not is_certain[other] and elsewhere[certain] >= elsewhere[other]:
            assert z[certain] >= z[other] - 1e-9


def test_or_is_the_best_term() -> None:
    assert fuse_or([Z, -Z]).tolist() == [3.0, 0.0, 1.0]


def test_not_turns_round() -> None:
    assert fuse_not(Z).tolist() == [-3.0, 0.0, 1.0]


def test_a_true_pair_of_independent_chances_is_as_rare_as_z_says() -> None:
    rng = np.random.default_rng(7)
    z = fuse_and([rng.normal(size=200_000), rng.normal(size=200_000)], [3, 1])
    assert (z > 2).mean() == pytest.approx(0.0228, rel=0.05)
