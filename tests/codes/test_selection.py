"""The bits of a short code."""

from collections.abc import Callable

import numpy as np
import pytest

from lookalike.codes.coder import BitOrder
from lookalike.codes.packing import pack_bits, unpack_bits
from lookalike.codes.selection import (
    bit_correlations,
    imbalances,
    least_correlated,
    select_then_split,
    split_then_select,
)

METHODS = [select_then_split, split_then_select]


def draw_codes(n: int, n_bits: int = 256, n_causes: int = 40) -> np.ndarray:
    """Codes whose bits hang together, as they have fewer causes than bits."""
    rng = np.random.default_rng(7)
    return pack_bits(rng.standard_normal((n, n_causes)) @ rng.standard_normal((n_causes, n_bits)) > 0)


def test_correlations_are_those_of_numpy() -> None:
    codes = draw_codes(200, 16)
    expected = np.abs(np.corrcoef(unpack_bits(codes).T.astype(float)))
    np.testing.assert_allclose(bit_correlations(codes), expected, atol=1e-6)


def test_a_bit_that_never_changes_is_chosen_last() -> None:
    bits = unpack_bits(draw_codes(300, 16, 16)).copy()
    bits[:, [2, 9]] = [True, False]
    chosen = least_correlated(bit_correlations(pack_bits(bits)), 14)
    assert not {2, 9} & set(chosen.tolist())


def test_of_two_equal_bits_one_is_left_out() -> None:
    bits = unpack_bits(draw_codes(300, 16, 16)).copy()
    bits[:, 11] = ~bits[:, 4]
    chosen = least_correlated(bit_correlations(pack_bits(bits)), 15)
    assert len({4, 11} & set(chosen.tolist())) == 1


def test_leaving_out_one_by_one_is_what_a_loop_does() -> None:
    correlations = bit_correlations(draw_codes(100, 24))
    remaining = list(range(24))
    while len(remaining) > 8:
        loads = [sum(correlations[bit, other] ** 2 for other in remaining) for bit in remaining]
        remaining.pop(int(np.argmax(loads)))
    assert least_correlated(correlations, 8).tolist() == remaining


def test_more_bits_than_there_are_cannot_be_chosen() -> None:
    for n_bits in (0, 9):
        with pytest.raises(ValueError, match="8 bits to choose from"):
            least_correlated(np.eye(8), n_bits)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [0, 1, 500])
def test_four_groups_of_sixteen_bits_are_chosen(method: Callable[..., BitOrder], n: int) -> None:
    groups = method(draw_codes(n)).groups
    assert groups.shape == (4, 16)
    assert len(np.unique(groups)) == 64
    assert groups.max() < 256


@pytest.mark.parametrize("method", METHODS)
def test_chosen_bits_hang_together_less_than_the_first_ones(method: Callable[..., BitOrder]) -> None:
    correlations = bit_correlations(draw_codes(800))
    chosen = method(draw_codes(800)).groups.ravel()
    assert correlations[np.ix_(chosen, chosen)].mean() < correlations[:64, :64].mean()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_codes_give_the_same_order(method: Callable[..., BitOrder]) -> None:
    np.testing.assert_array_equal(method(draw_codes(300)).groups, method(draw_codes(300)).groups)


def test_a_bit_that_is_nearly_always_the_same_loses_nearly_all_it_could_tell() -> None:
    bits = np.zeros((100, 8), dtype=np.bool_)
    bits[:50, 0] = bits[:10, 1] = True
    losses = imbalances(pack_bits(bits))
    assert losses[0] == 0
    assert losses[1] == pytest.approx(1 + np.log2(0.1**2 + 0.9**2))
    assert (losses[2:] == 1).all()
    assert (imbalances(np.zeros((0, 2), np.uint8)) == 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_bits_of_which_one_value_is_usual_are_avoided(method: Callable[..., BitOrder]) -> None:
    rng = np.random.default_rng(7)
    bits = rng.random((2000, 64)) < np.where(np.arange(64) % 2, 0.5, 0.08)
    chosen = method(pack_bits(bits), n_short=32, n_groups=4).groups
    assert np.mean(chosen % 2 == 1) > 0.9
