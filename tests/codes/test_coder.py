"""The coder: what it says of vectors, and how it is kept in a file."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lookalike.codes.coder import BitOrder, Coder, Hidden, coder_of, read_coder, save_coder
from lookalike.codes.packing import unpack_bits
from lookalike.errors import BadModel


def draw_vectors(n: int, n_dims: int = 12) -> np.ndarray:
    return np.random.default_rng(7).standard_normal((n, n_dims)).astype(np.float32)


def draw_coder(n_dims: int = 12, n_bits: int = 32) -> Coder:
    rng = np.random.default_rng(8)
    coder = coder_of("drawn", rng.standard_normal((n_dims, n_bits)), rng.standard_normal(n_bits) / 4)
    return replace(coder, order=BitOrder(rng.permutation(n_bits)[:16].reshape(2, 8).astype(np.uint16)))


def draw_bent_coder(n_dims: int = 12, n_hidden: int = 5, n_bits: int = 32) -> Coder:
    rng = np.random.default_rng(9)
    weights, biases = rng.standard_normal((n_dims, n_hidden)), rng.standard_normal(n_hidden)
    hidden = Hidden(weights.astype(np.float16), biases.astype(np.float32))
    return coder_of("bent", rng.standard_normal((n_dims + n_hidden, n_bits)), rng.standard_normal(n_bits), hidden)


def test_hidden_numbers_are_products_beyond_their_bend() -> None:
    coder, vectors = draw_bent_coder(), draw_vectors(6)
    assert coder.hidden is not None
    directions = list(zip(coder.hidden.weights.T.astype(float), coder.hidden.biases.astype(float), strict=True))
    naive = []
    for vector in vectors.astype(float):
        numbers = [*vector, *(max(0.0, float(vector @ direction) + bias) for direction, bias in directions)]
        products = [float(np.dot(numbers, column)) for column in coder.projection.T.astype(float)]
        naive.append([product > threshold for product, threshold in zip(products, coder.thresholds, strict=True)])
    np.testing.assert_array_equal(unpack_bits(coder.encode(vectors)), naive)
    assert coder.n_dims == 12


def test_hidden_layers_that_cannot_be_are_refused() -> None:
    weights, biases = np.ones((12, 5), np.float16), np.zeros(5, np.float32)
    with pytest.raises(ValueError, match=r"hidden weights are \(D, H\) float16"):
        Hidden(weights.astype(np.float32), biases)
    with pytest.raises(ValueError, match="5 hidden numbers have as many float32 biases"):
        Hidden(weights, biases[:4])
    with pytest.raises(ValueError, match="not finite; train it again"):
        Hidden(weights, biases + np.float32(np.nan))
    with pytest.raises(ValueError, match=r"vectors with 12 \+ 5 numbers do not fit a projection \(12, 8\)"):
        Coder("drawn", np.ones((12, 8), np.float16), np.zeros(8, np.float32), hidden=Hidden(weights, biases))


def test_a_coder_of_the_first_format_is_still_read(tmp_path: Path) -> None:
    write(tmp_path / "codes.npz", format=np.array(1))
    np.testing.assert_array_equal(
        read_coder(tmp_path / "codes.npz").encode(draw_vectors(9)), draw_coder().encode(draw_vectors(9))
    )


def test_a_bit_is_whether_a_product_exceeds_its_threshold() -> None:
    coder, vectors = draw_coder(), draw_vectors(5)
    naive = [
        [float(np.dot(vector.astype(float), column.astype(float))) > threshold for column, threshold in columns]
        for vector in vectors
        for columns in [list(zip(coder.projection.T, coder.thresholds, strict=True))]
    ]
    np.testing.assert_array_equal(unpack_bits(coder.encode(vectors)), naive)


@pytest.mark.parametrize("draw", [draw_coder, draw_bent_coder])
def test_a_code_is_the_same_alone_and_among_others(draw: Callable[[], Coder], monkeypatch: pytest.MonkeyPatch) -> None:
    coder, vectors = draw(), draw_vectors(50)
    together = coder.encode(vectors)
    np.testing.assert_array_equal(np.concatenate([coder.encode(vector[None]) for vector in vectors]), together)
    monkeypatch.setattr("lookalike.codes.coder._ROWS", 7)
    np.testing.assert_array_equal(coder.encode(vectors), together)


def test_the_scale_of_weights_does_not_matter() -> None:
    weights, thresholds = np.random.default_rng(9).standard_normal((12, 16)), np.linspace(-1, 1, 16)
    small, large = (coder_of("scaled", s * weights, s * thresholds) for s in (1e-12, 1e12))
    np.testing.assert_array_equal(small.encode(draw_vectors(40)), large.encode(draw_vectors(40)))


def test_no_vectors_have_no_codes() -> None:
    assert draw_coder().encode(draw_vectors(0)).shape == (0, 4)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(number: float) -> None:
    vectors = draw_vectors(3)
    vectors[1, 2] = number
    with pytest.raises(ValueError, match="not finite; describe its picture again"):
        draw_coder().encode(vectors)


@pytest.mark.parametrize("shape", [(3, 11), (12,), (1, 3, 12)])
def test_vectors_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"vectors are \(N, 12\), got"):
        draw_coder().encode(np.zeros(shape, dtype=np.float32))


def test_short_codes_hold_the_chosen_bits_in_their_order() -> None:
    codes = np.random.default_rng(7).integers(0, 256, size=(6, 32), dtype=np.uint8)
    order = BitOrder(np.random.default_rng(8).permutation(256)[:64].reshape(4, 16).astype(np.uint16))
    short = order.short_codes(codes)
    np.testing.assert_array_equal(unpack_bits(short), unpack_bits(codes)[:, order.groups.ravel()])
    third = unpack_bits(codes)[:, order.groups[2]].astype(int) @ (1 << np.arange(16)[::-1])
    np.testing.assert_array_equal(short.view(">u2")[:, 2], third)


def test_sub_codes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="stands in one sub-code once"):
        BitOrder(np.zeros((1, 8), dtype=np.uint16))
    with pytest.raises(ValueError, match="S a multiple of 8"):
        BitOrder(np.arange(12, dtype=np.uint16).reshape(1, 12))
    order = BitOrder(np.arange(8, 16, dtype=np.uint16)[None])
    with pytest.raises(ValueError, match="sub-codes take bit 15"):
        order.short_codes(np.zeros((1, 1), dtype=np.uint8))
    with pytest.raises(ValueError, match="bits 0 to 7, got sub-codes with bit 15"):
        Coder("drawn", np.ones((2, 8), np.float16), np.zeros(8, np.float32), order)


def test_coders_that_cannot_be_are_refused() -> None:
    projection, thresholds = np.ones((2, 8), np.float16), np.zeros(8, np.float32)
    with pytest.raises(ValueError, match="B a multiple of 8"):
        Coder("drawn", np.ones((2, 9), np.float16), np.zeros(9, np.float32))
    with pytest.raises(ValueError, match="8 bits have as many float32 thresholds"):
        Coder("drawn", projection, thresholds[:4])
    with pytest.raises(ValueError, match="not finite; train it again"):
        Coder("drawn", projection * np.float16(np.inf), thresholds)


def test_the_version_tells_coders_apart() -> None:
    coder = draw_coder()
    others = [
        replace(coder, thresholds=coder.thresholds + np.float32(1)),
        replace(coder, projection=coder.projection[:, ::-1].copy()),
        replace(coder, order=None),
    ]
    assert len({coder.version, *(other.version for other in others)}) == 4
    bent = draw_bent_coder()
    assert bent.hidden is not None
    assert replace(bent, hidden=replace(bent.hidden, biases=bent.hidden.biases + np.float32(1))).version != bent.version
    assert replace(coder, method="renamed").version == coder.version == draw_coder().version


@pytest.mark.parametrize("coder", [draw_coder(), replace(draw_coder(), order=None), draw_bent_coder()])
def test_a_coder_comes_back_from_its_file(coder: Coder, tmp_path: Path) -> None:
    save_coder(tmp_path / "codes.npz", coder)
    again = read_coder(tmp_path / "codes.npz")
    assert (again.method, again.version, again.n_bits, again.n_dims) == (coder.method, coder.version, 32, 12)
    np.testing.assert_array_equal(again.encode(draw_vectors(9)), coder.encode(draw_vectors(9)))
    assert [path.name for path in tmp_path.iterdir()] == ["codes.npz"]


def test_the_same_coder_is_the_same_file(tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_coder(tmp_path / name, draw_coder())
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def write(path: Path, **changes: object) -> None:
    """Write a coder's file with some arrays replaced, and those that are None left out."""
    save_coder(path, draw_coder())
    with np.load(path) as arrays:
        changed = {**arrays, **changes}
    np.savez(path, **{name: value for name, value in changed.items() if value is not None})


@pytest.mark.parametrize(
    "changes",
    [
        {"projection": None},
        {"thresholds": np.zeros(7, dtype=np.float32)},
        {"projection": np.ones((12, 32))},
        {"projection": np.full((12, 32), np.nan, dtype=np.float16)},
        {"projection": np.array([[{}]], dtype=object)},
        {"groups": np.full((2, 8), 9, dtype=np.uint16)},
        {"groups": np.arange(40, 56, dtype=np.uint16).reshape(2, 8)},
        {"groups": np.zeros(0, dtype=np.uint16)},
        {"thresholds": np.zeros(32, dtype=np.float32)},
        {"groups": None},
        {"version": np.array("0" * 12)},
        {"format": np.array(3)},
        {"hidden_weights": np.ones((12, 5), np.float16)},
        {"hidden_weights": np.ones((12, 5), np.float16), "hidden_biases": np.zeros(5, np.float32)},
    ],
    ids=lambda changes: " ".join(f"{name} {getattr(value, 'shape', 'gone')}" for name, value in changes.items()),
)
def test_a_file_of_something_else_is_refused(changes: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "codes.npz"
    write(path, **changes)
    with pytest.raises(BadModel, match=r"codes\.npz .*: (train it again|update Lookalike)"):
        read_coder(path)


def test_no_cut_and_no_flipped_byte_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "codes.npz"
    save_coder(path, draw_coder())
    content, version = path.read_bytes(), draw_coder().version
    rng = np.random.default_rng(7)
    for place in rng.choice(len(content), 300, replace=False):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            assert read_coder(path).version == version
        except BadModel:
            continue
    for length in rng.choice(len(content), 40, replace=False):
        path.write_bytes(content[:length])
        with pytest.raises(BadModel):
            read_coder(path)


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("projection.npy", bytes(65 << 20))
    with pytest.raises(BadModel, match="over 67108864"):
        read_coder(path)


def test_a_header_that_promises_too_much_is_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f2", "fortran_order": False, "shape": (1 << 40, 1 << 20)})
    path = tmp_path / "codes.npz"
    with zipfile.ZipFile(path, "w") as members:
        members.writestr("projection.npy", header.getvalue())
    with pytest.raises(BadModel, match="is no readable coder"):
        read_coder(path)


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="cannot be read"):
        read_coder(tmp_path / "nothing.npz")
