"""Bits, bytes, words, and the distances between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.codes.packing import as_words, from_words, hamming_distances, pack_bits, unpack_bits


def draw_codes(n: int, n_bits: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size=(n, n_bits // 8), dtype=np.uint8)


def test_the_first_bit_is_the_highest_of_the_first_byte() -> None:
    bits = np.zeros((1, 16), dtype=np.bool_)
    bits[0, [0, 15]] = True
    assert pack_bits(bits).tolist() == [[128, 1]]


def test_a_word_holds_eight_bytes_and_the_first_counts_least() -> None:
    assert as_words(np.array([[0, 1, 0, 0, 0, 0, 0, 128]], dtype=np.uint8)).tolist() == [[256 + (128 << 56)]]


@given(st.integers(0, 5), st.sampled_from([64, 256]), st.integers(0, 99))
def test_bits_bytes_and_words_say_the_same(n: int, n_bits: int, seed: int) -> None:
    codes = draw_codes(n, n_bits, seed)
    assert as_words(codes).shape == (n, n_bits // 64)
    np.testing.assert_array_equal(from_words(as_words(codes)), codes)
    np.testing.assert_array_equal(pack_bits(unpack_bits(codes)), codes)


def test_every_second_code_becomes_words_too() -> None:
    codes = draw_codes(6, 64)
    np.testing.assert_array_equal(as_words(codes[::2]), as_words(codes)[::2])


@pytest.mark.parametrize("n_bits", [8, 32, 64, 72, 256])
def test_distances_are_those_of_a_loop_over_bits(n_bits: int) -> None:
    queries, codes = draw_codes(3, n_bits), draw_codes(5, n_bits, 8)
    naive = [[sum(a != b for a, b in zip(q, c, strict=True)) for c in unpack_bits(codes)] for q in unpack_bits(queries)]
    np.testing.assert_array_equal(hamming_distances(queries, codes), naive)


def test_blocks_of_queries_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, codes = draw_codes(7, 256), draw_codes(11, 256, 8)
    whole = hamming_distances(queries, codes)
    monkeypatch.setattr("lookalike.codes.packing._BLOCK", 22)
    np.testing.assert_array_equal(hamming_distances(queries, codes), whole)


@pytest.mark.parametrize(("n_queries", "n_codes"), [(0, 4), (4, 0), (0, 0)])
def test_no_codes_have_no_distances(n_queries: int, n_codes: int) -> None:
    assert hamming_distances(draw_codes(n_queries, 64), draw_codes(n_codes, 64)).shape == (n_queries, n_codes)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 8 bits"):
        pack_bits(np.zeros((2, 12), dtype=np.bool_))
    with pytest.raises(ValueError, match="multiple of 64 bits"):
        as_words(draw_codes(2, 32))
    with pytest.raises(ValueError, match="same number of bits"):
        hamming_distances(draw_codes(2, 64), draw_codes(2, 256))
