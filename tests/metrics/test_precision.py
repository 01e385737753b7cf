"""Precision and recall against tables made by hand, a naive loop, and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from lookalike.metrics import (
    Divisor,
    average_precision,
    average_precisions,
    precision_at,
    r_precision,
    recall_at,
    recall_at_precision,
)

Flags = list[list[bool]]
flags = st.integers(1, 12).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=6)
)


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
    known = None if n_relevant is None else [n_relevant]
    assert average_precision([relevant], known) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("divided_by", "expected"),
    [("all", (1 + 2 / 3) / 5), ("possible", (1 + 2 / 3) / 3), ("retrieved", (1 + 2 / 3) / 2)],
)
def test_a_cut_off_is_divided_by_what_is_asked_for(divided_by: Divisor, expected: float) -> None:
    relevant = [[1, 0, 1, 1, 0, 1, 1]]
    assert average_precision(relevant, k=3, divided_by=divided_by) == pytest.approx([expected])


@pytest.mark.parametrize("divided_by", ["all", "possible", "retrieved"])
def test_nothing_relevant_in_reach_is_zero_and_none_at_all_is_unknown(divided_by: Divisor) -> None:
    found = average_precision([[0, 0, 1], [0, 0, 0]], k=2, divided_by=divided_by)
    assert found == pytest.approx([0, np.nan], nan_ok=True)


@pytest.mark.parametrize("divided_by", ["all", "possible", "retrieved"])
def test_without_a_cut_off_all_divisors_are_the_same(divided_by: Divisor) -> None:
    relevant = [[1, 0, 1, 1], [0, 1, 0, 0]]
    assert average_precision(relevant, divided_by=divided_by) == pytest.approx(average_precision(relevant))


def test_every_measure_of_nothing_relevant_is_unknown_but_precision() -> None:
    for values in (average_precision([[0, 0]]), recall_at([[]], 1), r_precision([[0]]), recall_at_precision([[0]], 1)):
        assert np.isnan(values).all()
    assert precision_at([[0, 0]], 1) == [0]


def test_no_query_has_no_value() -> None:
    none = np.zeros((0, 4), dtype=np.bool_)
    for values in (average_precision(none), precision_at(none, 2), recall_at(none, 2), r_precision(none)):
        assert values.shape == (0,)
    assert recall_at_precision(none, 0.5).shape == (0,)


def test_precision_and_recall_at_k_by_hand() -> None:
    relevant = [[1, 0, 1, 0], [0, 0, 0, 1]]
    assert [precision_at(relevant, k).tolist() for k in (1, 2, 4, 8)] == [
        [1, 0],
        [1 / 2, 0],
        [1 / 2, 1 / 4],
        [1 / 4, 1 / 8],
    ]
    assert [recall_at(relevant, k).tolist() for k in (1, 3, 9)] == [[1 / 2, 0], [1, 0], [1, 1]]
    assert recall_at(relevant, 3, n_relevant=[8, 1]).tolist() == [1 / 4, 0]


def test_r_precision_looks_at_as_many_places_as_there_are_relevant_items() -> None:
    assert r_precision([[1, 0, 1, 0], [0, 1, 0, 0]]).tolist() == [1 / 2, 0]
    assert r_precision([[1, 0, 1, 0]], n_relevant=[4]).tolist() == [2 / 4]
    assert r_precision([[1, 1]], n_relevant=[4]).tolist() == [2 / 4], "a ranking that is too short lacks the others"


def test_recall_at_precision_takes_the_last_cut_off_that_is_precise_enough() -> None:
    relevant = [[0, 1, 1, 1, 0, 0, 1]]  # precision 0, 1/2, 2/3, 3/4, 3/5, 1/2, 4/7
    assert [recall_at_precision(relevant, p)[0] for p in (0.5, 0.6, 0.75, 0.8)] == [1, 3 / 4, 3 / 4, 0]
    assert recall_at_precision(relevant, 0.75, n_relevant=[6]) == 3 / 6


@pytest.mark.parametrize("k", [0, -1])
def test_a_rank_below_one_is_refused(k: int) -> None:
    for measure in (precision_at, recall_at):
        with pytest.raises(ValueError, match=f"k = {k}"):
            measure([[1]], k)
    with pytest.raises(ValueError, match=f"k = {k}"):
        average_precision([[1]], k=k)


def test_what_is_no_relevance_of_rankings_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 2 relevant items, got n_relevant = 1"):
        average_precision([[1, 0], [1, 1]], [1, 1])
    with pytest.raises(ValueError, match="2 rankings need as many"):
        average_precision([[1, 0], [1, 1]], [1])
    with pytest.raises(ValueError, match=r"\(Q, R\), got \(2,\)"):
        average_precision([1, 0])
    for precision in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            recall_at_precision([[1]], precision)


@settings(deadline=None, derandomize=True)
@given(relevant=flags)
def test_average_precision_is_that_of_scikit_learn_where_scores_differ(relevant: Flags) -> None:
    scores = -np.arange(len(relevant[0]))
    expected = [average_precision_score(row, scores) if any(row) else np.nan for row in relevant]
    assert average_precision(relevant) == pytest.approx(expected, nan_ok=True)


@settings(deadline=None, derandomize=True)
@given(relevant=flags, precision=st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9, 1.0]))
def test_recall_at_precision_is_on_the_curve_of_scikit_learn(relevant: Flags, precision: float) -> None:
    expected = []
    for row in relevant:
        if not any(row):
            expected.append(np.nan)
            continue
        precisions, recalls, _ = precision_recall_curve(row, -np.arange(len(row)))
        expected.append(recalls[precisions >= precision].max())
    assert recall_at_precision(relevant, precision) == pytest.approx(expected, nan_ok=True)


def naive(row: list[bool], n_relevant: int, k: int, divided_by: str) -> float:
    found, total = 0, 0.0
    for rank, is_relevant in enumerate(row[:k], 1):
        if is_relevant:
            found += 1
            total += found / rank
    divisor = {"all": n_relevant, "possible": min(n_relevant, k), "retrieved": found}[divided_by]
    return float("nan") if not n_relevant else total / max(divisor, 1)


@settings(deadline=None, derandomize=True)
@given(
    relevant=flags,
    k=st.integers(1, 15),
    more=st.integers(0, 3),
    divided_by=st.sampled_from(["all", "possible", "retrieved"]),
)
def test_average_precision_at_k_is_that_of_a_naive_loop(
    relevant: Flags, k: int, more: int, divided_by: Divisor
) -> None:
    n_relevant = [sum(row) + more for row in relevant]
    expected = [naive(row, n, k, divided_by) for row, n in zip(relevant, n_relevant, strict=True)]
    found = average_precision(relevant, n_relevant, k=k, divided_by=divided_by)
    assert found == pytest.approx(expected, nan_ok=True)


@settings(deadline=None, derandomize=True)
@given(relevant=flags, k=st.integers(1, 15))
def test_precision_recall_and_r_precision_are_those_of_a_naive_loop(relevant: Flags, k: int) -> None:
    assert precision_at(relevant, k) == pytest.approx([sum(row[:k]) / k for row in relevant])
    asked = [row for row in relevant if any(row)] or [[True]]
    assert recall_at(asked, k) == pytest.approx([sum(row[:k]) / sum(row) for row in asked])
    assert r_precision(asked) == pytest.approx([sum(row[: sum(row)]) / sum(row) for row in asked])


def naive_average_precision(similarities: list[float], labels: list[int], query: int) -> float:
    others = sorted((row for row in range(len(labels)) if row != query), key=lambda row: (-similarities[row], row))
    row = [labels[other] == labels[query] for other in others]
    return naive(row, sum(row), len(row) + 1, "all")


@settings(deadline=None, derandomize=True, max_examples=50)
@given(n=st.integers(0, 25), n_labels=st.integers(1, 6), seed=st.integers(0, 1000))
def test_average_precisions_are_those_of_a_naive_loop(n: int, n_labels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, (n, 4)).astype(np.float32)  # sums of small integers are exact, and often tied
    labels: NDArray[np.int64] = rng.integers(n_labels, size=n)
    similarities = (vectors @ vectors.T).tolist()
    expected = [naive_average_precision(similarities[query], labels.tolist(), query) for query in range(n)]
    assert average_precisions(vectors, labels) == pytest.approx(expected, nan_ok=True)


def test_a_query_does_not_find_itself() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    assert average_precisions(vectors, np.array([0, 0, 1]))[:2] == pytest.approx([1 / 2, 1])


def test_labels_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 vectors need as many labels"):
        average_precisions(np.eye(2, dtype=np.float32), np.array([1]))
