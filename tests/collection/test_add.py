"""Adding: what is new, unchanged, changed, moved, copied, vanished, back again, broken, or out of sight."""

import hashlib
import os
import shutil
import socket
from pathlib import Path

import pytest

from lookalike.collection import AddReport, Collection, Progress


def counts(report: AddReport) -> dict[str, int]:
    """Return the counts that are not zero."""
    return {name: value for name, value in report.to_json().items() if isinstance(value, int) and value}


def shown(collection: Collection) -> set[str]:
    """Return the names of the files that a listing shows."""
    hits = collection.search("kind:picture", k=1000)
    return {hit.path.name for main in hits for hit in (main, *main.copies) if hit.path}


def aged(path: Path) -> Path:
    """Let a file be old enough for its time to tell whether it changed."""
    os.utime(path, (1e9, 1e9))
    return path


def vector_rows(collection, rows):
    return rows(collection, "SELECT space_id, row, item_id FROM vectors ORDER BY 1, 2")


def test_new_pictures_are_added_and_known_ones_cost_a_look(collection, folder, draw):
    for seed in range(3):
        draw(folder / "trip" / f"{seed}.png", seed)
    assert counts(collection.add(folder)) == {"added": 3}
    assert counts(collection.add(folder)) == {"unchanged": 3}
    assert counts(collection.add()) == {"unchanged": 3}
    assert len(collection) == 3
    draw(folder / "3.png", 3)
    assert counts(collection.add(folder / "3.png")) == {"added": 1}
    assert counts(collection.add()) == {"unchanged": 4}


def test_every_picture_has_all_that_belongs_to_one(collection, folder, draw, rows):
    for seed in range(70):  # more than one batch
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    n_spaces = rows(collection, "SELECT count(*) FROM spaces")[0][0]
    assert n_spaces >= 4
    for table, n in [("items", 70), ("files", 70), ("frames", 70), ("instances", 70), ("vectors", 70 * n_spaces)]:
        assert rows(collection, f"SELECT count(*) FROM {table}") == [(n,)]
    assert rows(collection, "SELECT DISTINCT n_rows, n_vectors FROM spaces") == [(70, 70)]
    assert len(list((collection.folder / "thumbs").rglob("*.webp"))) == 70
    assert collection.verify().problems == ()


def test_an_empty_folder_is_a_collection_without_pictures(collection, folder):
    assert counts(collection.add(folder)) == {}
    assert len(collection) == 0
    assert collection.verify().ok


def test_adding_nothing_to_nothing_is_no_error(collection):
    assert counts(collection.add()) == {}


def test_a_changed_file_is_a_new_picture_and_the_old_one_is_shown_no_more(collection, folder, draw):
    draw(folder / "a.png", 1)
    draw(folder / "b.png", 2)
    collection.add(folder)
    draw(folder / "a.png", 3)
    assert counts(collection.add(folder)) == {"added": 1, "changed": 1, "unchanged": 1}
    assert len(collection) == 2
    assert shown(collection) == {"a.png", "b.png"}
    assert 1 not in [hit.id for hit in collection.search("kind:picture")]
    assert counts(collection.add(folder)) == {"unchanged": 2}


@pytest.mark.parametrize("way", ["other size", "other inode"])
def test_other_content_under_the_same_name_and_time_is_noticed(collection, folder, draw, way):
    path = draw(folder / "a.bmp", 1)
    before = path.stat()
    collection.add(folder)
    if way == "other size":
        draw(path, 2, squares=(7, 9))
    else:
        draw(folder / "b.bmp", 2).replace(path)
        assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert counts(collection.add(folder)) == {"added": 1, "changed": 1}


def test_a_touched_file_is_read_again_but_stays_the_same_picture(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    described = vector_rows(collection, rows)
    os.utime(path, (1, 1))
    assert counts(collection.add(folder)) == {"unchanged": 1}
    assert vector_rows(collection, rows) == described
    assert rows(collection, "SELECT mtime_ns FROM files") == [(1_000_000_000,)]


def test_a_renamed_folder_describes_nothing_again(collection, folder, draw, rows):
    for seed in range(5):
        draw(folder / "before" / f"{seed}.png", seed)
    collection.add(folder)
    described = vector_rows(collection, rows)
    thumbnails = {path: path.stat().st_mtime_ns for path in (collection.folder / "thumbs").rglob("*")}
    (folder / "before").rename(folder / "after")
    assert counts(collection.add(folder)) == {"moved": 5}
    assert vector_rows(collection, rows) == described
    assert {path: path.stat().st_mtime_ns for path in (collection.folder / "thumbs").rglob("*")} == thumbnails
    assert [hit.id for hit in collection.search("after")] == [1, 2, 3, 4, 5]
    assert list(collection.search("before")) == []


def test_a_renamed_file_whose_time_is_finer_than_a_second_is_not_read(collection, folder, draw):
    for name, time in (("fine.png", 10**18 + 1), ("coarse.png", 10**18)):
        path = draw(folder / name, len(name))
        os.utime(path, ns=(time, time))
        collection.add(path)
        path.write_bytes(bytes(path.stat().st_size))  # whoever reads it sees no picture
        os.utime(path, ns=(time, time))
        path.rename(folder / f"renamed {name}")
    report = collection.add(folder)
    assert report.moved == 1
    assert [path.name for path, _ in report.skipped] == ["renamed coarse.png"]


def test_a_renamed_root_added_by_its_new_name_moves_its_pictures(collection, folder, draw, rows):
    for seed in range(3):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    described = vector_rows(collection, rows)
    other = folder.rename(folder.with_name("elsewhere"))
    report = collection.add(folder, other)
    assert report.offline == [folder]  # a root that is not there is out of sight, not empty
    assert vector_rows(collection, rows) == described
    assert all(hit.path.parent == other and not hit.is_offline for hit in collection.search("kind:picture"))


def test_a_moved_file_that_lost_its_inode_is_known_by_its_content(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    described = vector_rows(collection, rows)
    (folder / "b.png").write_bytes(path.read_bytes())
    path.unlink()
    assert counts(collection.add(folder)) == {"moved": 1}
    assert vector_rows(collection, rows) == described
    assert shown(collection) == {"b.png"}


def test_a_new_file_with_the_inode_size_and_time_of_one_that_is_gone_is_another_picture(collection, folder, draw):
    old = aged(draw(folder / "old.bmp", 1))
    collection.add(folder)
    before = old.stat()
    content = draw(folder.parent / "other.bmp", 2).read_bytes()
    new = old.rename(folder / "new.bmp")
    new.write_bytes(content)
    after = aged(new).stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    assert counts(collection.add()) == {"added": 1, "removed": 1}
    assert collection.item(2).sha256 == hashlib.sha256(content).hexdigest()


def test_a_copied_file_is_the_same_picture_in_two_places(collection, folder, draw):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    shutil.copy2(path, folder / "b.png")
    assert counts(collection.add(folder)) == {"copied": 1, "unchanged": 1}
    assert len(collection) == 1
    path.unlink()
    assert counts(collection.add(folder)) == {"unchanged": 1}
    assert shown(collection) == {"b.png"}


def test_two_new_files_with_one_content_are_one_picture(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    for name in ("b", "c"):
        shutil.copy2(path, folder / f"{name}.png")
    assert counts(collection.add(folder)) == {"added": 1, "copied": 2}
    assert rows(collection, "SELECT count(*), count(DISTINCT item_id) FROM files") == [(3, 1)]
    assert collection.verify().ok


def test_vanished_files_are_shown_no_more_and_come_back_with_all_they_had(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    draw(folder / "b.png", 2)
    collection.add(folder)
    described = vector_rows(collection, rows)
    away = path.rename(folder.parent / "away.png")
    assert counts(collection.add(folder)) == {"removed": 1, "unchanged": 1}
    assert counts(collection.add(folder)) == {"unchanged": 1}
    assert (len(collection), shown(collection)) == (1, {"b.png"})
    assert [hit.id for hit in collection.search("#2")] == []
    away.rename(path)
    assert counts(collection.add(folder)) == {"unchanged": 2}
    assert shown(collection) == {"a.png", "b.png"}
    assert vector_rows(collection, rows) == described


def test_a_single_vanished_file_can_be_named(collection, folder, draw):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    path.unlink()
    assert counts(collection.add(path)) == {"removed": 1}


def test_one_broken_file_among_others_does_not_stop_an_import(collection, folder, draw):
    for seed in range(4):
        draw(folder / f"{seed}.png", seed)
    (folder / "broken.png").write_bytes((folder / "1.png").read_bytes()[:60])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.gif").write_text("no picture")
    report = collection.add(folder)
    assert report.added == 4
    assert [path.name for path, _ in report.skipped] == ["broken.png", "empty.jpg", "text.gif"]
    assert all(reason for _, reason in report.skipped)
    again = collection.add(folder)
    assert counts(again) == {"unchanged": 4}
    assert again.skipped == report.skipped  # known without reading them again
    draw(folder / "broken.png", 9)
    assert counts(collection.add(folder)) == {"added": 1, "unchanged": 4}


def test_what_was_refused_for_a_limit_is_tried_again_once_when_the_limit_is_another(collection, folder, draw, fast):
    aged(draw(folder / "a.png", 1))
    (folder / "b.png").write_bytes(b"broken")
    aged(folder / "b.png")

    def add_with(max_pixels: int) -> tuple[int, int, int]:
        """Return how many files are added, skipped and read."""
        told: list[Progress] = []
        settings = fast.model_copy(update={"max_pixels": max_pixels})
        with Collection(collection.folder, settings=settings) as same:
            report = same.add(folder, progress=told.append)
        return report.added, len(report.skipped), told[-1].done if told else 0

    assert [add_with(n) for n in (100, 100, 10_000, 10_000)] == [(0, 2, 2), (0, 2, 0), (1, 1, 2), (0, 1, 0)]


def test_what_is_no_regular_file_is_refused_with_a_reason(collection, folder, draw):
    draw(folder / "a.png", 1)
    os.mkfifo(folder / "pipe.png")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "link.png").symlink_to(folder / "a.png")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)  # the path of a socket has at most 107 bytes
        listener.bind("socket.png")
        report = collection.add(folder, *(folder / name for name in ("pipe.png", "dangling.png", "socket.png")))
    assert counts(report) == {"added": 1}
    assert {path.name for path, _ in report.skipped} == {"pipe.png", "dangling.png", "socket.png"}


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "nowhere/" * 600])
def test_a_path_that_does_not_exist_is_skipped_and_the_others_are_added(collection, folder, draw, name):
    draw(folder / "a.png", 1)
    report = collection.add(folder / name, folder)
    assert counts(report) == {"added": 1}
    assert [path for path, _ in report.skipped] == [folder / name]


def test_names_that_are_not_utf8_are_kept_byte_for_byte(collection, folder, draw, rows):
    name = b"caf\xe9 \xff.png"
    source = draw(folder / "a.png", 1)
    source.rename(folder / os.fsdecode(name))
    assert counts(collection.add(folder)) == {"added": 1}
    assert rows(collection, "SELECT path FROM files") == [(name,)]
    [hit] = collection.search("kind:picture")
    assert os.fsencode(hit.path.name) == name
    assert hit.path.exists()
    assert counts(collection.add(folder)) == {"unchanged": 1}
    assert hit.to_json()["path"] == str(hit.path)
    collection.search("kind:picture").sheet(folder.parent / "sheet.png")
    assert collection.search("kind:picture")._repr_html_().encode()


def test_a_root_that_is_away_is_offline_and_loses_nothing(collection, folder, draw):
    draw(folder / "a.png", 1)
    collection.add(folder)
    away = folder.rename(folder.with_name("unplugged"))
    for report in (collection.add(), collection.add(folder)):
        assert counts(report) == {}
        assert report.offline == [folder]
    [hit] = collection.search("kind:picture")
    assert hit.is_offline
    assert [hit.id for hit in collection.search("colour:red")] == [1]
    away.rename(folder)
    assert counts(collection.add()) == {"unchanged": 1}


def test_an_empty_mount_point_is_offline_and_an_emptied_folder_is_empty(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    path.unlink()
    [(device,)] = rows(collection, "SELECT device FROM roots")
    rows(collection, "UPDATE roots SET device = ?", device + 1)
    report = collection.add()
    assert (counts(report), report.offline) == ({}, [folder])
    rows(collection, "UPDATE roots SET device = ?", device)
    assert counts(collection.add()) == {"removed": 1}


def unplug(collection, rows, disk, *paths):
    """Take away files below the only root, and let the catalogue know them from another device."""
    disk.mkdir(exist_ok=True)
    [(root,)] = rows(collection, "SELECT path FROM roots")
    for path in paths:
        path.rename(disk / path.name)
        relative = os.fsencode(path.relative_to(os.fsdecode(root)))
        rows(collection, "UPDATE files SET device = device + 1 WHERE path = ?", relative)


def test_a_disk_that_is_mounted_below_a_root_may_be_away(collection, folder, draw, rows):
    path = aged(draw(folder / "usb" / "trip" / "a.png", 1))
    aged(draw(folder / "b.png", 2))
    collection.add(folder / "usb")
    collection.add(folder)
    unplug(collection, rows, folder.parent / "disk", path)
    path.parent.rmdir()
    reports = [collection.add(), collection.add(folder), collection.add(folder / "usb"), collection.add(path)]
    path.parent.parent.rmdir()  # some systems make the mount point anew each time
    reports += [collection.add(), collection.add(path.parent.parent)]
    assert [report.offline for report in reports] == [[folder / "usb"]] * 6
    assert [report.removed for report in reports] == [0] * 6
    assert sorted(hit.is_offline for hit in collection.search("kind:picture")) == [False, True]
    path.parent.mkdir(parents=True)
    (folder.parent / "disk" / "a.png").rename(path)
    assert counts(collection.add()) == {"unchanged": 2}


def test_what_vanished_from_a_disk_is_gone_while_the_disk_is_there_by_whatever_number(collection, folder, draw, rows):
    path = aged(draw(folder / "usb" / "a.png", 1))
    aged(draw(folder / "usb" / "b.png", 2))
    collection.add(folder)
    unplug(collection, rows, folder.parent / "bin", path)
    rows(collection, "UPDATE files SET device = (SELECT max(device) FROM files)")
    report = collection.add()
    assert (counts(report), report.offline) == ({"unchanged": 1, "removed": 1}, [])


def test_a_folder_around_a_known_one_takes_its_pictures_over(collection, folder, draw, rows):
    draw(folder / "inner" / "a.png", 1)
    draw(folder / "outer.png", 2)
    collection.add(folder / "inner")
    assert counts(collection.add(folder)) == {"added": 1, "unchanged": 1}
    assert rows(collection, "SELECT path, is_whole FROM roots") == [(os.fsencode(folder), 1)]
    assert counts(collection.add(folder / "inner")) == {"unchanged": 1}
    assert rows(collection, "SELECT count(*) FROM roots") == [(1,)]


@pytest.mark.parametrize("first", ["Rome", "Rome/a.png"])
def test_pictures_that_are_taken_over_are_found_by_the_names_of_all_their_folders(collection, folder, draw, first):
    aged(draw(folder / "Italy" / "Rome" / "a.png", 1))
    collection.add(folder / "Italy" / first)
    collection.add(folder / "Italy")
    assert len(collection.search("text:rome")) == len(collection.search("text:italy")) == 1


@pytest.mark.parametrize("spelling", ["/{}", "//{}", "{}//", "{}/.", "{}/../pictures"])
def test_a_folder_is_one_however_it_is_spelled(collection, folder, draw, spelling, rows):
    path = draw(folder / "a.png", 1)
    collection.add(path)
    collection.add(spelling.format(folder))
    assert rows(collection, "SELECT path, is_whole FROM roots") == [(os.fsencode(folder), 1)]
    assert collection.item(1).paths == (path,)


def test_single_files_first_and_then_their_folder(collection, folder, draw):
    for seed in range(3):
        draw(folder / f"{seed}.png", seed)
    assert counts(collection.add(folder / "0.png", folder / "1.png")) == {"added": 2}
    assert counts(collection.add()) == {"unchanged": 2}  # only what was named, not the folder around it
    assert counts(collection.add(folder)) == {"added": 1, "unchanged": 2}
    assert counts(collection.add()) == {"unchanged": 3}


def test_a_file_that_was_named_stays_although_its_folder_passes_it_over(collection, folder, draw):
    draw(folder / "a.png", 1)
    collection.add(folder)
    named = [draw(folder / ".hidden" / "b.png", 2), draw(folder / "c.png", 3).rename(folder / "c.data")]
    assert counts(collection.add(*named)) == {"added": 2}
    assert counts(collection.add(folder)) == {"unchanged": 3}
    assert len(collection) == 3
    named[0].unlink()
    assert counts(collection.add(folder)) == {"unchanged": 2, "removed": 1}


@pytest.mark.parametrize(
    ("names", "added"),
    [
        ([".", "."], 4),
        ([".", "0.png"], 4),
        (["0.png", "."], 4),
        ([".", "trip"], 4),
        (["trip", "."], 4),
        (["trip", "trip/2.png", "."], 4),
        (["0.png", "0.png"], 1),
        (["trip/2.png", "0.png", "trip"], 3),
        ([".", ".hidden"], 5),
        ([".hidden", "."], 5),
    ],
)
def test_what_is_named_in_two_ways_is_added_once(collection, folder, draw, names, added):
    for seed, name in enumerate(["0.png", "1.png", "trip/2.png", "trip/3.png", ".hidden/4.png"]):
        draw(folder / name, seed)
    assert counts(collection.add(*(folder / name for name in names))) == {"added": added}
    assert counts(collection.add(*(folder / name for name in names))) == {"unchanged": added}
    assert counts(collection.add()) == {"unchanged": added}


def test_a_removed_picture_comes_back_when_its_file_is_named_beside_its_folder(collection, folder, draw):
    draw(folder / "a.png", 1)
    draw(folder / "b.png", 2)
    collection.add(folder)
    collection.remove([1, 2])
    report = collection.add(folder, folder / "a.png")
    assert report.added == 1
    assert [path.name for path, _ in report.skipped] == ["b.png"]


@pytest.mark.parametrize("name", ["index", "backup"])
def test_thumbnails_of_collections_are_no_pictures_whatever_the_folder_is_called(collection, folder, draw, fast, name):
    draw(folder / "a.png", 1)
    collection.add(folder)
    if name == "backup":
        collection.backup(folder / name)
    else:
        with Collection(folder / name, settings=fast) as nested:
            assert [counts(nested.add(folder)) for _ in range(2)] == [{"added": 1}, {"unchanged": 1}]
    assert counts(collection.add(folder)) == {"unchanged": 1}


def test_a_collection_of_an_earlier_version_is_tagged_when_it_is_written_to(collection, folder, draw):
    draw(folder / "a.png", 1)
    collection.add(folder)
    (collection.folder / "CACHEDIR.TAG").unlink()
    collection.add()
    line, *_ = (collection.folder / "CACHEDIR.TAG").read_text().splitlines()
    assert line == "Signature: 8a477f597d28d172789f06886806bc55"


def test_labels_and_albums_go_over_to_the_changed_picture(collection, folder, draw, rows):
    draw(folder / "a.png", 1)
    collection.add(folder)
    decide(collection, rows, 1)
    draw(folder / "a.png", 2)
    collection.add(folder)
    assert rows(collection, "SELECT name, item_id, is_positive FROM labels ORDER BY item_id") == [
        ("boat", 1, 1),
        ("boat", 2, 1),
    ]
    assert [hit.id for hit in collection.search("album:best")] == [2]
    assert rows(collection, "SELECT predecessor_id FROM items WHERE id = 2") == [(1,)]


def test_labels_survive_a_moment_in_which_the_file_was_broken(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    decide(collection, rows, 1)
    path.write_bytes(path.read_bytes()[:50])  # an editor that has not finished
    assert collection.add(folder).skipped
    assert len(collection) == 0
    assert shown(collection) == set()
    draw(path, 2)
    collection.add(folder)
    assert [hit.id for hit in collection.search("album:best")] == [2]
    assert rows(collection, "SELECT name FROM labels WHERE item_id = 2") == [("boat",)]


def test_a_broken_copy_keeps_its_place_and_its_labels_when_another_copy_vanishes(collection, folder, draw, rows):
    broken, gone, left = (draw(folder / name, 1) for name in ("a.png", "b.png", "c.png"))
    collection.add(folder)
    decide(collection, rows, 1)
    broken.write_bytes(broken.read_bytes()[:50])
    gone.unlink()
    assert [path for path, _ in collection.add(folder).skipped] == [broken]
    assert sum(collection.stats().problems.values()) == 1
    assert [hit.path for hit in collection.search("album:best")] == [left]
    draw(broken, 2)
    collection.add(folder)
    assert {hit.path for hit in collection.search("album:best")} == {broken, left}


def test_exchanged_names_do_not_exchange_labels(collection, folder, draw, rows):
    one, two = draw(folder / "a.png", 1), draw(folder / "b.png", 2)
    collection.add(folder)
    decide(collection, rows, 1)
    one.rename(folder / "c.png")
    two.rename(one)
    (folder / "c.png").rename(two)
    assert collection.add(folder).added == 0
    assert [hit.path.name for hit in collection.search("album:best")] == ["b.png"]
    assert rows(collection, "SELECT item_id FROM labels") == [(1,)]


def decide(collection, rows, item_id):
    """Give a picture a label and put it into an album."""
    rows(collection, "INSERT INTO labels VALUES (NULL, ?, NULL, 'boat', 1, 'hand', '2026-01-01')", item_id)
    rows(collection, "INSERT INTO albums VALUES (NULL, 'best', '2026-01-01')")
    rows(collection, "INSERT INTO album_items VALUES (1, ?, 1)", item_id)


def test_an_interrupted_add_keeps_what_was_told_and_goes_on(collection, folder, draw):
    for seed in range(150):
        draw(folder / f"{seed:03}.png", seed)
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collection.add(folder, progress=stop)
    assert len(collection) == told[0].done == 64
    assert collection.verify().ok
    assert counts(collection.add(folder)) == {"added": 86, "unchanged": 64}
    assert collection.verify().ok


def test_progress_counts_up_to_the_total(collection, folder, draw):
    for seed in range(70):
        draw(folder / f"{seed}.png", seed)
    told: list[Progress] = []
    collection.add(folder, progress=told.append)
    assert [(progress.done, progress.total) for progress in told] == [(64, 70), (70, 70)]
    assert told[-1].seconds_left == 0


def test_removed_pictures_stay_away_until_their_file_is_named(collection, folder, draw):
    path = draw(folder / "a.png", 1)
    draw(folder / "b.png", 2)
    collection.add(folder)
    assert collection.remove([1]) == 1
    report = collection.add(folder)
    assert counts(report) == {"unchanged": 1}
    assert [found for found, _ in report.skipped] == [path]
    assert "removed" in report.skipped[0][1]
    assert counts(collection.add(path)) == {"added": 1}
    assert len(collection) == 2
    assert 1 not in [hit.id for hit in collection.search("kind:picture")]  # an id is never used again


@pytest.mark.parametrize("is_beside_its_folder", [False, True])
def test_copies_of_a_removed_picture_come_back_with_it(collection, folder, draw, is_beside_its_folder):
    path, other = aged(draw(folder / "a.png", 1)), aged(draw(folder / "c.png", 2))
    for copied in (path, other):
        shutil.copy2(copied, copied.with_name(f"copy-{copied.name}"))
    collection.add(folder)
    collection.remove([1, 2])
    assert len(collection.add(folder).skipped) == 4
    assert collection.add(*([folder] if is_beside_its_folder else []), path).added == 1
    report = collection.add()
    assert counts(report) == {"unchanged": 1, "copied": 1}
    assert sorted(found.name for found, _ in report.skipped) == ["c.png", "copy-c.png"]
    assert counts(collection.add()) == {"unchanged": 2}


def test_what_was_brought_back_and_is_removed_without_remembering_comes_with_its_folder(collection, folder, draw):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    collection.remove([1])
    collection.add(path)
    collection.remove([2], is_remembered=False)
    assert counts(collection.add(folder)) == {"added": 1}


def test_the_originals_are_not_touched(collection, folder, draw):
    path = draw(folder / "a.png", 1)
    before = (path.stat(), path.read_bytes())
    collection.add(folder)
    collection.remove([1])
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino, after.st_mode, path.read_bytes()) == (
        before[0].st_mtime_ns,
        before[0].st_ino,
        before[0].st_mode,
        before[1],
    )


def test_a_broken_file_that_vanishes_is_forgotten(collection, folder, draw, rows):
    path = draw(folder / "a.png", 1)
    collection.add(folder)
    path.write_bytes(b"broken")
    assert len(collection.add(folder).skipped) == 1
    assert len(collection.add(folder).skipped) == 1
    assert sum(collection.stats().problems.values()) == 1
    moved = path.rename(folder / "b.png")
    report = collection.add(folder)
    assert [found for found, _ in report.skipped] == [moved]
    assert len(collection) == 0
    moved.unlink()
    report = collection.add(folder)
    assert (counts(report), report.skipped) == ({}, [])
    assert rows(collection, "SELECT reason FROM files") == [(None,)]


def test_a_folder_that_became_a_link_has_no_pictures_any_more(collection, folder, draw):
    draw(folder / "inner" / "a.png", 1)
    draw(folder / "b.png", 2)
    collection.add(folder)
    (folder / "inner").rename(folder.parent / "inner")
    (folder / "inner").symlink_to(folder.parent / "inner")
    assert counts(collection.add(folder)) == {"removed": 1, "unchanged": 1}
