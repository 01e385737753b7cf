"""Codes in order and their tables, against naive loops, by NumPy and by compiled code."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.index import code_segment
from lookalike.index.code_segment import CodeSegment, build_segment, ordered

NATURAL = np.arange(256, dtype=np.uint16)


@pytest.fixture(params=["numpy", "compiled"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_segment, "WORTH_COMPILED_CODE", 0 if request.param == "compiled" else 1 << 60)


def random_codes(n: int, seed: int = 7) -> NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 1 << 64, size=(n, 4), dtype=np.uint64)


def random_order(seed: int = 7) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).permutation(256).astype(np.uint16)


def bits(codes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.unpackbits(np.ascontiguousarray(codes).view(np.uint8), axis=1)


def listed(segment: CodeSegment, table: int, value: int) -> list[int]:
    entries = segment.ids[table, segment.starts[table, value] : segment.starts[table, value + 1]]
    return [int.from_bytes(entry.tobytes(), "little") for entry in entries]


def assert_same(one: CodeSegment, other: CodeSegment) -> None:
    assert one.first == other.first
    for name in ("planes", "starts", "ids"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_bit_i_of_an_ordered_code_is_bit_order_i_of_the_code() -> None:
    codes, order = random_codes(20), random_order()
    assert np.array_equal(bits(ordered(codes, order)), bits(codes)[:, order])
    assert np.array_equal(ordered(codes, NATURAL), codes)


def test_planes_hold_the_words_of_the_ordered_codes() -> None:
    codes, order = random_codes(30), random_order()
    assert np.array_equal(build_segment(codes, order, n_tables=4).planes, ordered(codes, order).T)


@pytest.mark.parametrize("n_tables", [4, 16])
def test_every_code_stands_in_the_list_of_each_of_its_sub_codes(n_tables: int) -> None:
    few = random_codes(9)
    codes = few[np.random.default_rng(7).integers(len(few), size=300)]
    segment = build_segment(codes, random_order(), n_tables=n_tables, first=50)
    sub_codes = ordered(codes, random_order()).view("<u2")
    assert (len(segment), segment.n_tables, segment.first) == (300, n_tables, 50)
    for table in range(n_tables):
        assert segment.starts[table, 0] == 0
        assert segment.starts[table, -1] == 300
        for value in np.unique(sub_codes[:, table]):
            assert listed(segment, table, value) == np.flatnonzero(sub_codes[:, table] == value).tolist()


def test_chunks_make_the_same_segment_as_all_codes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = random_codes(100)
    whole = build_segment(codes, random_order(), n_tables=16)
    monkeypatch.setattr(code_segment, "_CHUNK", 7)
    assert_same(whole, build_segment([codes[:33], codes[33:33], codes[33:]], random_order(), n_tables=16))
    assert np.array_equal(ordered(codes, random_order()), whole.planes.T)


def test_a_segment_is_built_in_files_that_are_given(tmp_path: Path) -> None:
    codes = random_codes(40)
    planes = np.memmap(tmp_path / "planes", np.uint64, "w+", shape=(4, 40))
    starts = np.memmap(tmp_path / "starts", np.uint32, "w+", shape=(4, 65537))
    ids = np.memmap(tmp_path / "ids", np.uint8, "w+", shape=(4, 40, 3))
    out = CodeSegment(9, planes, starts, ids)
    assert build_segment(codes, random_order(), n_tables=4, first=9, out=out) is out
    assert_same(out, build_segment(codes, random_order(), n_tables=4, first=9))
    assert np.array_equal(np.fromfile(tmp_path / "planes", np.uint64), out.planes.ravel())


@pytest.mark.parametrize("codes", [random_codes(0), []])
def test_nothing_makes_an_empty_segment(codes: NDArray[np.uint64] | list[NDArray[np.uint64]]) -> None:
    segment = build_segment(codes, NATURAL, n_tables=4)
    assert len(segment) == 0
    assert not segment.starts.any()


def test_codes_that_are_not_in_one_piece_are_taken() -> None:
    codes = random_codes(40)
    assert_same(build_segment(codes[::2], NATURAL, n_tables=4), build_segment(codes[::2].copy(), NATURAL, n_tables=4))


@pytest.mark.parametrize("codes", [np.zeros((3, 4), np.int64), np.zeros((3, 32), np.uint8), np.zeros(4, np.uint64)])
def test_codes_of_another_shape_or_type_are_refused(codes: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"codes are \(n, 4\) uint64, got"):
        build_segment(codes, NATURAL, n_tables=4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"codes are \(n, 4\) uint64, got"):
        ordered(codes, NATURAL)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [NATURAL[:64], NATURAL.astype(np.int64), np.zeros(256, np.uint16)])
def test_an_order_that_is_no_permutation_is_refused(order: NDArray[np.uint16]) -> None:
    with pytest.raises(ValueError, match="a bit order is a permutation"):
        build_segment(random_codes(3), order, n_tables=4)
    with pytest.raises(ValueError, match="a bit order is a permutation"):
        ordered(random_codes(3), order)


def test_another_number_of_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="n_tables = 5"):
        build_segment(random_codes(3), NATURAL, n_tables=5)


@pytest.mark.parametrize(("n", "n_tables", "first"), [(4, 4, 0), (3, 16, 0), (3, 4, 1)])
def test_a_segment_that_does_not_fit_is_not_filled(n: int, n_tables: int, first: int) -> None:
    out = build_segment(random_codes(n), NATURAL, n_tables=n_tables, first=first)
    with pytest.raises(ValueError, match="3 codes from row 0 on, in 4 tables, do not fit"):
        build_segment(random_codes(3), NATURAL, n_tables=4, out=out)


@pytest.mark.parametrize("name", ["planes", "starts", "ids"])
def test_arrays_of_another_type_or_layout_are_refused(name: str) -> None:
    segment = build_segment(random_codes(3), NATURAL, n_tables=4)
    arrays = {part: getattr(segment, part) for part in ("planes", "starts", "ids")}
    for wrong in (arrays[name].astype(np.int64), np.asfortranarray(arrays[name]), arrays[name][1:]):
        with pytest.raises(ValueError, match=r"of a segment are \("):
            CodeSegment(0, **{**arrays, name: wrong})


def test_a_row_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="from row -1"):
        build_segment(random_codes(3), NATURAL, n_tables=4, first=-1)


def test_more_codes_than_ids_can_tell_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_segment, "MOST_CODES", 2)
    with pytest.raises(ValueError, match="at most 2 codes from row 0 on, got 3"):
        build_segment(random_codes(3), NATURAL, n_tables=4)
