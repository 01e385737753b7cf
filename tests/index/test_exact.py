"""Exact search against a naive float64 loop, for both ways of scanning."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.index import exact, kernel
from lookalike.index.exact import ExactIndex
from lookalike.types import Matches


@pytest.fixture(params=["numpy", "compiled"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "WORTH_COMPILED_CODE", 0 if request.param == "compiled" else 1 << 60)


def unit(rng: np.random.Generator, n: int, n_dims: int) -> NDArray[np.float16]:
    vectors = rng.standard_normal((n, n_dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def naive(vectors: NDArray[np.float16], query: NDArray[np.float32], k: int, allowed: NDArray[np.bool_]) -> list[int]:
    similarities = [sum(float(a) * float(b) for a, b in zip(vector, query, strict=True)) for vector in vectors]
    rows = sorted(np.flatnonzero(allowed).tolist(), key=lambda row: (-similarities[row], row))[:k]
    return rows + [-1] * (k - len(rows))


def assert_same_up_to_rounding(matches: Matches, expected: list[list[int]], truth: NDArray[np.float64]) -> None:
    """Rows may differ from the expected only where their true similarities are closer than float32 can tell."""
    for query, rows in enumerate(expected):
        for found, wanted, similarity in zip(matches.rows[query], rows, matches.similarities[query], strict=True):
            assert (found == -1) == (wanted == -1)
            if found == -1:
                assert similarity == -np.inf
            else:
                assert similarity == pytest.approx(truth[query, found], abs=1e-5)
                assert found == wanted or abs(truth[query, found] - truth[query, wanted]) < 1e-6


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(0, 20), max_size=4),
    n_dims=st.sampled_from([1, 3, 8, 13, 33]),
    k=st.integers(1, 30),
    seed=st.integers(0, 2**32 - 1),
    share_allowed=st.sampled_from([None, 0.0, 0.3, 1.0]),
)
def test_search_finds_what_a_naive_loop_finds(
    lengths: list[int], n_dims: int, k: int, seed: int, share_allowed: float | None
) -> None:
    rng = np.random.default_rng(seed)
    n = sum(lengths)
    distinct = unit(rng, max(n // 2, 1), n_dims)
    vectors = distinct[rng.integers(len(distinct), size=n)]
    queries = rng.standard_normal((3, n_dims)).astype(np.float32)
    allowed = None if share_allowed is None else rng.random(n) < share_allowed
    index = ExactIndex(np.split(vectors, np.cumsum(lengths)[:-1]) if lengths else [])
    matches = index.search(queries, k, allowed=allowed)
    may = np.ones(n, dtype=np.bool_) if allowed is None else allowed
    expected = [naive(vectors, query, k, may) for query in queries]
    assert_same_up_to_rounding(matches, expected, queries.astype(np.float64) @ vectors.astype(np.float64).T)


@pytest.mark.parametrize("n_dims", [1, 5, 8, 37, 512])
def test_equal_vectors_have_equal_similarities_and_the_smaller_row_comes_first(
    n_dims: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "_CHUNK", 64 * 7)  # many chunks, so equals meet across their borders
    rng = np.random.default_rng(7)
    distinct = unit(rng, 4, n_dims)
    which = rng.integers(4, size=60)
    vectors = distinct[which]
    index = ExactIndex([vectors[:23], vectors[23:24], vectors[24:]])
    matches = index.search(rng.standard_normal((2, n_dims)).astype(np.float32), k=60)
    for rows, similarities in zip(matches.rows, matches.similarities, strict=True):
        assert sorted(rows) == list(range(60))
        for one in range(4):
            assert len(set(similarities[which[rows] == one])) == 1
        assert all(np.diff(rows)[np.diff(similarities) == 0] > 0)
        assert all(np.diff(similarities) <= 0)


def test_ties_at_the_last_rank_go_to_the_smallest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_CHUNK", 64 * 10)
    vectors = np.tile(np.eye(4, dtype=np.float16)[0], (50, 1))
    vectors[30] = np.eye(4)[1]
    matches = ExactIndex([vectors]).search(np.array([[1, 2, 0, 0]], dtype=np.float32), k=4)
    assert matches.rows.tolist() == [[30, 0, 1, 2]]


def test_rows_that_get_better_and_better_are_all_considered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_CHUNK", 64 * 10)
    vectors = np.zeros((100, 2), dtype=np.float16)
    vectors[:, 0] = np.arange(100)
    index = ExactIndex([vectors])
    assert index.search(np.array([[1, 0]], dtype=np.float32), k=3).rows.tolist() == [[99, 98, 97]]
    assert index.search(np.array([[-1, 0]], dtype=np.float32), k=3).rows.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("segments", [[], [np.zeros((0, 5), dtype=np.float16)]])
def test_an_empty_index_returns_nothing(segments: list[NDArray[np.float16]]) -> None:
    index = ExactIndex(segments)
    matches = index.search(np.ones((2, 5), dtype=np.float32), k=3)
    assert len(index) == 0
    assert matches.rows.tolist() == [[-1] * 3] * 2
    assert np.all(matches.similarities == -np.inf)
    assert len(index.similarities(np.ones(5, dtype=np.float32), np.zeros(0, dtype=np.int64))) == 0


def test_no_queries_get_no_matches() -> None:
    matches = ExactIndex([np.eye(3, dtype=np.float16)]).search(np.zeros((0, 3), dtype=np.float32), k=2)
    assert matches.rows.shape == (0, 2)


def test_one_row_is_found_and_the_rest_is_padding() -> None:
    matches = ExactIndex([np.array([[0.5]], dtype=np.float16)]).search(np.array([[-2]], dtype=np.float32), k=3)
    assert matches.rows.tolist() == [[0, -1, -1]]
    assert matches.similarities.tolist() == [[-1.0, -np.inf, -np.inf]]


def test_only_the_allowed_row_is_found() -> None:
    vectors = unit(np.random.default_rng(7), 40, 16)
    allowed = np.arange(40) == 31
    index = ExactIndex([vectors[:30], vectors[30:]])
    assert index.search(vectors[:2].astype(np.float32), k=2, allowed=allowed).rows.tolist() == [[31, -1]] * 2
    assert index.search(vectors[:2].astype(np.float32), k=2, allowed=~allowed).rows[:, 0].tolist() == [0, 1]


def test_many_queries_find_the_same_as_one_at_a_time() -> None:
    vectors = unit(np.random.default_rng(7), 50, 24)
    index = ExactIndex([vectors])
    queries = vectors[:40].astype(np.float32)
    together = index.search(queries, k=5)
    alone = [index.search(query[None], k=5) for query in queries]
    assert np.array_equal(together.rows, np.concatenate([one.rows for one in alone]))
    assert np.array_equal(together.similarities, np.concatenate([one.similarities for one in alone]))


def test_similarities_are_those_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_CHUNK", 64 * 10)
    vectors = unit(np.random.default_rng(7), 60, 13)
    index = ExactIndex([vectors[:0], vectors[:25], vectors[25:25], vectors[25:], vectors[:0]])
    query = vectors[3].astype(np.float32)
    matches = index.search(query[None], k=60)
    assert np.array_equal(index.similarities(query, matches.rows[0]), matches.similarities[0])
    assert index.similarities(query, np.array([59, 3, 59])).tolist() == [
        index.similarities(query, np.array([row]))[0] for row in (59, 3, 59)
    ]


def test_memory_mapped_segments_are_read_where_they_lie(tmp_path: Path) -> None:
    vectors = unit(np.random.default_rng(7), 30, 8)
    vectors.tofile(tmp_path / "segment")
    mapped = np.memmap(tmp_path / "segment", dtype=np.float16, mode="r", shape=(30, 8))
    matches = ExactIndex([mapped]).search(vectors[:3].astype(np.float32), k=1)
    assert matches.rows[:, 0].tolist() == [0, 1, 2]


def test_all_finite_float16_are_widened_exactly() -> None:
    numbers = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    numbers = numbers[np.isfinite(numbers)]
    index = ExactIndex([numbers[:, None]])
    found = index.similarities(np.ones(1, dtype=np.float32), np.arange(len(numbers)))
    assert np.array_equal(found, numbers.astype(np.float32))


def test_rows_may_come_from_a_table() -> None:
    vectors = unit(np.random.default_rng(7), 50, 8)
    index, query = ExactIndex([vectors]), vectors[3].astype(np.float32)
    table = np.arange(40).reshape(20, 2)
    np.testing.assert_array_equal(
        index.similarities(query, table[:, 1]), index.similarities(query, np.arange(1, 40, 2))
    )


@pytest.mark.parametrize("number", [65_536, np.inf, np.nan])
def test_a_query_of_numbers_that_no_vector_has_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not finite, or from 65,536 on"):
        ExactIndex([np.eye(2, dtype=np.float16)]).search(np.array([[0, number]], np.float32), k=1)


def test_what_was_removed_is_not_live() -> None:
    vectors = unit(np.random.default_rng(7), 5, 4)
    vectors[[0, 3]] = 0
    assert ExactIndex([vectors[:2], vectors[2:]]).is_live().tolist() == [False, True, True, False, True]
    assert ExactIndex([]).is_live().tolist() == []


def test_both_ways_of_scanning_agree() -> None:
    rng = np.random.default_rng(7)
    vectors = unit(rng, 200, 100)
    is_wanted = rng.random(200) < 0.5
    queries = rng.standard_normal((5, 100)).astype(np.float32)
    by_numpy, compiled = exact.scan(vectors, is_wanted, queries), kernel.scan(vectors, is_wanted, queries)
    assert np.array_equal(by_numpy == -np.inf, compiled == -np.inf)
    assert np.allclose(by_numpy[:, is_wanted], compiled[:, is_wanted], atol=1e-5, rtol=0)


def index_of_two() -> ExactIndex:
    return ExactIndex([np.eye(2, dtype=np.float16)])


def test_k_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="got k = 0"):
        index_of_two().search(np.ones((1, 2), dtype=np.float32), k=0)


@pytest.mark.parametrize("shape", [(1, 3), (2,), (1, 1, 2)])
def test_queries_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="vectors of 2 numbers, got queries"):
        index_of_two().search(np.ones(shape, dtype=np.float32), k=1)


def test_a_query_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        index_of_two().search(np.array([[np.nan, 1]], dtype=np.float32), k=1)


@pytest.mark.parametrize("allowed", [np.ones(3, dtype=np.bool_), np.ones(2, dtype=np.int64)])
def test_a_mask_that_does_not_fit_is_refused(allowed: NDArray[np.bool_]) -> None:
    with pytest.raises(ValueError, match="one bool per row"):
        index_of_two().search(np.ones((1, 2), dtype=np.float32), k=1, allowed=allowed)


@pytest.mark.parametrize("row", [-1, 2])
def test_a_row_that_is_not_there_is_refused(row: int) -> None:
    with pytest.raises(IndexError, match="rows 0 to 1"):
        index_of_two().similarities(np.ones(2, dtype=np.float32), np.array([0, row]))


@pytest.mark.parametrize(
    "segment", [np.eye(2, dtype=np.float32), np.zeros(4, dtype=np.float16), np.zeros((4, 6), dtype=np.float16)[:, ::2]]
)
def test_a_segment_of_another_type_or_layout_is_refused(segment: NDArray[np.float16]) -> None:
    with pytest.raises(ValueError, match="a segment is"):
        ExactIndex([segment])


def test_segments_of_different_width_are_refused() -> None:
    with pytest.raises(ValueError, match="of 2 numbers, another one of 3"):
        ExactIndex([np.eye(2, dtype=np.float16), np.eye(3, dtype=np.float16)])
