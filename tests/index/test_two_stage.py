"""What two-stage search looks at and misses, in compiled code; what it finds is tested beside the other searches."""

from math import comb

import numpy as np
import pytest

from lookalike.index import code_lists, code_segment
from lookalike.index.code_lists import chance_beyond
from lookalike.index.code_segment import build_segment
from lookalike.index.two_stage import TwoStageIndex
from tests.index.code_cases import Codes, clustered_codes, naive, random_codes, segments_of

NATURAL = np.arange(256, dtype=np.uint16)


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_segment, "WORTH_COMPILED_CODE", 0)


def index_of(codes: Codes, monkeypatch: pytest.MonkeyPatch, radius: int | None = None) -> TwoStageIndex:
    with monkeypatch.context() as built_by_numpy:
        built_by_numpy.setattr(code_segment, "WORTH_COMPILED_CODE", 1 << 60)
        return TwoStageIndex([build_segment(codes, NATURAL, n_tables=4)], radius=radius)


def true_distances(codes: Codes, query: Codes, k: int) -> list[int]:
    return np.sort(np.bitwise_count(codes ^ query).sum(axis=1, dtype=np.int64))[:k].tolist()


def test_nearly_all_of_the_nearest_are_found_though_few_codes_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    codes = clustered_codes(rng, 6000, 60, share=0.04)
    queries, codes = codes[:20], codes[20:]
    monkeypatch.setattr(code_lists, "COSTS", np.array([0.2, 0.2, 0.2]))
    matches = index_of(codes, monkeypatch).search(queries, 10)
    found = sum(
        len(set(rows.tolist()) & set(naive(codes, query, 10)[0]))
        for query, rows in zip(queries[:4], matches.rows, strict=False)
    )
    equal = [
        np.equal(distances, true_distances(codes, query, 10)).mean()
        for query, distances in zip(queries, matches.distances, strict=True)
    ]
    assert found >= 38
    assert np.mean(equal) >= 0.97
    assert np.median(matches.n_seen) < 3000


def test_lists_are_read_until_enough_allowed_codes_have_been_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    codes = clustered_codes(rng, 3000, 3, share=0.03)
    allowed = rng.random(3000) < 0.01
    matches = index_of(codes, monkeypatch).search(codes[:3], 10, allowed=allowed)
    for query, rows in zip(codes[:3], matches.rows, strict=True):
        assert rows.tolist() == naive(codes, query, 10, allowed)[0]


def test_a_search_without_neighbours_ends_in_a_scan_and_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    codes, query = random_codes(rng, 400), random_codes(rng, 1)
    matches = index_of(codes, monkeypatch).search(query, 5)
    assert matches.is_exact.all()
    assert matches.rows[0].tolist() == naive(codes, query[0], 5)[0]


def test_more_are_asked_for_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = clustered_codes(np.random.default_rng(7), 50, 2)
    matches = index_of(codes, monkeypatch).search(codes[:1], 80)
    assert matches.rows[0].tolist() == naive(codes, codes[0], 80)[0]
    assert matches.is_exact.all()


def test_a_short_code_within_eleven_bits_is_found_by_the_published_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    query = random_codes(rng, 1)
    codes = np.repeat(query, 64, axis=0)
    for code in codes:
        for bit in rng.choice(64, 11, replace=False):
            code[0] ^= np.uint64(1) << np.uint64(bit)
        code[1:] ^= random_codes(rng, 1)[0, 1:]
    matches = index_of(codes, monkeypatch, radius=2).search(query, 64)
    assert sorted(matches.rows[0].tolist()) == list(range(64))


def test_an_answer_does_not_depend_on_what_has_been_merged() -> None:
    codes = clustered_codes(np.random.default_rng(7), 90, 3, share=0.1)
    order = np.random.default_rng(8).permutation(256).astype(np.uint16)
    indexes = [
        TwoStageIndex(segments_of(codes, lengths, order, 4), [codes[sum(lengths) :]], order, radius=1)
        for lengths in ([90], [30, 30], [])
    ]
    first, *others = [index.search(codes[:5], 30) for index in indexes]
    assert (first.rows == -1).any()
    for other in others:
        assert np.array_equal(first.rows, other.rows)


@pytest.mark.parametrize("radius", [-1, 17])
def test_a_radius_that_no_sub_code_has_is_refused(radius: int) -> None:
    with pytest.raises(ValueError, match=f"radius = {radius}"):
        TwoStageIndex([], radius=radius)


def test_the_chance_to_miss_a_code_is_that_of_drawing_bits_without_return() -> None:
    chances = chance_beyond()
    assert chances.shape == (18, 258)
    assert (chances[0] == 1).all()
    assert (chances[17] == 0).all()
    assert chances[1, 0] == 0
    assert chances[1, 1] == pytest.approx(16 / 256)
    assert chances[3, 256] == chances[3, 257] == 1
    assert chances[2, 2] == pytest.approx(comb(16, 2) / comb(256, 2))
