"""Classification by neighbours, by hand and against scikit-learn."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from lookalike.metrics import Rankings, Truth, dot_products, nearest_neighbour_accuracy, rankings


def accuracy(similarities: list[list[float]], truth: Truth, k: int) -> list[float]:
    table = np.array(similarities, dtype=np.float32)
    (block,) = rankings(lambda rows: table[rows], truth)
    return nearest_neighbour_accuracy(block, truth, k).tolist()


def test_votes_by_hand() -> None:
    truth = Truth.between(np.array(["b"]), np.array(["a", "b", "b", "c"]))
    nearest_first = [[4.0, 3.0, 2.0, 1.0]]
    assert [accuracy(nearest_first, truth, k) for k in (1, 2, 3, 9)] == [[0], [0], [1], [1]]


def test_of_several_labels_each_has_a_vote_and_one_that_the_query_has_is_right() -> None:
    labels = np.array([[1, 0, 1], [0, 1, 1], [0, 1, 0]], dtype=np.bool_)
    truth = Truth.between(np.array([[1, 0, 1]], dtype=np.bool_), labels)
    assert accuracy([[3.0, 2.0, 1.0]], truth, 2) == [1]


def test_neighbours_without_a_label_make_nothing_right() -> None:
    labels = np.array([[0, 0], [1, 0]], dtype=np.bool_)
    truth = Truth.between(np.array([[1, 0]], dtype=np.bool_), labels)
    assert [accuracy([[2.0, 1.0]], truth, k) for k in (1, 2)] == [[0], [1]]


def test_a_query_has_no_vote_on_itself() -> None:
    truth = Truth.among(np.array(["a", "b", "b", "a"]))
    table = [[9.0, 2.0, 1.0, 0.0], [2.0, 9.0, 1.0, 0.0], [0.0, 2.0, 9.0, 1.0], [1.0, 2.0, 0.0, 9.0]]
    assert accuracy(table, truth, 1) == [0, 0, 1, 0]
    assert accuracy(table, truth, 4) == [0, 0, 0, 0], "three others: a b b for a, and a a b for b"


@given(seed=st.integers(0, 1000), n=st.integers(2, 20), k=st.integers(1, 5))
def test_it_is_that_of_scikit_learn(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n + 4, 3))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    labels, query_labels = rng.integers(3, size=n), rng.integers(3, size=4)
    truth = Truth.between(query_labels, labels)
    k = min(k, n)
    predicted = KNeighborsClassifier(k, algorithm="brute").fit(vectors[:n], labels).predict(vectors[n:])
    for block in rankings(dot_products(vectors[n:], vectors[:n]), truth):
        found = nearest_neighbour_accuracy(block, truth, k)
        assert found.tolist() == (predicted == query_labels)[block.queries].astype(float).tolist()


def test_memory_does_not_grow_with_the_number_of_labels() -> None:
    truth = Truth.between(np.arange(20_000), np.arange(10))
    found = Rankings(np.arange(1000), np.tile(np.arange(10), (1000, 1)), np.zeros((1000, 10), dtype=np.int32))
    tracemalloc.start()
    try:
        nearest_neighbour_accuracy(found, truth, 10)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20, "a vote of each query for each label were 160 MB"
    finally:
        tracemalloc.stop()


def test_no_neighbour_is_no_vote() -> None:
    with pytest.raises(ValueError, match="k = 0"):
        accuracy([[1.0]], Truth.between(np.array([1]), np.array([1])), 0)
