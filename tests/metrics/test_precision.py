"""Precision and recall against tables made by hand, a naive loop, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from lookalike.metrics import average_precision, average_precisions, precision, precision_at, recall_at


@pytest.mark.parametrize(
    ("relevant", "n_relevant", "expected"),
    [
        ([1], None, 1),
        ([0, 1], None, 1 / 2),
        ([1, 0, 1], None, (1 + 2 / 3) / 2),
        ([0, 0, 1, 1], None, (1 / 3 + 2 / 4) / 2),
        ([1, 0, 1], 4, (1 + 2 / 3) / 4),
        ([], 3, 0),
        ([0, 0], 1, 0),
    ],
)
def test_average_precision_by_hand(relevant: list[int], n_relevant: int | None, expected: float) -> None:
    assert average_precision(relevant, n_relevant) == pytest.approx(expected)


@pytest.mark.parametrize("relevant", [[], [0], [0, 0, 0]])
def test_where_nothing_is_relevant_there_is_no_average_precision(relevant: list[int]) -> None:
    assert np.isnan(average_precision(relevant))
    assert np.isnan(recall_at(relevant, 1))


def test_precision_and_recall_at_k_by_hand() -> None:
    relevant = [1, 0, 1, 0]
    assert [precision_at(relevant, k) for k in (1, 2, 3, 4, 8)] == [1, 1 / 2, 2 / 3, 1 / 2, 1 / 4]
    assert [recall_at(relevant, k) for k in (1, 2, 3, 9)] == [1 / 2, 1 / 2, 1, 1]
    assert recall_at(relevant, 3, n_relevant=8) == 1 / 4


def test_a_rank_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="k = 0"):
        precision_at([1], 0)
    with pytest.raises(ValueError, match="k = 0"):
        recall_at([1], 0)


def test_more_hits_than_relevant_items_are_refused() -> None:
    with pytest.raises(ValueError, match="holds 2 relevant items, got n_relevant = 1"):
        average_precision([1, 1], 1)


@settings(deadline=None, derandomize=True)
@given(relevant=st.lists(st.booleans(), min_size=1, max_size=40).filter(any))
def test_average_precision_is_that_of_scikit_learn_where_scores_differ(relevant: list[bool]) -> None:
    scores = -np.arange(len(relevant))
    assert average_precision(relevant) == pytest.approx(average_precision_score(relevant, scores))


def naive_average_precision(similarities: list[float], labels: list[int], query: int) -> float:
    others = sorted((row for row in range(len(labels)) if row != query), key=lambda row: (-similarities[row], row))
    found, total = 0, 0.0
    for rank, row in enumerate(others, 1):
        if labels[row] == labels[query]:
            found += 1
            total += found / rank
    return total / found if found else float("nan")


@settings(deadline=None, derandomize=True, max_examples=50)
@given(n=st.integers(0, 25), n_labels=st.integers(1, 6), seed=st.integers(0, 1000))
def test_average_precisions_are_those_of_a_naive_loop(n: int, n_labels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, (n, 4)).astype(np.float32)  # sums of small integers are exact, and often tied
    labels = rng.integers(n_labels, size=n)
    similarities = (vectors @ vectors.T).tolist()
    expected = [naive_average_precision(similarities[query], labels.tolist(), query) for query in range(n)]
    assert average_precisions(vectors, labels) == pytest.approx(expected, nan_ok=True)


def test_average_precisions_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    vectors, labels = rng.standard_normal((30, 5)).astype(np.float32), rng.integers(4, size=30)
    at_once = average_precisions(vectors, labels)
    monkeypatch.setattr(precision, "_CHUNK", 1)
    assert average_precisions(vectors, labels) == pytest.approx(at_once)


def test_a_query_does_not_find_itself() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    assert average_precisions(vectors, np.array([0, 0, 1]))[:2] == pytest.approx([1 / 2, 1])


def test_labels_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 vectors need as many labels"):
        average_precisions(np.eye(2, dtype=np.float32), np.array([1]))
