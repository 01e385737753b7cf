"""What the exact multi-index search looks at, in compiled code; what it finds is tested beside the other searches."""

import numpy as np
import pytest

from lookalike.index import code_kernel, code_lists, code_segment
from lookalike.index.code_segment import build_segment
from lookalike.index.multi_index import MultiIndex
from tests.index.code_cases import Codes, clustered_codes, naive, random_codes

NATURAL = np.arange(256, dtype=np.uint16)


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_segment, "WORTH_COMPILED_CODE", 0)


def index_of(codes: Codes, monkeypatch: pytest.MonkeyPatch) -> MultiIndex:
    with monkeypatch.context() as built_by_numpy:
        built_by_numpy.setattr(code_segment, "WORTH_COMPILED_CODE", 1 << 60)
        return MultiIndex([build_segment(codes, NATURAL, n_tables=16)])


def test_near_codes_are_proven_to_be_nearest_though_few_codes_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = clustered_codes(np.random.default_rng(7), 2000, 50, share=0.02)
    monkeypatch.setattr(code_lists, "COSTS", np.array([0.2, 0.2, 0.2]))
    matches = index_of(codes, monkeypatch).search(codes[:2], 5)
    assert matches.rows.tolist() == [naive(codes, query, 5)[0] for query in codes[:2]]
    assert matches.is_exact.all()
    assert (matches.n_seen < 1000).all()


def test_codes_without_neighbours_are_all_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    codes = random_codes(rng, 300)
    query = random_codes(rng, 1)
    matches = index_of(codes, monkeypatch).search(query, 5)
    assert matches.n_seen[0] >= 300
    assert matches.is_exact.all()
    assert matches.rows[0].tolist() == naive(codes, query[0], 5)[0]


def test_a_greatest_distance_ends_a_search_that_has_no_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_lists, "COSTS", np.array([0.2, 0.2, 0.2]))
    rng = np.random.default_rng(7)
    codes = random_codes(rng, 300)
    matches = index_of(codes, monkeypatch).search(random_codes(rng, 1), 5, max_distance=10)
    assert matches.n_seen[0] < 30
    assert matches.is_exact.all()
    assert matches.rows.tolist() == [[-1] * 5]


def test_only_the_few_rows_that_are_allowed_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    codes = random_codes(rng, 300)
    allowed = np.isin(np.arange(300), [5, 64, 299])
    matches = index_of(codes, monkeypatch).search(codes[:1], 2, allowed=allowed)
    assert matches.n_seen[0] < 30
    assert matches.is_exact.all()
    assert matches.rows[0].tolist() == naive(codes, codes[0], 2, allowed)[0]


def test_many_blocks_are_scanned_in_both_manners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_lists, "COSTS", np.full(3, 1e9))
    rng = np.random.default_rng(7)
    codes = random_codes(rng, 4096 + 4096 + 70)
    codes[[1, 4095, 4096, 8200, 8261]] = codes[8200] ^ np.arange(1, 6, dtype=np.uint64)[:, None]
    index = index_of(codes, monkeypatch)
    for k, most in ((5, None), (5, 20)):
        matches = index.search(codes[8200:8201], k, max_distance=most)
        assert matches.rows[0].tolist() == naive(codes, codes[8200], k)[0]
        assert matches.is_exact.all()


def test_a_segment_with_four_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="reads 16 tables, got a segment with 4"):
        MultiIndex([build_segment(random_codes(np.random.default_rng(7), 3), NATURAL, n_tables=4)])


def test_all_differences_of_two_sub_codes_are_in_the_shell_of_their_bits() -> None:
    assert sorted(code_kernel.MASKS.tolist()) == list(range(1 << 16))
    assert code_kernel.SHELLS[:4].tolist() == [0, 1, 17, 137]
    for radius, (start, end) in enumerate(zip(code_kernel.SHELLS, code_kernel.SHELLS[1:], strict=False)):
        assert (np.bitwise_count(code_kernel.MASKS[start:end]) == radius).all()
