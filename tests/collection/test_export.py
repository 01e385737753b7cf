"""Exports, read back by the libraries that others would read them with."""

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from lookalike.collection import Collection
from lookalike.errors import BadQuery, LookalikeError

Draw = Callable[..., Path]


@pytest.fixture
def photos(collection: Collection, folder: Path, draw: Draw) -> Collection:
    """Five pictures: one knows where it was taken, one has a title that is a formula, one a name that is not UTF-8."""
    for seed in range(3):
        draw(folder / f"{seed}.png", seed)
    exif = Image.Exif()
    exif[0x010E] = "=HYPERLINK(1)"
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 54.0, 0.0), 3: "E", 4: (18.0, 24.0, 0.0)})
    draw(folder / "cape.jpg", 3, exif=exif)
    draw(folder / os.fsdecode(b"caf\xe9.png"), 4)
    collection.add(folder)
    return collection


def test_json_lines_hold_every_item(photos: Collection, tmp_path: Path) -> None:
    report = photos.export(tmp_path / "all.jsonl")
    assert report.to_json() == {"path": str(tmp_path / "all.jsonl"), "format": "jsonl", "pictures": 5}
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [item.to_json() for item in photos.items()]


def test_csv_holds_every_item_and_no_formula(photos: Collection, tmp_path: Path) -> None:
    photos.export(tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    [cape] = [row for row in rows if "cape.jpg" in row["paths"]]
    assert cape["description"] == "'=HYPERLINK(1)"
    assert float(cape["latitude"]) == pytest.approx(-33.9)
    assert json.loads(cape["paths"]) == [str(photos.item(int(cape["id"])).paths[0])]
    assert [int(row["id"]) for row in rows] == [item.id for item in photos.items()]


def _of_jsonl(file: Path) -> list[list[str]]:
    return [json.loads(line)["paths"] for line in file.read_text(encoding="ascii").splitlines()]


def _of_csv(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [json.loads(row["paths"]) for row in csv.DictReader(lines)]


def _of_parquet(folder: Path) -> list[list[str]]:
    written = parquet.read_table(folder / "items.parquet")["paths"].to_pylist()
    return [[path.encode("ascii", "backslashreplace").decode("unicode_escape") for path in paths] for paths in written]


@pytest.mark.parametrize(("name", "paths_of"), [("a.jsonl", _of_jsonl), ("a.csv", _of_csv), ("a", _of_parquet)])
def test_the_bytes_of_every_name_can_be_told_from_an_export(
    photos: Collection,
    folder: Path,
    draw: Draw,
    tmp_path: Path,
    name: str,
    paths_of: Callable[[Path], list[list[str]]],
) -> None:
    draw(folder / r"caf\udce9.png", 5)  # six characters where another name has one byte
    draw(folder / 'É "\N{DOG FACE}".png', 6)
    photos.add(folder)
    photos.export(tmp_path / name)
    assert paths_of(tmp_path / name) == [list(map(str, item.paths)) for item in photos.items()]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_of_a_csv_starts_a_formula(start: str) -> None:
    from lookalike.collection.export import _cell

    assert _cell(start + "1+1") == "'" + start + "1+1"
    assert _cell("1" + start) == "1" + start
    assert _cell(-33.9) == -33.9


def test_parquet_and_the_vectors_beside_it_are_aligned(photos: Collection, tmp_path: Path) -> None:
    photos.export(tmp_path / "all", vectors=True)
    table = parquet.read_table(tmp_path / "all" / "items.parquet").to_pylist()
    ids = np.load(tmp_path / "all" / "ids.npy")
    assert [row["id"] for row in table] == ids.tolist() == [item.id for item in photos.items()]
    assert table[0]["paths"] == [str(path) for path in photos.item(int(ids[0])).paths]
    for space in photos.stats().spaces:
        vectors = np.load(tmp_path / "all" / f"{space.name}.npy", mmap_mode="r")
        assert vectors.dtype == np.float16
        assert vectors.shape == (5, space.dims)
        view = photos._spaces.view(space.name)
        with photos._store.engine.connect() as connection:
            for row, item_id in enumerate(ids.tolist()):
                [stored], _ = view.rows_of(connection, [item_id])
                assert np.array_equal(vectors[row], view.vectors(np.array([stored]))[0].astype(np.float16))


def test_a_picture_that_is_not_described_has_no_numbers(photos: Collection, tmp_path: Path, rows: Callable) -> None:
    rows(photos, "DELETE FROM vectors WHERE item_id = 2 AND space_id = (SELECT id FROM spaces WHERE name = 'shape')")
    photos.export(tmp_path / "all", vectors=True)
    vectors = np.load(tmp_path / "all" / "shape.npy")
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, False, False, False]


def test_an_export_of_a_query_holds_its_answer(photos: Collection, tmp_path: Path) -> None:
    photos.export(tmp_path / "one.jsonl", query="cape")
    [line] = (tmp_path / "one.jsonl").read_text().splitlines()
    assert json.loads(line)["latitude"] == pytest.approx(-33.9)
    photos.export(tmp_path / "two", query="#1", k=2)
    expected = [hit.id for hit in photos.search("#1", k=2)]
    assert np.load(tmp_path / "two" / "ids.npy").tolist() == expected


@pytest.mark.parametrize("name", ["nothing.jsonl", "nothing.csv", "nothing"])
def test_an_empty_answer_is_an_empty_export(photos: Collection, tmp_path: Path, name: str) -> None:
    vectors = name == "nothing"
    assert photos.export(tmp_path / name, query="album:none", vectors=vectors).pictures == 0
    if vectors:
        assert np.load(tmp_path / name / "colour.npy").shape[0] == 0


def test_places_are_left_out_on_request(photos: Collection, tmp_path: Path) -> None:
    photos.export(tmp_path / "all.jsonl", strip_gps=True)
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert {(row["latitude"], row["longitude"], row["place"]) for row in rows} == {(None, None, None)}


def test_what_is_there_stays_unless_it_is_an_export_to_be_replaced(photos: Collection, tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    file.write_text("mine")
    with pytest.raises(LookalikeError, match="exists already"):
        photos.export(file)
    assert file.read_text() == "mine"
    photos.export(file, force=True)
    assert file.read_text() != "mine"
    photos.export(tmp_path / "all", vectors=True)
    photos.export(tmp_path / "all", force=True)
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"items.parquet", "ids.npy"}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ""])
def test_a_name_may_be_as_long_as_the_disk_takes_it(photos: Collection, tmp_path: Path, suffix: str) -> None:
    longest = "a" * (os.pathconf(tmp_path, "PC_NAME_MAX") - len(suffix)) + suffix
    assert photos.export(tmp_path / longest).path.exists()
    with pytest.raises(LookalikeError, match=r"cannot be made \(File name too long\); name another place"):
        photos.export(tmp_path / "new" / f"a{longest}")
    assert not list((tmp_path / "new").iterdir())


def test_a_folder_of_other_things_is_never_replaced(photos: Collection, folder: Path) -> None:
    (folder / "arrays").mkdir()
    np.save(folder / "arrays" / "mine.npy", np.zeros(3))
    before = sorted(folder.rglob("*"))
    for place, format_ in ((folder, "parquet"), (folder, "jsonl"), (folder / "arrays", "parquet")):
        with pytest.raises(LookalikeError, match="name another place"):
            photos.export(place, format_, force=True)
    assert sorted(folder.rglob("*")) == before


def test_a_failed_export_leaves_nothing(photos: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(LookalikeError, match=r"pip install lookalike\[parquet\]"):
        photos.export(tmp_path / "all")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("name", "format_"), [("a.xml", None), ("a.jsonl", "xml")])
def test_an_unknown_format_is_refused(photos: Collection, tmp_path: Path, name: str, format_: str | None) -> None:
    with pytest.raises(BadQuery, match="jsonl, csv or parquet"):
        photos.export(tmp_path / name, format_)


def test_vectors_need_parquet(photos: Collection, tmp_path: Path) -> None:
    with pytest.raises(BadQuery, match="vectors are exported beside Parquet"):
        photos.export(tmp_path / "a.csv", vectors=True)
