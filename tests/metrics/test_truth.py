"""What belongs together, with one label, with several, and with none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.metrics import Truth, label_matrix

EVERY = np.arange(4)


def test_what_shares_a_label_belongs_together_but_nothing_to_itself() -> None:
    truth = Truth.among(np.array(["a", "b", "a", "c"]))
    assert truth.shared(EVERY).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert truth.has_answer().tolist() == [True, False, True, False]


def test_of_several_labels_it_counts_how_many_are_shared() -> None:
    labels = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]], dtype=np.bool_)
    truth = Truth.among(labels)
    assert truth.shared(EVERY).tolist() == [[0, 2, 0, 0], [2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert truth.has_answer().tolist() == [True, True, True, False]


def test_queries_from_elsewhere_leave_out_what_is_their_own() -> None:
    truth = Truth.between(np.array([0, 1, 2]), np.array([0, 0, 1]), own=np.array([1, -1, -1]))
    assert truth.shared(np.arange(3)).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert truth.has_answer().tolist() == [True, True, False]


def test_a_part_of_the_queries_has_the_same_truth() -> None:
    truth = Truth.among(np.array([0, 1, 0, 1]))
    some = np.array([3, 0])
    assert truth.only(some).shared(np.arange(2)).tolist() == truth.shared(some).tolist()


def test_sets_of_names_become_a_matrix_with_sorted_columns() -> None:
    matrix, names = label_matrix([["b", "a", "b"], [], ["c"]])
    assert names == ["a", "b", "c"]
    assert matrix.toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("n", [0, 1])
def test_in_a_set_of_none_or_one_nothing_has_an_answer(n: int) -> None:
    truth = Truth.among(np.zeros(n, dtype=np.int64))
    assert not truth.has_answer().any()
    assert truth.shared(np.arange(n)).shape == (n, n)


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), n_queries=st.integers(1, 5))
def test_a_query_has_an_answer_if_it_shares_anything(seed: int, n: int, n_queries: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.random((n, 3)) < 0.4
    own = rng.integers(-1, n, n_queries)
    truth = Truth.between(np.where(own[:, None] >= 0, labels[own], rng.random((n_queries, 3)) < 0.4), labels, own)
    naive = [
        any((truth.query_labels.toarray()[q] & labels[row]).any() for row in range(n) if row != own[q])
        for q in range(n_queries)
    ]
    assert truth.has_answer().tolist() == naive == truth.shared(np.arange(n_queries)).any(axis=1).tolist()


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Truth.between(np.array([1]), np.ones((1, 2), dtype=np.bool_))
    with pytest.raises(ValueError, match="1 queries and a database"):
        Truth.between(np.array([1, 2]), np.array([1]), own=np.array([0]))
    with pytest.raises(ValueError, match=r"labels are \(N,\)"):
        Truth.among(np.zeros((1, 1, 1), dtype=np.bool_))


def test_numbers_of_classes_in_a_column_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(4, 1\) int64"):
        Truth.among(np.array([[0], [0], [1], [1]]))
