"""Kernighan and Lin's algorithm: valid splits, never a heavier cut, and the best one where all can be tried."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.codes.partition import cut_weight, improved_partition, partition


def draw_weights(n_bits: int, seed: int) -> np.ndarray:
    weights = np.random.default_rng(seed).standard_normal((n_bits, n_bits))
    return weights + weights.T


def test_the_cut_is_the_sum_over_pairs_that_are_torn_apart() -> None:
    weights, groups = draw_weights(9, 7), np.random.default_rng(8).permutation(9).reshape(3, 3)
    side = {int(bit): number for number, group in enumerate(groups) for bit in group}
    naive = sum(weights[a, b] for a, b in combinations(range(9), 2) if side[a] != side[b])
    assert cut_weight(weights, groups) == pytest.approx(naive)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([(4, 2), (12, 3), (16, 4), (10, 5), (6, 1), (5, 5)]), st.integers(0, 10_000))
def test_improving_keeps_the_bits_and_never_makes_the_cut_heavier(shape: tuple[int, int], seed: int) -> None:
    n_bits, n_groups = shape
    weights = draw_weights(n_bits, seed)
    before = np.random.default_rng(seed).permutation(n_bits).reshape(n_groups, -1)
    after = improved_partition(weights, before)
    assert after.shape == before.shape
    assert sorted(after.ravel()) == list(range(n_bits))
    assert cut_weight(weights, after) <= cut_weight(weights, before) + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_the_lightest_of_all_cuts_is_found(seed: int) -> None:
    weights = draw_weights(8, seed)
    halves = [np.array([half, sorted(set(range(8)) - set(half))]) for half in combinations(range(8), 4)]
    lightest = min(cut_weight(weights, groups) for groups in halves)
    assert cut_weight(weights, partition(weights, 2)) == pytest.approx(lightest)


def test_blocks_that_hang_together_are_found() -> None:
    order = np.random.default_rng(7).permutation(64)
    block = np.empty(64, dtype=np.int64)
    block[order] = np.repeat(np.arange(4), 16)
    groups = partition((block[:, None] == block).astype(np.float64), 4)
    assert all(len(set(block[group])) == 1 for group in groups)


def test_equal_weights_end() -> None:
    assert partition(np.ones((12, 12)), 3).shape == (3, 4)


def test_a_seed_gives_one_split() -> None:
    weights = draw_weights(32, 7)
    np.testing.assert_array_equal(partition(weights, 4, seed=3), partition(weights, 4, seed=3))


def test_what_cannot_be_split_evenly_is_refused() -> None:
    for weights, n_groups in ((np.ones((6, 6)), 4), (np.ones((6, 5)), 2), (np.ones((6, 6)), 0), (np.ones((0, 0)), 1)):
        with pytest.raises(ValueError, match="cannot be split"):
            partition(weights, n_groups)
