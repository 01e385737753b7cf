"""Near-copies inside a ranking stand behind their best."""

import numpy as np

from lookalike.ranking.copies import COPY_DISTANCE, collapse


def hashes(*bits: int) -> np.ndarray:
    """64-bit hashes with the first `bits` bits set."""
    return np.packbits(np.arange(64) < np.array(bits)[:, None], axis=1)


def test_nothing_collapses_to_nothing() -> None:
    assert collapse(np.zeros((0, 8), dtype=np.uint8), np.zeros(0)) == []


def test_each_hit_joins_the_best_hit_it_copies() -> None:
    codes = hashes(0, 40, COPY_DISTANCE, 40 + COPY_DISTANCE, 20)
    assert collapse(codes, np.ones(5)) == [[0, 2], [1, 3], [4]]


def test_one_bit_too_many_is_no_copy() -> None:
    assert collapse(hashes(0, COPY_DISTANCE + 1), np.ones(2)) == [[0], [1]]


def test_another_shape_is_no_copy() -> None:
    assert collapse(hashes(0, 0, 0), np.array([1.0, 1.05, 1.5])) == [[0, 1], [2]]


def test_copies_are_found_as_by_comparing_each_with_each() -> None:
    rng = np.random.default_rng(7)
    codes = np.repeat(rng.integers(0, 256, (40, 8), dtype=np.uint8), 10, axis=0)[rng.permutation(400)]
    codes ^= np.packbits(rng.random((400, 64)) < 0.03, axis=1)
    aspects = rng.choice([1.0, 1.05, 1.5], 400)
    expected: dict[int, list[int]] = {}
    for position in range(400):
        for head in expected:
            n_bits = np.bitwise_count(codes[head] ^ codes[position]).sum()
            if n_bits <= COPY_DISTANCE and 1 / 1.1 < aspects[head] / aspects[position] < 1.1:
                expected[head].append(position)
                break
        else:
            expected[position] = [position]
    assert len(expected) < 300
    assert collapse(codes, aspects) == list(expected.values())


def test_copies_are_measured_against_the_best_and_do_not_chain() -> None:
    step = COPY_DISTANCE
    assert collapse(hashes(0, step, 2 * step), np.ones(3)) == [[0, 1], [2]]
