"""Searches for near codes against a naive loop, by NumPy and by compiled code."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.index import code_lists, code_segment
from lookalike.index.code_matches import CodeMatches
from lookalike.index.code_scan import CodeScan
from lookalike.index.code_segment import CodeSegment, build_segment
from lookalike.index.multi_index import MultiIndex
from lookalike.index.two_stage import TwoStageIndex
from tests.index.code_cases import Codes, clustered_codes, naive, random_codes, segments_of, within

Index = CodeScan | MultiIndex | TwoStageIndex

EXACT: list[Callable[..., Index]] = [CodeScan, MultiIndex]
ALL: list[Callable[..., Index]] = [CodeScan, MultiIndex, TwoStageIndex]


@pytest.fixture(params=["numpy", "scans are cheap", "lists are cheap"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_segment, "WORTH_COMPILED_CODE", 1 << 60 if request.param == "numpy" else 0)
    if request.param == "lists are cheap":
        monkeypatch.setattr(code_lists, "COSTS", np.array([0.05, 0.05, 0.05]))


def assert_same(matches: CodeMatches, expected: list[tuple[list[int], list[int]]]) -> None:
    assert matches.rows.tolist() == [rows for rows, _ in expected]
    assert matches.distances.tolist() == [distances for _, distances in expected]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Codes, Codes, list[int], list[int], dict[str, object], NDArray[np.uint16], int]:
    lengths = draw(st.lists(st.integers(0, 25), max_size=2))
    tails = draw(st.lists(st.integers(0, 8), max_size=2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = sum(lengths) + sum(tails)
    distinct = clustered_codes(
        rng, max(n // 2, 1), draw(st.sampled_from([1, 3])), draw(st.sampled_from([0, 0.02, 0.08]))
    )
    codes = distinct[rng.integers(len(distinct), size=n)]
    share = draw(st.sampled_from([None, 0.0, 0.05, 0.5, 1.0]))
    asked = {
        "allowed": None if share is None else rng.random(n) < share,
        "max_distance": draw(st.sampled_from([None, 0, 9, 40, 256])),
    }
    queries = np.concatenate([distinct[:1], distinct[-1:] ^ np.uint64(1 << 17)])
    order = rng.permutation(256).astype(np.uint16)
    return codes, queries, lengths, tails, asked, order, draw(st.sampled_from([1, 3, 40]))


def parts(
    codes: Codes, lengths: list[int], tails: list[int], order: NDArray[np.uint16]
) -> tuple[list[CodeSegment], list[Codes], NDArray[np.uint16]]:
    ends = np.cumsum([sum(lengths), *tails])
    return segments_of(codes, lengths, order, 16), np.split(codes, ends)[1:-1], order


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases())
@pytest.mark.parametrize("kind", EXACT)
def test_exact_searches_find_what_a_naive_loop_finds(kind: Callable[..., Index], case) -> None:  # type: ignore[no-untyped-def]
    codes, queries, lengths, tails, asked, order, k = case
    index = kind(*parts(codes, lengths, tails, order))
    matches = index.search(queries, k, **asked)
    assert len(index) == len(codes)
    assert_same(matches, [naive(codes, query, k, **asked) for query in queries])
    assert matches.is_exact.all()


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases(), radius=st.sampled_from([0, 1, 2]))
def test_a_radius_finds_what_a_naive_loop_finds_in_its_lists(case, radius: int) -> None:  # type: ignore[no-untyped-def]
    codes, queries, lengths, tails, asked, order, k = case
    matches = TwoStageIndex(*parts(codes, lengths, tails, order), radius=radius).search(queries, k, **asked)
    for i, query in enumerate(queries):
        listed = within(codes, query, order, radius)
        allowed = listed if asked["allowed"] is None else listed & asked["allowed"]
        rows, distances = naive(codes, query, k, allowed, asked["max_distance"])
        assert (matches.rows[i].tolist(), matches.distances[i].tolist()) == (rows, distances)
        if matches.is_exact[i]:
            assert (rows, distances) == naive(codes, query, k, **asked)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_what_an_adaptive_search_calls_exact_is_exact(case) -> None:  # type: ignore[no-untyped-def]
    codes, queries, lengths, tails, asked, order, k = case
    matches = TwoStageIndex(*parts(codes, lengths, tails, order)).search(queries, k, **asked)
    for i, query in enumerate(queries):
        rows, distances = naive(codes, query, k, **asked)
        assert (matches.distances[i] >= distances).all()
        if matches.is_exact[i]:
            assert (matches.rows[i].tolist(), matches.distances[i].tolist()) == (rows, distances)


@pytest.mark.parametrize("kind", ALL)
def test_of_equal_codes_the_smallest_rows_come_first(kind: Callable[..., Index]) -> None:
    codes = np.tile(random_codes(np.random.default_rng(7), 1), (150, 1))
    order = np.arange(256, dtype=np.uint16)
    index = kind(segments_of(codes, [80, 50], order, 16), [codes[130:]])
    assert_same(index.search(codes[:1], 4), [([0, 1, 2, 3], [0] * 4)])
    assert_same(index.search(codes[:1], 2, allowed=np.arange(150) >= 79), [([79, 80], [0, 0])])


@pytest.mark.parametrize("kind", ALL)
def test_no_code_is_found_twice_though_it_stands_in_all_lists(kind: Callable[..., Index]) -> None:
    codes = clustered_codes(np.random.default_rng(7), 200, 2, share=0.02)
    index = kind(segments_of(codes, [200], np.arange(256, dtype=np.uint16), 16))
    rows = index.search(codes[:1], 120).rows[0]
    found = rows[rows >= 0]
    assert len(set(found.tolist())) == len(found) >= 80


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_an_empty_index_returns_nothing(kind: Callable[..., Index], lengths: list[int]) -> None:
    nothing = random_codes(np.random.default_rng(7), 0)
    index = kind(segments_of(nothing, lengths, np.arange(256, dtype=np.uint16), 16), [nothing])
    matches = index.search(random_codes(np.random.default_rng(7), 2), 3, allowed=np.zeros(0, dtype=np.bool_))
    assert len(index) == 0
    assert_same(matches, [([-1] * 3, [257] * 3)] * 2)
    assert matches.is_exact.all()
    assert not matches.n_seen.any()


@pytest.mark.parametrize("kind", ALL)
def test_no_queries_get_no_matches(kind: Callable[..., Index]) -> None:
    codes = random_codes(np.random.default_rng(7), 5)
    matches = kind([], [codes]).search(codes[:0], 2)
    assert matches.rows.shape == matches.distances.shape == (0, 2)


@pytest.mark.parametrize("kind", ALL)
def test_one_code_is_found_and_the_rest_is_padding(kind: Callable[..., Index]) -> None:
    codes = random_codes(np.random.default_rng(7), 1)
    index = kind(segments_of(codes, [1], np.arange(256, dtype=np.uint16), 16))
    assert_same(index.search(codes ^ np.uint64(2), 3), [([0, -1, -1], [4, 257, 257])])
    assert_same(index.search(~codes, 1), [([0], [256])])


@pytest.mark.parametrize("kind", ALL)
def test_codes_further_than_the_greatest_distance_are_not_returned(kind: Callable[..., Index]) -> None:
    codes = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [3, 0, 0, 0], [7, 0, 0, 0]], dtype=np.uint64)
    index = kind(segments_of(codes, [3], np.arange(256, dtype=np.uint16), 16), [codes[3:]])
    assert_same(index.search(codes[:1], 4, max_distance=2), [([0, 1, 2, -1], [0, 1, 2, 257])])
    assert_same(index.search(codes[1:2], 2, max_distance=0), [([1, -1], [0, 257])])


@pytest.mark.parametrize("kind", ALL)
def test_many_queries_in_several_threads_find_the_same_as_one_at_a_time(kind: Callable[..., Index]) -> None:
    codes = clustered_codes(np.random.default_rng(7), 120, 4)
    index = kind(segments_of(codes, [100], np.arange(256, dtype=np.uint16), 16), [codes[100:]])
    together = index.search(codes[:12], 5)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda query: index.search(query[None], 5), codes[:12]))
    assert np.array_equal(together.rows, np.concatenate([one.rows for one in alone]))
    assert np.array_equal(together.n_seen, np.concatenate([one.n_seen for one in alone]))


@pytest.mark.parametrize("kind", ALL)
def test_memory_mapped_segments_are_read_where_they_lie(kind: Callable[..., Index], tmp_path: Path) -> None:
    codes = clustered_codes(np.random.default_rng(7), 60, 2)
    built = build_segment(codes, np.arange(256, dtype=np.uint16), n_tables=16)
    arrays = []
    for name in ("planes", "starts", "ids"):
        np.save(tmp_path / f"{name}.npy", getattr(built, name))
        arrays.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    index = kind([CodeSegment(0, *arrays)])
    allowed = np.ones(60, dtype=np.bool_)
    allowed.flags.writeable = False
    assert_same(index.search(codes[:1], 3, allowed=allowed), [naive(codes, codes[0], 3)])


@pytest.mark.parametrize("kind", ALL)
def test_a_search_that_cannot_be_answered_is_refused(kind: Callable[..., Index]) -> None:
    codes = random_codes(np.random.default_rng(7), 3)
    index = kind([], [codes])
    with pytest.raises(ValueError, match="got k = 0"):
        index.search(codes, 0)
    with pytest.raises(ValueError, match="max_distance = 257"):
        index.search(codes, 1, max_distance=257)
    with pytest.raises(ValueError, match="max_distance = -1"):
        index.search(codes, 1, max_distance=-1)
    with pytest.raises(ValueError, match=r"got \(3, 32\) uint8"):
        index.search(codes.view(np.uint8), 1)  # type: ignore[arg-type]
    for allowed in (np.ones(2, dtype=np.bool_), np.ones(3, dtype=np.int64)):
        with pytest.raises(ValueError, match="one bool per row"):
            index.search(codes, 1, allowed=allowed)


@pytest.mark.parametrize("kind", ALL)
def test_segments_of_rows_that_are_not_consecutive_are_refused(kind: Callable[..., Index]) -> None:
    codes, order = random_codes(np.random.default_rng(7), 3), np.arange(256, dtype=np.uint16)
    segment = build_segment(codes, order, n_tables=16, first=4)
    with pytest.raises(ValueError, match="from row 4 on where 0 is next"):
        kind([segment])


def test_matches_of_shapes_that_do_not_fit_are_refused() -> None:
    rows = np.zeros((2, 3), dtype=np.int64)
    with pytest.raises(ValueError, match="give one of each per query"):
        CodeMatches(rows, rows, np.ones(3, dtype=np.bool_), np.zeros(2, dtype=np.int64))
