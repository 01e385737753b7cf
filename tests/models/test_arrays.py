"""Arrays come out of a file as they were, or one of a few exceptions does, whatever the file is."""

import bz2
import lzma
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from lookalike.models.arrays import read_arrays

LIMIT = 1 << 20


def headed(text: str) -> bytes:
    """Return an NPY file of one byte behind any header."""
    header = text.encode() + b" " * 40 + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"x"


def shaped(shape: str, kind: str = "<f4") -> bytes:
    return headed(f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}")


def write(path: Path, content: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as members:
        members.writestr("one.npy", content)
    return path


def test_arrays_are_read_as_they_were_written(tmp_path: Path) -> None:
    arrays = {"numbers": np.eye(3, dtype=np.float16), "words": np.array(["a", "bc"]), "none": np.zeros((0, 4))}
    np.savez_compressed(tmp_path / "some.npz", **arrays)
    read = read_arrays(tmp_path / "some.npz", LIMIT)
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"hello", b"\x93NUMPY", shaped("(99999999999999999999999999,)"), shaped("(1099511627776,)"),
        shaped("(-1,)"), shaped("(1,)", "|O"), shaped("(1099511627776,)", "|V0"), shaped("(1099511627776,)", "<U0"),
        headed("{'descr': '<f4', 'fortran_order': False, 'shape': (1,"), headed("  {'a'\n   : 1\n 2}"),
        headed("{'descr': [['a']], 'fortran_order': False, 'shape': (1,), }"),
    ],
)  # fmt: skip
def test_a_member_that_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it is no readable NPZ file: .|^'one' is no array"):
        read_arrays(write(tmp_path / "one.npz", content), LIMIT)


def test_a_member_that_is_no_file_of_numpy_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "one.npz", "w") as members:
        members.writestr("hello.txt", "hello")
    with pytest.raises(ValueError, match=r"'hello.txt' is no array"):
        read_arrays(tmp_path / "one.npz", LIMIT)


@pytest.mark.parametrize(
    ("method", "packed"),
    [
        (zipfile.ZIP_DEFLATED, zlib.compress(bytes(3000), wbits=-15)),
        (zipfile.ZIP_BZIP2, bz2.compress(bytes(3000))),
        (zipfile.ZIP_LZMA, lzma.compress(bytes(3000), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}])),
    ],
    ids=["deflate", "bzip2", "lzma"],
)
def test_a_damaged_stream_of_any_packing_is_refused(tmp_path: Path, method: int, packed: bytes) -> None:
    path = write(tmp_path / "one.npz", bytes(3000), method)
    whole = path.read_bytes()
    start = len("one.npy") + 30
    for place in range(start, start + len(packed)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=r"^it is no readable NPZ file: .|^'one' is no array"):
            read_arrays(path, LIMIT)


def test_whatever_bytes_change_arrays_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    np.savez(path, numbers=np.eye(3, dtype=np.float16), words=np.array(["a", "bc"]))
    whole, rng = path.read_bytes(), np.random.default_rng(7)
    refused = 0
    for _ in range(500):
        altered = np.frombuffer(whole, np.uint8).copy()
        altered[rng.integers(len(whole), size=3)] = rng.integers(256, size=3)
        path.write_bytes(altered.tobytes())
        try:
            assert all(isinstance(array, np.ndarray) for array in read_arrays(path, LIMIT).values())
        except ValueError:
            refused += 1
    assert 100 < refused < 500


def test_more_than_the_limit_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "large.npz", zeros=np.zeros(LIMIT))
    with pytest.raises(ValueError, match="over 1048576"):
        read_arrays(tmp_path / "large.npz", LIMIT)


def test_a_file_that_cannot_be_opened_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.npz", tmp_path):
        with pytest.raises(OSError, match=r"No such file|Is a directory"):
            read_arrays(path, LIMIT)
