"""What holds for every method that makes a coder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.codes.coder import Coder, read_coder, save_coder
from lookalike.codes.elastichash import train_elastichash
from lookalike.codes.itq import itq_coder
from lookalike.codes.listwise import train_listwise
from lookalike.codes.lsh import lsh_coder, super_bit_coder
from lookalike.codes.packing import hamming_distances, unpack_bits
from lookalike.codes.search_anything import train_search_anything
from lookalike.codes.sign import sign_coder

Learn = Callable[[np.ndarray, int], Coder]


def labels_of(vectors: np.ndarray) -> np.ndarray:
    return np.arange(len(vectors)) % 4


METHODS: dict[str, Learn] = {
    "sign": sign_coder,
    "lsh": lambda vectors, n_bits: lsh_coder(vectors.shape[1], n_bits),
    "super-bit": lambda vectors, n_bits: super_bit_coder(vectors.shape[1], n_bits),
    "itq": itq_coder,
    "search-anything": lambda vectors, n_bits: train_search_anything(vectors, n_bits, n_steps=20),
    "elastichash": lambda vectors, n_bits: train_elastichash(vectors, labels_of(vectors), n_bits, n_steps=20),
    "listwise": lambda vectors, n_bits: train_listwise(vectors, n_bits=n_bits, n_steps=20),
}
LEARNING = ["itq", "search-anything", "elastichash", "listwise"]


def draw_vectors(n: int, n_dims: int = 20) -> np.ndarray:
    """Four clusters on the unit sphere, row by row in turns."""
    rng = np.random.default_rng(7)
    vectors = rng.standard_normal((4, n_dims))[np.arange(n) % 4] + 0.4 * rng.standard_normal((n, n_dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("method", METHODS)
def test_vectors_of_a_cluster_get_codes_that_are_close(method: str) -> None:
    vectors = draw_vectors(80)
    codes = METHODS[method](vectors, 16).encode(vectors)
    distances, is_same = hamming_distances(codes, codes), labels_of(vectors)[:, None] == labels_of(vectors)
    assert distances[is_same].mean() < 0.7 * distances[~is_same].mean()


@pytest.mark.parametrize("method", METHODS)
def test_the_same_vectors_make_the_same_coder(method: str) -> None:
    vectors = draw_vectors(40)
    assert METHODS[method](vectors, 16).version == METHODS[method](vectors.copy(), 16).version


@pytest.mark.parametrize("method", ["lsh", "super-bit", "itq", "search-anything", "elastichash", "listwise"])
@pytest.mark.parametrize(("n_dims", "n_bits"), [(5, 32), (32, 32), (130, 64), (13, 72)])
def test_any_number_of_dimensions_goes_into_any_number_of_bits(method: str, n_dims: int, n_bits: int) -> None:
    vectors = draw_vectors(40, n_dims)
    codes = METHODS[method](vectors, n_bits).encode(vectors)
    assert codes.shape == (40, n_bits // 8)
    assert len(np.unique(codes, axis=0)) > 4


@pytest.mark.parametrize("method", METHODS)
def test_vectors_that_are_all_alike_have_one_code(method: str) -> None:
    vectors = np.tile(draw_vectors(1), (10, 1))
    assert len(np.unique(METHODS[method](vectors, 16).encode(vectors), axis=0)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_vectors_of_zeros_have_a_code(method: str) -> None:
    vectors = np.zeros((10, 20), dtype=np.float32)
    assert METHODS[method](vectors, 16).encode(vectors).shape == (10, 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_bits", [0, -8, 12])
def test_bits_that_fill_no_bytes_are_refused(method: str, n_bits: int) -> None:
    with pytest.raises(ValueError, match="multiple of 8 bits"):
        METHODS[method](draw_vectors(20), n_bits)


@pytest.mark.parametrize("method", ["sign", *LEARNING])
def test_vectors_that_are_not_finite_teach_nothing(method: str) -> None:
    vectors = draw_vectors(20)
    vectors[3, 4] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        METHODS[method](vectors, 16)


@pytest.mark.parametrize("method", LEARNING)
def test_nothing_can_be_learned_from_nothing(method: str) -> None:
    with pytest.raises(ValueError, match="use lsh_coder"):
        METHODS[method](draw_vectors(0), 16)


def test_one_vector_is_enough_for_itq_and_two_for_the_head() -> None:
    assert itq_coder(draw_vectors(1), 32).encode(draw_vectors(1)).shape == (1, 4)
    assert train_listwise(draw_vectors(2), n_bits=64, n_steps=2).encode(draw_vectors(2)).shape == (2, 8)
    with pytest.raises(ValueError, match="two vectors or more, got 1"):
        train_listwise(draw_vectors(1))


@pytest.mark.parametrize(("bending", "least", "most"), [(0.75, 0, 0.7), (0.0, 1.5, 2)])
def test_neighbour_lists_bend_what_no_hyperplane_keeps_together(
    monkeypatch: pytest.MonkeyPatch, bending: float, least: float, most: float
) -> None:
    """Clusters opposite each other are of one label: a hyperplane that cuts between others cuts between them, too."""
    monkeypatch.setattr("lookalike.codes.listwise.KINSHIP", 1.0)
    monkeypatch.setattr("lookalike.codes.listwise.HIDDEN_DEVIATION", bending)
    cluster = np.arange(256) % 16
    directions = np.concatenate([np.eye(8), -np.eye(8)])[cluster]
    noise = 0.1 * np.random.default_rng(7).standard_normal((256, 8))
    vectors = np.concatenate([directions + noise, np.full((256, 1), 2.0)], axis=1)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    codes = train_listwise(vectors, labels=cluster % 8, n_bits=32, n_steps=300).encode(vectors)
    distances, apart = hamming_distances(codes, codes), (cluster[:, None] - cluster) % 16
    opposite, beside = distances[apart == 8].mean(), distances[(apart != 0) & (apart != 8)].mean()
    assert least <= opposite / beside < most


def test_another_seed_makes_another_coder() -> None:
    vectors = draw_vectors(40)
    assert lsh_coder(20, 16, seed=1).version != lsh_coder(20, 16, seed=2).version
    assert itq_coder(vectors, 16, seed=1).version != itq_coder(vectors, 16, seed=2).version
    first, second = (train_listwise(vectors, n_bits=16, n_steps=2, seed=seed) for seed in (1, 2))
    assert first.version != second.version


def test_signs_are_those_of_the_coordinates_that_vary_most() -> None:
    vectors = draw_vectors(50) * np.linspace(0.1, 1, 20, dtype=np.float32)
    np.testing.assert_array_equal(
        unpack_bits(sign_coder(vectors[:, 4:], 16).encode(vectors[:, 4:])), vectors[:, 4:] > 0
    )
    varied = np.sort(np.argsort(-vectors.var(axis=0))[:8])
    np.testing.assert_array_equal(unpack_bits(sign_coder(vectors, 8).encode(vectors)), vectors[:, varied] > 0)
    with pytest.raises(ValueError, match="vectors of 20 numbers have as many signs"):
        sign_coder(vectors, 24)


def test_bits_of_lsh_differ_as_often_as_the_angle_says() -> None:
    vectors = draw_vectors(12)
    angles = np.arccos(np.clip(vectors @ vectors.T, -1, 1)) / np.pi
    for coder, tolerance in ((lsh_coder(20, 8192), 0.03), (super_bit_coder(20, 8192), 0.03)):
        shares = hamming_distances(coder.encode(vectors), coder.encode(vectors)) / 8192
        np.testing.assert_allclose(shares, angles, atol=tolerance)


def test_hyperplanes_of_super_bits_stand_upright_on_each_other() -> None:
    first = super_bit_coder(20, 48).projection[:, :20].astype(np.float64)
    np.testing.assert_allclose(first.T @ first, np.eye(20), atol=1e-3)


def test_itq_quantizes_better_than_its_first_rotation() -> None:
    vectors = draw_vectors(200)

    def error(n_rounds: int) -> float:
        coder = itq_coder(vectors, 16, n_rounds=n_rounds)
        outputs = vectors @ coder.projection.astype(np.float64) - coder.thresholds
        return float(((np.sign(outputs) - outputs) ** 2).mean())

    assert error(50) < error(5) < error(0)


def test_itq_with_as_many_bits_as_dimensions_only_rotates() -> None:
    projection = itq_coder(draw_vectors(200, 16), 16).projection.astype(np.float64)
    np.testing.assert_allclose(projection.T @ projection, np.eye(16), atol=2e-3)


def test_labels_that_teach_nothing_are_refused() -> None:
    vectors = draw_vectors(12)
    with pytest.raises(ValueError, match="two classes with two vectors each"):
        train_elastichash(vectors, np.arange(12), 16)
    with pytest.raises(ValueError, match="12 vectors need as many labels"):
        train_elastichash(vectors, np.arange(11), 16)


def test_progress_is_told_step_by_step() -> None:
    told: list[tuple[int, int]] = []
    vectors = draw_vectors(20)
    train_listwise(vectors, n_bits=16, n_steps=3, progress=lambda done, total: told.append((done, total)))
    train_search_anything(vectors, 16, n_steps=2, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3), (1, 2), (2, 2)]


def test_long_codes_begin_with_a_short_code_in_four_groups() -> None:
    vectors = draw_vectors(120, 40)
    order = train_listwise(vectors, n_bits=128, n_steps=3).order
    assert order is not None
    assert order.groups.shape == (4, 16)
    assert sorted(order.groups.ravel().tolist()) == list(range(64))
    assert train_listwise(vectors, n_bits=32, n_steps=3).order is None


def draw_groups(n: int, seed: int) -> NDArray[np.float32]:
    """Return vectors of sixty groups that differ mostly in few directions, (n, 64)."""
    centres = np.random.default_rng(7).standard_normal((60, 64))
    noise = np.random.default_rng(seed).standard_normal((n, 64))
    vectors = (centres[np.arange(n) % 60] + noise) * np.arange(1, 65) ** -0.7
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_training_makes_codes_agree_with_floats_on_who_is_near() -> None:
    learned_from, vectors = draw_groups(1200, 1), draw_groups(400, 2)
    similarities = vectors @ vectors.T - 2 * np.eye(400, dtype=np.float32)
    nearest = np.argsort(-similarities, axis=1, kind="stable")[:, :10]

    def agreement(n_steps: int) -> float:
        codes = train_listwise(learned_from, n_bits=128, n_steps=n_steps).encode(vectors)
        distances = hamming_distances(codes, codes).astype(int) + 999 * np.eye(400, dtype=int)
        found = np.argsort(distances, axis=1, kind="stable")[:, :10]
        return float(np.mean([np.isin(near, by_code).mean() for near, by_code in zip(nearest, found, strict=True)]))

    assert agreement(80) > agreement(0)


def test_labels_bring_codes_of_one_label_together() -> None:
    vectors, labels = draw_groups(400, 3), np.arange(400) // 200

    def contrast(coder: Coder) -> float:
        distances = hamming_distances(coder.encode(vectors), coder.encode(vectors)).astype(float)
        is_kin = labels[:, None] == labels
        return float(distances[~is_kin].mean() - distances[is_kin].mean())

    told = train_listwise(vectors, labels=labels, n_bits=64, n_steps=100)
    assert contrast(told) > 1.3 * contrast(train_listwise(vectors, n_bits=64, n_steps=100))


def test_shares_say_what_is_learned_from() -> None:
    vectors = draw_vectors(300)
    first_half = np.where(np.arange(300) < 150, 1.0, 0.0)
    learned = train_listwise(vectors, shares=first_half, n_bits=16, n_steps=5)
    assert learned.version != train_listwise(vectors, n_bits=16, n_steps=5).version
    with pytest.raises(ValueError, match="300 vectors need as many shares"):
        train_listwise(vectors, shares=np.ones(3))


def test_a_trained_coder_comes_back_from_its_file(tmp_path: Path) -> None:
    vectors = draw_vectors(40)
    coder = train_listwise(vectors, n_bits=64, n_steps=5)
    save_coder(tmp_path / "codes.npz", coder)
    again = read_coder(tmp_path / "codes.npz")
    assert again.version == coder.version
    assert coder.order is not None
    assert again.order is not None
    np.testing.assert_array_equal(again.order.groups, coder.order.groups)
    np.testing.assert_array_equal(again.encode(vectors), coder.encode(vectors))
