"""Rankings of a whole database against a naive loop."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.metrics import Rankings, Truth, dot_products, rankings


def all_of(similarities: NDArray[np.float32], truth: Truth) -> list[Rankings]:
    return list(rankings(lambda rows: similarities[rows], truth))


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), n_queries=st.integers(0, 5))
def test_they_are_those_of_a_naive_loop(seed: int, n: int, n_queries: int) -> None:
    rng = np.random.default_rng(seed)
    labels, query_labels = rng.integers(3, size=n), rng.integers(3, size=n_queries)
    similarities = rng.integers(-2, 3, (n_queries, n)).astype(np.float32)
    truth = Truth.between(query_labels, labels)
    asked = [query for query in range(n_queries) if query_labels[query] in labels]
    blocks = all_of(similarities, truth)
    assert [query for block in blocks for query in block.queries] == asked
    for block in blocks:
        for query, rows, shared in zip(block.queries, block.rows, block.shared, strict=True):
            assert rows.tolist() == sorted(range(n), key=lambda row: (-similarities[query, row], row))
            assert shared.tolist() == [int(labels[row] == query_labels[query]) for row in rows]


def test_a_query_in_the_database_stands_last_without_its_row() -> None:
    similarities = np.array([[9, 1, 2], [5, 9, 5]], dtype=np.float32)
    truth = Truth.between(np.array([0, 0]), np.array([0, 0, 1]), own=np.array([0, 1]))
    (block,) = all_of(similarities, truth)
    assert block.rows.tolist() == [[2, 1, -1], [0, 2, -1]]
    assert block.relevant.tolist() == [[False, True, False], [True, False, False]]


def test_a_query_may_count_as_what_it_finds_first() -> None:
    similarities = np.array([[9, 1, 2], [5, 9, 5]], dtype=np.float32)
    truth = Truth.between(np.array([0, 0]), np.array([0, 0, 1]), own=np.array([0, -1]))
    (block,) = all_of(similarities, truth)
    assert block.rows.tolist() == [[2, 1, -1], [1, 0, 2]]
    assert block.relevant.tolist() == [[False, True, False], [True, True, False]]
    assert block.relevant_with_query.tolist() == [[True, False, True], [True, True, False]], "the second is not inside"


def test_they_do_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((30, 5)).astype(np.float32)
    truth = Truth.among(rng.integers(4, size=30))
    (at_once,) = rankings(dot_products(vectors, vectors), truth)
    monkeypatch.setattr(sys.modules["lookalike.metrics.rankings"], "_CHUNK", 1)
    one_by_one = list(rankings(dot_products(vectors, vectors), truth))
    assert len(one_by_one) == 30
    assert np.concatenate([block.rows for block in one_by_one]).tolist() == at_once.rows.tolist()


def test_nothing_is_asked_of_an_empty_database() -> None:
    truth = Truth.between(np.array([1, 2]), np.zeros(0, dtype=np.int64))
    assert all_of(np.zeros((2, 0), dtype=np.float32), truth) == []


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_similarities_that_are_no_finite_numbers_are_refused(odd: float) -> None:
    similarities = np.eye(4, dtype=np.float32)
    similarities[0, 3] = odd  # it would stand last, where a query leaves itself out
    with pytest.raises(ValueError, match="similarities are finite"):
        all_of(similarities, Truth.among(np.array([0, 0, 1, 1])))
