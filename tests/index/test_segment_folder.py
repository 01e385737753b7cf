"""A folder of segments: few files however it grew, only sound ones used, anything else made again."""

import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.index import segment_folder
from lookalike.index.code_segment import build_segment
from lookalike.index.segment_folder import Cover, SegmentFolder, layout

SMALLEST, FACTOR, LARGEST = 8, 4, 256
N = 605
CODES = np.random.default_rng(7).integers(0, 2**64, (N, 4), dtype=np.uint64)
ORDER = np.random.default_rng(8).permutation(256).astype(np.uint16)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_folder, "SMALLEST", SMALLEST)
    monkeypatch.setattr(segment_folder, "LARGEST", LARGEST)


@pytest.fixture
def folder(tmp_path: Path) -> SegmentFolder:
    return at(tmp_path / "space" / "index")


def at(place: Path, key: str = "coder and order", n_tables: int = 4) -> SegmentFolder:
    """Look at a folder with fresh eyes."""
    return SegmentFolder(place, key, n_tables=n_tables)


def seal_of(codes: np.ndarray) -> Callable[[int, int], int]:
    return lambda first, end: zlib.crc32(codes[first:end].tobytes())


def extend(folder: SegmentFolder, codes: np.ndarray, n_chunks: int = 3) -> None:
    folder.extend(np.array_split(codes, n_chunks), seal_of(codes), ORDER)


def load(folder: SegmentFolder, codes: np.ndarray = CODES, n_rows: int = N) -> Cover:
    return folder.load(n_rows, seal_of(codes))


def lengths(cover: Cover) -> list[int]:
    return [len(segment) for segment in cover.segments]


def assert_right(cover: Cover, codes: np.ndarray = CODES, n_tables: int = 4) -> None:
    first = 0
    for segment in cover.segments:
        part = codes[first : first + len(segment)]
        expected = build_segment(part, ORDER, n_tables=n_tables, first=first)
        assert segment.first == first
        assert np.array_equal(segment.planes, expected.planes)
        assert np.array_equal(segment.starts, expected.starts)
        assert np.array_equal(segment.ids, expected.ids)
        first += len(segment)


def names(folder: SegmentFolder) -> list[str]:
    return sorted(path.name for path in folder.folder.iterdir())


@pytest.mark.parametrize(
    ("n_rows", "expected"),
    [
        (0, []),
        (7, []),
        (8, [8]),
        (31, [24]),
        (32, [32]),
        (100, [96]),
        (255, [128, 96, 24]),
        (256, [256]),
        (600, [256, 256, 64, 24]),
    ],
)
def test_the_layout_of_some_numbers_of_rows(n_rows: int, expected: list[int]) -> None:
    assert [len(rows) for rows in layout(n_rows)] == expected


@given(n_rows=st.integers(0, 10**7), smallest=st.integers(1, 50), factors=st.integers(1, 5000))
def test_a_layout_is_consecutive_and_short(n_rows: int, smallest: int, factors: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segment_folder, "SMALLEST", smallest)
        patch.setattr(segment_folder, "LARGEST", smallest * factors * 1000)
        ranges = layout(n_rows)
        largest = smallest * factors * 1000
    ends = [0, *(rows.stop for rows in ranges)]
    assert [rows.start for rows in ranges] == ends[:-1]
    assert n_rows - smallest < ends[-1] <= n_rows
    assert all(rows.start % smallest == 0 and 0 < len(rows) <= largest for rows in ranges)
    assert len(ranges) - n_rows // largest <= 1 + np.log(factors * 1000) / np.log(FACTOR)


@given(one=st.integers(0, 5000), other=st.integers(0, 5000))
def test_segments_of_any_two_layouts_lie_apart_or_one_inside_the_other(one: int, other: int) -> None:
    for a in layout(one):
        for b in layout(other):
            n_common = len(range(max(a.start, b.start), min(a.stop, b.stop)))
            assert n_common in (0, len(a), len(b))


def test_growing_by_little_writes_each_row_a_few_times() -> None:
    n_written = 0
    before: set[range] = set()
    for n_rows in range(0, 10 * LARGEST + 1, SMALLEST):
        n_written += sum(len(rows) for rows in set(layout(n_rows)) - before)
        before = set(layout(n_rows))
    assert n_written <= 5 * 10 * LARGEST


def test_the_published_sizes_are_multiples_of_a_block_of_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert segment_folder.SMALLEST % (1 << 15) == 0
    assert segment_folder.LARGEST == 32 * segment_folder.SMALLEST <= 1 << 24


def test_nothing_makes_no_folder_and_covers_nothing(folder: SegmentFolder) -> None:
    extend(folder, CODES[: SMALLEST - 1])
    assert not folder.folder.exists()
    cover = load(folder)
    assert (cover.segments, cover.problems, cover.n_covered) == ((), (), 0)
    assert folder.n_covered(N, seal_of(CODES)) == 0


@settings(max_examples=10)
@given(steps=st.lists(st.integers(0, 150), min_size=1, max_size=8), n_tables=st.sampled_from([4, 16]))
def test_any_growth_ends_in_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], n_tables: int
) -> None:
    folder = at(tmp_path_factory.mktemp("space") / "index", n_tables=n_tables)
    n_rows = 0
    for step in steps:
        n_rows = min(N, n_rows + step)
        extend(folder, CODES[:n_rows])
        cover = load(folder, n_rows=n_rows)
        assert cover.problems == ()
        assert lengths(cover) == [len(rows) for rows in layout(n_rows)]
        assert folder.n_covered(n_rows, seal_of(CODES)) == cover.n_covered == n_rows // SMALLEST * SMALLEST
    assert_right(load(at(folder.folder, n_tables=n_tables)), n_tables=n_tables)
    if n_rows >= SMALLEST:
        assert len(names(folder)) == len(layout(n_rows))


def test_nothing_is_written_again_without_need(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    before = {path: path.stat().st_mtime_ns for path in folder.folder.iterdir()}
    extend(at(folder.folder), CODES)
    assert {path: path.stat().st_mtime_ns for path in folder.folder.iterdir()} == before


def test_what_a_killed_writer_left_makes_room_first(folder: SegmentFolder) -> None:
    folder.folder.mkdir(parents=True)
    left = folder.folder / "000000000512-000000000520.codes4.part"
    left.write_bytes(b"half")
    seen: list[bool] = []

    def seal(first: int, end: int) -> int:
        seen.append(left.exists())
        return seal_of(CODES)(first, end)

    folder.extend([CODES], seal, ORDER)
    assert seen
    assert not any(seen)


def test_work_that_is_ended_goes_on_where_it_was(folder: SegmentFolder) -> None:
    asked: list[int] = []

    def stop_before_the_third(first: int, end: int) -> int:
        if first == 512 and first in asked:  # asked first to look for its file, and then to write it
            raise KeyboardInterrupt
        asked.append(first)
        return seal_of(CODES)(first, end)

    with pytest.raises(KeyboardInterrupt):
        folder.extend([CODES], stop_before_the_third, ORDER)
    assert lengths(load(folder)) == [256, 256]
    before = {path: path.stat().st_mtime_ns for path in folder.folder.iterdir()}
    extend(folder, CODES)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert_right(load(folder))


def test_rows_that_a_reader_does_not_know_yet_are_left_aside(folder: SegmentFolder) -> None:
    extend(folder, CODES[:128])
    extend(folder, CODES[:140])
    assert lengths(load(folder, n_rows=139)) == [128, 8]
    assert lengths(load(folder, n_rows=135)) == [128]
    assert lengths(load(folder, n_rows=127)) == []


def test_of_several_segments_the_widest_is_taken(folder: SegmentFolder, tmp_path: Path) -> None:
    extend(folder, CODES[:120])
    shutil.copytree(folder.folder, tmp_path / "old")
    extend(folder, CODES[:128])
    for path in (tmp_path / "old").iterdir():  # as if killed before they were removed
        shutil.copy2(path, folder.folder)
    assert lengths(load(folder)) == [128]
    assert lengths(load(folder, n_rows=127)) == [96, 24]
    flip(folder.folder / "000000000096-000000000120.codes4")
    assert load(folder).problems == ()  # not looked at
    flip(folder.folder / "000000000000-000000000128.codes4")
    cover = load(folder)
    assert (lengths(cover), len(cover.problems)) == ([96], 2)
    extend(folder, CODES[:128])
    assert names(folder) == ["000000000000-000000000128.codes4"]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_bytes(b"something")


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip, make_empty, make_a_folder, os.unlink])
@pytest.mark.parametrize(("number", "covered"), [(0, []), (1, [256]), (3, [256, 256, 64])])
def test_what_is_damaged_is_named_left_aside_and_made_again(
    folder: SegmentFolder, damage: Callable[[Path], None], number: int, covered: list[int]
) -> None:
    extend(folder, CODES)
    path = folder.folder / names(folder)[number]
    damage(path)
    cover = load(at(folder.folder))
    assert lengths(cover) == covered
    assert_right(cover)
    if path.exists():
        [problem] = cover.problems
        assert problem.startswith(f"the index file {path.name} of space ")
    else:
        assert cover.problems == ()
    extend(folder, CODES)
    cover = load(at(folder.folder))
    assert (lengths(cover), cover.problems) == ([256, 256, 64, 24], ())
    assert_right(cover)


def test_all_that_is_damaged_is_named(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    for number in (0, 2):
        flip(folder.folder / names(folder)[number])
    assert len(load(at(folder.folder)).problems) == 2


def test_a_file_is_compared_once(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    assert all(one is other for one, other in zip(load(folder).segments, load(folder).segments, strict=True))


def test_a_reader_that_has_compared_a_file_notices_that_it_is_another(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    assert load(folder).problems == ()
    flip(folder.folder / names(folder)[1])
    assert len(load(folder).problems) == 1


def test_a_file_under_the_name_of_another_is_refused(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    first, second, *_ = sorted(folder.folder.iterdir())
    shutil.copy2(second, first)
    assert lengths(load(at(folder.folder))) == []


def test_files_that_are_no_segments_are_neither_used_nor_deleted(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    (folder.folder / "notes.txt").write_text("mine")
    cover = load(folder)
    assert (lengths(cover), cover.problems) == ([256, 256, 64, 24], ())
    extend(folder, CODES[:8])
    assert names(folder) == ["000000000000-000000000008.codes4", "notes.txt"]


def test_names_that_no_layout_has_are_left_aside_and_swept(folder: SegmentFolder) -> None:
    extend(folder, CODES[:8])
    sound = next(folder.folder.iterdir()).read_bytes()
    for name in ("000000000008-000000000011", "000000000008-000000000008", "000000000016-000000000008"):
        (folder.folder / f"{name}.codes4").write_bytes(sound)
        (folder.folder / f"{name}.codes4.part").write_bytes(sound)
    cover = load(at(folder.folder))
    assert (lengths(cover), cover.problems) == ([8], ())
    extend(folder, CODES[:8])
    assert names(folder) == ["000000000000-000000000008.codes4"]


def test_something_else_in_the_place_of_the_folder_gives_way(folder: SegmentFolder) -> None:
    folder.folder.parent.mkdir()
    folder.folder.write_bytes(b"a file")
    assert load(folder).n_covered == 0
    extend(folder, CODES)
    assert_right(load(folder))


def test_rows_written_anew_make_their_segments_stale(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    assert lengths(load(folder)) == [256, 256, 64, 24]
    changed = CODES.copy()
    changed[300] = 0
    assert lengths(load(folder, changed)) == [256]
    assert folder.n_covered(N, seal_of(changed)) == 256
    [problem] = load(at(folder.folder), changed).problems
    assert "000000000256-000000000512" in problem
    extend(folder, changed)
    assert lengths(load(folder, changed)) == [256, 256, 64, 24]
    assert_right(load(folder, changed), changed)


def test_another_coder_order_or_number_of_tables_makes_all_segments_anew(folder: SegmentFolder) -> None:
    extend(folder, CODES)
    for other in (at(folder.folder, "another"), at(folder.folder, "another", n_tables=16)):
        assert load(other).n_covered == other.n_covered(N, seal_of(CODES)) == 0
        extend(other, CODES)
        assert_right(load(other), n_tables=other.n_tables)
        assert len(names(other)) == 4
    assert load(folder).n_covered == 0


def test_segments_of_both_kinds_can_lie_side_by_side(folder: SegmentFolder, tmp_path: Path) -> None:
    extend(folder, CODES)
    other = at(tmp_path / "other", n_tables=16)
    extend(other, CODES[:256])
    shutil.copy2(other.folder / names(other)[0], folder.folder)
    assert lengths(load(at(folder.folder, n_tables=16))) == [256]
    assert lengths(load(folder)) == [256, 256, 64, 24]


def test_what_a_reader_has_mapped_outlives_merging_and_the_folder(folder: SegmentFolder) -> None:
    extend(folder, CODES[:120])
    cover = load(folder)
    extend(folder, CODES[:128])
    shutil.rmtree(folder.folder)
    assert lengths(cover) == [96, 24]
    assert_right(cover)


def test_a_copy_without_rows_shares_what_holds_none_of_them(folder: SegmentFolder, tmp_path: Path) -> None:
    extend(folder, CODES)
    removed = np.array([255, 512, 602])  # the last is behind the last segment
    folder.link_without(removed, tmp_path / "space.1" / "index")
    copy = at(tmp_path / "space.1" / "index")
    assert names(copy) == [name for name in names(folder) if name[:12] in ("000000000256", "000000000576")]
    assert all((copy.folder / name).samefile(folder.folder / name) for name in names(copy))
    zeroed = CODES.copy()
    zeroed[removed] = 0
    shared = {name: (copy.folder / name).stat().st_ino for name in names(copy)}
    extend(copy, zeroed)
    assert lengths(load(copy, zeroed)) == [256, 256, 64, 24]
    assert_right(load(copy, zeroed), zeroed)
    assert {name: (copy.folder / name).stat().st_ino for name in shared} == shared
    assert_right(load(folder))


def test_nothing_of_removed_rows_stays_in_a_copy(folder: SegmentFolder, tmp_path: Path) -> None:
    extend(folder, CODES)
    removed = np.arange(100, 400, 50)
    trace = [build_segment(CODES[row : row + 1], ORDER, n_tables=4).planes[:, 0].tolist() for row in removed]
    zeroed = CODES.copy()
    zeroed[removed] = 0
    folder.link_without(removed, tmp_path / "copy")
    extend(at(tmp_path / "copy"), zeroed)
    for place, expected in ((folder.folder, True), (tmp_path / "copy", False)):
        content = b"".join(path.read_bytes() for path in place.iterdir())
        found = [word.to_bytes(8, "little") in content for words in trace for word in words]
        assert found == [expected] * len(found)


def test_what_cannot_be_linked_does_not_stop_a_removal(folder: SegmentFolder, tmp_path: Path) -> None:
    extend(folder, CODES)
    make_a_folder(folder.folder / names(folder)[1])
    folder.link_without(np.array([5]), tmp_path / "copy")
    assert len(names(at(tmp_path / "copy"))) == 2


def test_a_merge_between_listing_and_reading_is_looked_for_again(folder: SegmentFolder) -> None:
    extend(folder, CODES[:120])
    merged: list[Cover] = []

    def seal_while_merging(first: int, end: int) -> int:
        if not merged:
            extend(at(folder.folder), CODES[:128])
            merged.append(load(at(folder.folder)))
        return seal_of(CODES)(first, end)

    assert lengths(folder.load(N, seal_while_merging)) == lengths(merged[0]) == [128]


def test_segments_that_vanish_with_their_folder_cover_nothing(folder: SegmentFolder) -> None:
    extend(folder, CODES)

    def seal_while_removing(first: int, end: int) -> int:
        shutil.rmtree(folder.folder, ignore_errors=True)
        return seal_of(CODES)(first, end)

    assert folder.load(N, seal_while_removing).n_covered == 0


def test_readers_see_sound_segments_of_all_that_was_covered_while_the_writer_merges(folder: SegmentFolder) -> None:
    covered = 0
    is_over = Event()
    wrong: list[object] = []

    def read() -> None:
        while not is_over.is_set():
            floor = covered
            try:
                cover = load(at(folder.folder))
                assert cover.problems == ()
                assert cover.n_covered >= floor
                assert_right(cover)
            except BaseException as error:
                wrong.append(error)
                raise

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n_rows in range(SMALLEST, N, SMALLEST):
        extend(folder, CODES[:n_rows])
        covered = n_rows
    is_over.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert covered == 600
