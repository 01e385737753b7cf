"""A segment on disk: what was written is read, anything else is refused, a full disk is told, memory stays small."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.errors import CollectionDamaged
from lookalike.index import segment_file
from lookalike.index.code_segment import CodeSegment, build_segment
from lookalike.index.segment_file import PAGE_BYTES, Stamp, is_stamped, read_segment, write_segment

ORDER = np.random.default_rng(7).permutation(256).astype(np.uint16)
STAMP = Stamp(first=1000, n_codes=300, n_tables=4, key="coder and order", seal=2**64 - 1)


def some_codes(n: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 2**64, (n, 4), dtype=np.uint64)


def assert_equal(segment: CodeSegment, expected: CodeSegment) -> None:
    assert segment.first == expected.first
    for name in ("planes", "starts", "ids"):
        assert np.array_equal(getattr(segment, name), getattr(expected, name)), name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "index" / "a segment"
    path.parent.mkdir()
    write_segment(path, STAMP, [some_codes(300)], ORDER)
    return path


@settings(max_examples=12)
@given(
    n=st.integers(0, 500), n_tables=st.sampled_from([4, 16]), first=st.integers(0, 2**40), n_chunks=st.integers(1, 4)
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, n: int, n_tables: int, first: int, n_chunks: int
) -> None:
    path = tmp_path_factory.mktemp("index") / "segment"
    stamp = Stamp(first, n, n_tables, "key", seal=5)
    write_segment(path, stamp, np.array_split(some_codes(n), n_chunks), ORDER)
    segment = read_segment(path, stamp)
    assert_equal(segment, build_segment(some_codes(n), ORDER, n_tables=n_tables, first=first))
    assert [entry.name for entry in path.parent.iterdir()] == ["segment"]


def test_arrays_are_mapped_read_only_and_begin_at_pages(path: Path) -> None:
    segment = read_segment(path, STAMP)
    for array in (segment.planes, segment.starts, segment.ids):
        assert not array.flags.writeable
        assert array.ctypes.data % PAGE_BYTES == 0


def test_a_small_file_can_have_several_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_file, "BLOCK_BYTES", 5000)
    write_segment(tmp_path / "segment", STAMP, [some_codes(300)], ORDER)
    segment = read_segment(tmp_path / "segment", STAMP)
    assert_equal(segment, build_segment(some_codes(300), ORDER, n_tables=4, first=1000))


def damage(rng: np.random.Generator, content: bytes) -> bytes:
    """Flip a bit, of which every third in the head; cut off; or lose a page, as a power cut may."""
    kind = rng.choice(["flip", "flip in head", "truncate", "lose"], p=[0.4, 0.2, 0.2, 0.2])
    if kind == "truncate":
        return content[: rng.integers(len(content))]
    if kind == "lose":
        start = int(rng.integers(len(content) // PAGE_BYTES)) * PAGE_BYTES
        return content[:start] + bytes(PAGE_BYTES) + content[start + PAGE_BYTES :]
    place = int(rng.integers(PAGE_BYTES if kind == "flip in head" else len(content)))
    return content[:place] + bytes([content[place] ^ (1 << int(rng.integers(8)))]) + content[place + 1 :]


def test_every_flip_truncation_and_lost_page_is_detected(path: Path) -> None:
    rng = np.random.default_rng(7)
    sound = path.read_bytes()
    n_damaged = 0
    while n_damaged < 1000:
        content = damage(rng, sound)
        if content == sound:  # a page of zeros was lost
            continue
        path.write_bytes(content)
        n_damaged += 1
        with pytest.raises(CollectionDamaged, match=r"a segment of .* `lookalike repair` makes it again"):
            read_segment(path, STAMP)
    path.write_bytes(sound)
    assert len(read_segment(path, STAMP)) == 300


def test_every_kind_of_extension_is_detected(path: Path) -> None:
    sound = path.read_bytes()
    for more in (b"\0", bytes(PAGE_BYTES), sound):
        path.write_bytes(sound + more)
        with pytest.raises(CollectionDamaged):
            read_segment(path, STAMP)


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def make_foreign(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n" * 100_000)


def make_link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize("make", [make_empty, make_foreign, Path.mkdir, os.mkfifo, make_link_to_nowhere])
def test_what_is_no_segment_is_refused_in_a_sentence(path: Path, make: Callable[[Path], None]) -> None:
    path.unlink()
    make(path)
    with pytest.raises(CollectionDamaged, match=r"^the index file a segment of .*; it is not used"):
        read_segment(path, STAMP)
    assert not is_stamped(path, STAMP)


def test_an_unreadable_file_is_refused_in_a_sentence(path: Path, as_anybody: None) -> None:
    path.chmod(0)
    with pytest.raises(CollectionDamaged, match=r"cannot be read \(Permission denied\)"):
        read_segment(path, STAMP)


def test_a_missing_file_is_not_called_damaged(path: Path) -> None:
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_segment(path, STAMP)
    assert not is_stamped(path, STAMP)


@pytest.mark.parametrize(
    "change", [{"first": 0}, {"n_codes": 301}, {"n_tables": 16}, {"key": "another order"}, {"seal": 4}], ids=str
)
def test_a_segment_made_from_other_things_is_refused(path: Path, change: dict[str, int]) -> None:
    assert is_stamped(path, STAMP)
    assert not is_stamped(path, replace(STAMP, **change))
    with pytest.raises(CollectionDamaged, match="made from other codes or by another coder or version"):
        read_segment(path, replace(STAMP, **change))


def test_another_version_of_the_format_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_file, "VERSION", 2)
    with pytest.raises(CollectionDamaged, match="another coder or version"):
        read_segment(path, STAMP)


def test_the_head_alone_does_not_tell_of_damage_behind_it(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert is_stamped(path, STAMP)


def test_who_has_a_file_mapped_keeps_it_when_it_is_replaced(path: Path) -> None:
    before = read_segment(path, STAMP)
    write_segment(path, STAMP, [some_codes(300)[::-1]], ORDER)
    assert_equal(before, build_segment(some_codes(300), ORDER, n_tables=4, first=1000))
    assert_equal(read_segment(path, STAMP), build_segment(some_codes(300)[::-1], ORDER, n_tables=4, first=1000))


def test_a_build_that_fails_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="299 codes"):
        write_segment(path, STAMP, [some_codes(299)], ORDER)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_room_is_taken_where_the_system_cannot_reserve_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    monkeypatch.delattr(os, "posix_fallocate")
    write_segment(path, STAMP, [some_codes(300)], ORDER)
    assert path.read_bytes() == before


@pytest.fixture
def limited() -> Iterator[None]:
    """Forbid files above half a MiB, as a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("can_reserve", [True, False])
def test_a_file_above_the_limit_is_an_error_and_leaves_nothing(
    tmp_path: Path, limited: None, monkeypatch: pytest.MonkeyPatch, can_reserve: bool
) -> None:
    if not can_reserve:
        monkeypatch.delattr(os, "posix_fallocate")
    with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        write_segment(tmp_path / "segment", STAMP, [some_codes(300)], ORDER)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two MiB: room for one small segment, not for two."""
    place = tmp_path / "disk"
    place.mkdir()
    tried = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {tried.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk_is_an_error_and_leaves_what_was_there(small_disk: Path) -> None:
    write_segment(small_disk / "one", STAMP, [some_codes(300)], ORDER)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        write_segment(small_disk / "two", STAMP, [some_codes(300)], ORDER)
    assert list(small_disk.iterdir()) == [small_disk / "one"]
    assert len(read_segment(small_disk / "one", STAMP)) == 300


MEMORY = """
import sys
from pathlib import Path
from threading import Event, Thread
import numpy as np
from lookalike.index.segment_file import Stamp, read_segment, write_segment

def anonymous():
    return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) << 10

place, n = Path(sys.argv[1]), int(sys.argv[2])
order = np.arange(256, dtype=np.uint16)
with (place / "codes").open("wb") as file:
    for seed in range(n >> 15):
        file.write(np.random.default_rng(seed).integers(0, 2**64, (1 << 15, 4), dtype=np.uint64).tobytes())
codes = np.memmap(place / "codes", dtype=np.uint64, mode="r", shape=(n, 4))
small = Stamp(0, 1 << 15, 16, "key", 0)
write_segment(place / "small", small, [codes[: 1 << 15]], order)  # loads what is loaded once
read_segment(place / "small", small)
before, peak, is_over = anonymous(), 0, Event()
def watch():
    global peak
    while not is_over.wait(0.001):
        peak = max(peak, anonymous())
watcher = Thread(target=watch)
watcher.start()
write_segment(place / "large", Stamp(0, n, 16, "key", 0), [codes], order)
segment = read_segment(place / "large", Stamp(0, n, 16, "key", 0))
is_over.set()
watcher.join()
print(peak - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell what memory is used for")
def test_a_build_takes_little_memory_beside_its_file(tmp_path: Path) -> None:
    n = 1 << 20  # 80 MiB on disk
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-c", MEMORY, str(tmp_path), str(n)]
    grown = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    assert 0 < int(grown) < 28 << 20
