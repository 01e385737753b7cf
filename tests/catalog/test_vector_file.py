"""The vectors on disk: appended, verified, cut, rewritten."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.catalog import vector_file
from lookalike.catalog.vector_file import CodeFile, VectorFile
from lookalike.errors import CollectionDamaged

D = 8


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_file, "BLOCK_BYTES", 2 * D * 4)  # 4 rows
    monkeypatch.setattr(vector_file, "SEGMENT_BYTES", 2 * D * 4 * 3)  # 12 rows


def numbers(n: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, D)).astype(np.float16).astype(np.float32)


def read(file: VectorFile) -> np.ndarray:
    return np.concatenate([np.zeros((0, D)), *file.segments()]).astype(np.float32)


def reopened(file: VectorFile, n_rows: int | None = None) -> VectorFile:
    return VectorFile(file.folder, D, file.n_rows if n_rows is None else n_rows, file.checksums)


def test_an_empty_file_has_no_segments_and_no_damage(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    assert file.segments() == []
    assert file.damaged_blocks() == []
    assert not (tmp_path / "vectors").exists()


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 30), max_size=6))
def test_what_is_appended_in_any_portions_reads_back(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    file = VectorFile(tmp_path_factory.mktemp("v") / "vectors", D)
    rows = numbers(sum(sizes))
    start = 0
    for size in sizes:
        assert file.append(rows[start : start + size]) == start
        start += size
    file.flush()
    assert np.array_equal(read(reopened(file)), rows)
    assert set(file.unrecorded()) == set(range(file.n_blocks))
    assert file.unrecorded() == {}


def test_rows_behind_the_committed_ones_are_cut_off(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    file.append(numbers(14))
    committed = VectorFile(file.folder, D, file.n_rows, file.checksums)
    file.append(numbers(23, seed=8))
    assert len(list(file.folder.iterdir())) == 4
    committed.cut()
    assert len(list(file.folder.iterdir())) == 2
    assert np.array_equal(read(committed), numbers(14))
    committed.append(numbers(3, seed=9))
    assert np.array_equal(read(reopened(committed))[14:], numbers(3, seed=9))


def test_every_flipped_byte_and_every_truncation_is_detected_before_use(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    file.append(numbers(30))
    rng = np.random.default_rng(7)
    for _ in range(60):
        path = sorted(file.folder.iterdir())[rng.integers(3)]
        sound = path.read_bytes()
        place = int(rng.integers(len(sound)))
        if rng.random() < 0.3:
            path.write_bytes(sound[:place])
        else:
            path.write_bytes(sound[:place] + bytes([sound[place] ^ (1 << int(rng.integers(8)))]) + sound[place + 1 :])
        with pytest.raises(CollectionDamaged, match="blocks of vectors"):
            reopened(file).segments()
        path.write_bytes(sound)
    assert np.array_equal(read(reopened(file)), numbers(30))


def test_a_missing_segment_is_damage(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    file.append(numbers(30))
    (file.folder / "00001.f16").unlink()
    assert reopened(file).damaged_blocks() == [3, 4, 5]


def test_a_copy_without_rows_holds_zeros_there_and_links_the_rest(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    file.append(numbers(30))
    copy = file.copy_without(np.array([1, 5]), tmp_path / "other" / "vectors")
    expected = numbers(30)
    expected[[1, 5]] = 0
    assert np.array_equal(read(reopened(copy)), expected)
    assert (copy.folder / "00001.f16").samefile(file.folder / "00001.f16")
    assert not (copy.folder / "00000.f16").samefile(file.folder / "00000.f16")


def test_damage_is_not_copied_under_a_new_checksum(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    file.append(numbers(30))
    (file.folder / "00002.f16").write_bytes(b"\0" * 200)
    with pytest.raises(CollectionDamaged):
        reopened(file).copy_without(np.array([1]), tmp_path / "other")


def test_a_damaged_block_can_be_written_again(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "vectors", D)
    file.append(numbers(30))
    (file.folder / "00001.f16").write_bytes(b"")
    damaged = reopened(file)
    for block in damaged.damaged_blocks():
        rows = damaged.rows_of(block)
        damaged.overwrite(rows.start, numbers(30)[rows.start : rows.stop])
    damaged.flush()
    assert np.array_equal(read(reopened(damaged)), numbers(30))


def test_codes_are_kept_like_vectors_and_told_by_their_name(tmp_path: Path) -> None:
    codes = np.random.default_rng(7).integers(0, 2**64, (30, 4), dtype=np.uint64)
    file = CodeFile(tmp_path / "codes", 4)
    assert [file.append(codes[:5]), file.append(codes[5:])] == [0, 5]
    file.flush()
    again = CodeFile(file.folder, 4, file.n_rows, file.checksums)
    assert np.array_equal(np.concatenate(again.segments()), codes)
    assert {path.suffix for path in file.folder.iterdir()} == {".u64"}
    (file.folder / "00000.u64").write_bytes(b"")
    damaged = CodeFile(file.folder, 4, file.n_rows, file.checksums)
    with pytest.raises(CollectionDamaged, match=r"blocks of codes .* to compute them again from the vectors"):
        damaged.segments()
