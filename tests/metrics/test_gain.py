"""Discounted cumulative gain against tables made by hand, a naive loop, and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from lookalike.metrics import ndcg


def test_gains_by_hand() -> None:
    best = 3 + 2 / math.log2(3)
    assert ndcg([[3, 2, 0], [2, 0, 3]]) == pytest.approx([1, (2 + 3 / 2) / best])
    assert ndcg([[2, 0, 3]], k=2) == pytest.approx([2 / best])


def test_what_the_rankings_lack_counts_in_the_best_one() -> None:
    assert ndcg([[1]], ideal=[[0, 2, 1]]) == pytest.approx([1 / (2 + 1 / math.log2(3))])
    assert ndcg([[1]], ideal=[[0, 2, 1]], k=1) == pytest.approx([1 / 2])


def test_where_nothing_has_a_gain_there_is_no_value() -> None:
    assert np.isnan(ndcg([[0, 0]])).all()
    assert ndcg(np.zeros((0, 3))).shape == (0,)
    assert np.isnan(ndcg(np.zeros((2, 0)))).all()


@given(seed=st.integers(0, 1000), n=st.integers(2, 12), k=st.none() | st.integers(1, 15))
def test_it_is_that_of_scikit_learn_where_scores_differ(seed: int, n: int, k: int | None) -> None:
    gains = np.random.default_rng(seed).integers(0, 4, (3, n))
    gains[:, 0] += 1
    scores = np.tile(-np.arange(n), (3, 1))
    assert ndcg(gains, k=k).mean() == pytest.approx(ndcg_score(gains, scores, k=k))


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), k=st.integers(1, 15))
def test_it_is_that_of_a_naive_loop(seed: int, n: int, k: int) -> None:
    gains = np.random.default_rng(seed).integers(0, 4, n).tolist()

    def discounted(values: list[int]) -> float:
        return sum(value / math.log2(1 + rank) for rank, value in enumerate(values[:k], 1))

    best = discounted(sorted(gains, reverse=True))
    expected = discounted(gains) / best if best else float("nan")
    assert ndcg([gains], k=k) == pytest.approx([expected], nan_ok=True)


def test_impossible_gains_and_ranks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, got a negative"):
        ndcg([[1, -1]])
    with pytest.raises(ValueError, match="k = 0"):
        ndcg([[1]], k=0)
    with pytest.raises(ValueError, match=r"got \(1, 1\) and \(2, 1\)"):
        ndcg([[1]], ideal=[[1], [1]])
