"""Which pictures belong together: folders of classes, CSVs, and pairs of them."""

import re
import unicodedata
from pathlib import Path

import pytest

from lookalike.errors import LookalikeError, UnreadableMedia
from lookalike.evaluation import Labelled, read_data_set


def touch(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"")
    return folder


def table(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "truth.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def brief(pictures: list[Labelled]) -> list[tuple[str, str]]:
    return [(picture.path.decode(), "|".join(sorted(picture.labels))) for picture in pictures]


def test_the_folder_that_holds_a_picture_is_its_label_and_the_one_around_it_its_domain(tmp_path: Path) -> None:
    touch(tmp_path, "drawn/barn/a.png", "old/drawn/barn/b.png", "barn/c.png", "d.png")
    data = read_data_set(tmp_path)
    assert brief(data.pictures) == [
        ("barn/c.png", "barn"),
        ("d.png", ""),
        ("drawn/barn/a.png", "barn"),
        ("old/drawn/barn/b.png", "barn"),
    ]
    assert [picture.domain for picture in data.pictures] == ["", "", "drawn", "old/drawn"]
    assert all(picture.asks and picture.is_asked for picture in data.pictures)


def test_a_csv_names_labels_splits_and_domains(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "Image,labels,split,domain,note",
        "a.png,dog|grass,query,photo,x",
        "b.png, dog | ,database,,",
        'c.png, "big, old",,,',
        "",
    )
    data = read_data_set(file)
    assert brief(data.pictures) == [("a.png", "dog|grass"), ("b.png", "dog"), ("c.png", "big, old")]
    assert [(picture.asks, picture.is_asked) for picture in data.pictures] == [
        (True, False),
        (False, True),
        (True, True),
    ]
    assert [picture.domain for picture in data.pictures] == ["photo", "", ""]
    assert data.pictures[0].file == tmp_path / "a.png"


def test_paths_of_a_csv_begin_where_one_says(tmp_path: Path) -> None:
    file = table(tmp_path, "path", "a.png")
    assert read_data_set(file, root=tmp_path / "images").pictures[0].file == tmp_path / "images" / "a.png"


def test_without_a_column_of_labels_each_picture_is_its_own_and_its_captions_ask_for_it(tmp_path: Path) -> None:
    data = read_data_set(table(tmp_path, "image,caption", "a.png,A dog.", "a.png,An animal.", "b.png,"))
    assert brief(data.pictures) == [("a.png", "a.png"), ("b.png", "b.png")]
    assert [(caption.text, *caption.labels) for caption in data.captions] == [
        ("A dog.", "a.png"),
        ("An animal.", "a.png"),
    ]
    assert not any(picture.asks for picture in data.pictures), "where captions ask, pictures do not"


def test_rows_about_one_picture_are_joined(tmp_path: Path) -> None:
    data = read_data_set(
        table(tmp_path, "path,label,split,domain", "a.png,x,query,", "b.png\0,z,,", "a.png,y,database,d")
    )
    first = data.pictures[0]
    assert (first.labels, first.asks, first.is_asked, first.domain) == ({"x", "y"}, True, True, "d")
    assert len(data.pictures) == 2


def test_a_caption_needs_no_picture(tmp_path: Path) -> None:
    touch(tmp_path / "shelf", "milk/1.png", "tea/1.png")
    data = read_data_set(tmp_path / "shelf", queries=table(tmp_path, "labels,caption", "milk,White and cold."))
    assert [(caption.text, *caption.labels) for caption in data.captions] == [("White and cold.", "milk")]
    assert brief(data.pictures) == [("milk/1.png", "milk"), ("tea/1.png", "tea")]


def test_another_folder_asks_with_classes_or_with_pictures_named_by_the_class(tmp_path: Path) -> None:
    touch(tmp_path / "shelf", "milk/1.png", "tea/1.png", "stray.png")
    touch(tmp_path / "iconic", "milk.jpg", "teas/tea.jpg")
    data = read_data_set(tmp_path / "shelf", queries=tmp_path / "iconic")
    asking = [picture for picture in data.pictures if picture.asks]
    assert brief(asking) == [("milk.jpg", "milk"), ("teas/tea.jpg", "teas")]
    assert not any(picture.is_asked for picture in asking)
    assert brief([picture for picture in data.pictures if picture.is_asked])[1] == ("stray.png", "")
    assert data.name == f"{tmp_path / 'iconic'} to {tmp_path / 'shelf'}"


def test_a_query_folder_inside_the_other_one_is_the_same_pictures(tmp_path: Path) -> None:
    touch(tmp_path, "sketch/dog/1.png", "photo/dog/2.png")
    data = read_data_set(tmp_path, queries=tmp_path / "sketch")
    found = {picture.path: (picture.asks, picture.is_asked) for picture in data.pictures}
    assert found == {b"photo/dog/2.png": (False, True), b"sketch/dog/1.png": (True, True)}


def test_a_picture_that_is_in_both_has_the_class_that_it_has_as_a_query(tmp_path: Path) -> None:
    touch(tmp_path / "all", "milk/1.png", "tea/1.png", "iconic/milk.png", "iconic/tea.png")
    data = read_data_set(tmp_path / "all", queries=tmp_path / "all" / "iconic")
    assert brief([picture for picture in data.pictures if picture.asks]) == [
        ("iconic/milk.png", "milk"),
        ("iconic/tea.png", "tea"),
    ]
    assert all(picture.is_asked for picture in data.pictures)


@pytest.mark.parametrize("queries", ["all/old/milk", "truth.csv"])
def test_queries_that_say_no_class_keep_that_of_the_database(queries: str, tmp_path: Path) -> None:
    touch(tmp_path / "all", "old/milk/1.png", "milk/2.png")
    table(tmp_path, "path", "all/old/milk/1.png")
    data = read_data_set(tmp_path / "all", queries=tmp_path / queries)
    (asking,) = [picture for picture in data.pictures if picture.asks]
    assert ("milk" in asking.labels, asking.domain, asking.is_asked) == (True, "old", True)


def test_a_name_is_the_same_however_its_accents_are_written(tmp_path: Path) -> None:
    whole, apart = (unicodedata.normalize(form, "Bäume") for form in ("NFC", "NFD"))
    touch(tmp_path / "photo", f"{whole}/1.png", f"{apart}/2.png", f"{apart}/{apart}/3.png")
    touch(tmp_path / "drawn", f"{apart}.png")
    pictures = read_data_set(tmp_path / "photo", queries=tmp_path / "drawn").pictures
    assert [picture.labels for picture in pictures] == [{whole}] * 4
    assert {picture.domain for picture in pictures} == {"", whole}
    rows = read_data_set(table(tmp_path, "path,labels,domain", f"a,x|{whole},{apart}", f"b,{apart},{whole}")).pictures
    assert [(picture.labels, picture.domain) for picture in rows] == [({"x", whole}, whole), ({whole}, whole)]


def test_splits_hold_for_two_csvs_too(tmp_path: Path) -> None:
    one = table(tmp_path / "one", "path,label,split", "a,x,query", "b,x,database")
    other = table(tmp_path / "other", "path,label,split", "c,x,query", "d,x,database")
    data = read_data_set(one, queries=other)
    assert [(picture.path, picture.asks, picture.is_asked) for picture in data.pictures] == [
        (b"b", False, True),
        (b"c", True, False),
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "no column called path or caption in its first line"),
        (("file,labels", "a,b"), "no column called path or caption"),
        (("path,image", "a,b"), "two columns for path"),
        (("path,labels", ",b"), "line 2, names neither a picture nor a caption"),
        (("path,split", "a,test"), "line 2, has the split 'test'; write query, database, or nothing"),
        (("path;labels", "a;b"), "first line, 'path;labels'; name the columns there, with a comma between any two"),
        (("path,labels", "a,barn,snow"), "line 2, has more cells than columns: 'snow'; write | between labels"),
        (("path,labels", "a,barn,,snow"), "line 2, has more cells than columns: 'snow'"),
        (("path,labels", 'a,"b'), "cannot be read as a CSV in UTF-8: unexpected end of data"),
    ],
)
def test_a_csv_that_cannot_be_understood_is_an_error_in_words(
    lines: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    with pytest.raises(LookalikeError, match=re.escape(message)) as caught:
        read_data_set(table(tmp_path, *lines))
    assert str(tmp_path / "truth.csv") in str(caught.value)


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_errors_in_words(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"path\n\xff\xfe\n")
    with pytest.raises(LookalikeError, match="CSV in UTF-8"):
        read_data_set(tmp_path / "bad.csv")
    with pytest.raises(LookalikeError, match="no such file"):
        read_data_set(tmp_path / "none.csv")
    with pytest.raises(UnreadableMedia, match="nowhere"):
        read_data_set(tmp_path / "nowhere")
    with pytest.raises(UnreadableMedia, match=r"bad\.txt"):
        read_data_set(tmp_path / "bad.txt")


def test_a_mark_of_byte_order_and_cells_that_are_blank_or_missing_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "marked.csv").write_bytes(
        b"\xef\xbb\xbfpath,labels,domain\r\na.png,x\r\n\r\nb.png\r\n , \r\nc.png,y,z, ,\r\n"
    )
    found = read_data_set(tmp_path / "marked.csv").pictures
    assert [(picture.labels, picture.domain) for picture in found] == [({"x"}, ""), (set(), ""), ({"y"}, "z")]
