"""Data sets: pictures, or words about them, that are known to belong together."""

import csv
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from pathlib import Path

from lookalike.errors import LookalikeError
from lookalike.media import walk

SEPARATOR = "|"
"""Between the labels of one row."""

COLUMNS = {
    "path": "path",
    "image": "path",
    "labels": "labels",
    "label": "labels",
    "split": "split",
    "domain": "domain",
    "caption": "caption",
}
"""What a CSV's columns may be called, and what they mean."""

SPLITS = {"": (True, True), "query": (True, False), "database": (False, True)}
"""What a row's split says: whether its picture asks, and whether it can be found."""


@dataclass(frozen=True)
class Labelled:
    """One picture and what is known of it.

    Attributes
    ----------
    root : Path
    path : bytes
        Below the root.
    labels : frozenset of str
        Two pictures that share one belong together.
    domain : str
        What kind of picture it is, for means of its own; empty where that is not said.
    asks, is_asked : bool
        Whether it is a query, and whether it is in the database.
    """

    root: Path
    path: bytes
    labels: frozenset[str]
    domain: str = ""
    asks: bool = True
    is_asked: bool = True

    @property
    def file(self) -> Path:
        """Where it is."""
        return self.root / os.fsdecode(self.path)


@dataclass(frozen=True)
class Caption:
    """Words that ask for the pictures that share a label with them."""

    text: str
    labels: frozenset[str]
    domain: str = ""


@dataclass(frozen=True)
class DataSet:
    """Pictures that ask and are asked, and captions that ask instead.

    Attributes
    ----------
    name : str
        Where it was read from.
    pictures : list of Labelled
        Each file once.
    captions : list of Caption
        If there are any, they alone ask.
    skipped : list of (path or caption, reason)
        What could not be looked at.
    """

    name: str
    pictures: list[Labelled]
    captions: list[Caption]
    skipped: list[tuple[Path | str, str]]


def read_data_set(source: Path, *, queries: Path | None = None, root: Path | None = None) -> DataSet:
    """Read which pictures there are, and which belong together; no picture is opened yet.

    Of a folder, a picture's label is the name of the folder that holds it, so folders of the same name at different
    places are one class, and its domain is the path of the folder around that one. Pictures directly in the
    folder have no label; they are in the database but find nothing.

    A CSV has a line of headings, of which ``path`` (or ``image``), ``labels`` (or ``label``; separated by ``|``),
    ``split`` (``query``, ``database``, or empty for both), ``domain`` and ``caption`` count. Without labels each
    picture is its own. Rows about the same picture are joined. A row with a caption but no path is words alone.

    Parameters
    ----------
    source : Path
        A folder, or a file whose name ends in .csv.
    queries : Path or None
        Another one, whose pictures or captions ask, and find those of the first. If it is a folder, the label of a
        picture directly in it is its name without the extension. A picture that is in both has the label that it
        has here, if that is a class of the first. None lets the first ask itself.
    root : Path or None
        Where the paths in a CSV begin; None means beside it.

    Raises
    ------
    UnreadableMedia
        If a folder cannot be opened.
    LookalikeError
        If a CSV cannot be understood.
    """
    database = _read(source, root)
    if queries is None:
        return replace(database, pictures=_silent(database.pictures) if database.captions else database.pictures)
    asking = _read(queries, root)
    named = asking.pictures if _is_csv(queries) else [_named_by_file(picture) for picture in asking.pictures]
    pictures = [] if asking.captions else [replace(picture, is_asked=False) for picture in named if picture.asks]
    return DataSet(
        f"{queries} to {source}",
        _with_queries(_silent(database.pictures), pictures),
        asking.captions,
        database.skipped + asking.skipped,
    )


def _read(source: Path, root: Path | None) -> DataSet:
    return _read_csv(source, root or source.parent) if _is_csv(source) else _read_folder(source)


def _is_csv(source: Path) -> bool:
    return source.suffix.lower() == ".csv" and not source.is_dir()


def _silent(pictures: Iterable[Labelled]) -> list[Labelled]:
    return [replace(picture, asks=False) for picture in pictures if picture.is_asked]


def _with_queries(database: Iterable[Labelled], queries: Iterable[Labelled]) -> list[Labelled]:
    """Return each file once; of one that is in both, a class that it has as a query replaces that of the database."""
    found, asking = _by_place(database), _by_place(queries)
    classes = frozenset[str]().union(*(picture.labels for picture in found.values()))
    renamed = {
        place: replace(found[place], labels=picture.labels)
        for place, picture in asking.items()
        if place in found and picture.labels & classes
    }
    return list(_by_place([*(found | renamed).values(), *asking.values()]).values())


def _named_by_file(picture: Labelled) -> Labelled:
    return picture if picture.labels else replace(picture, labels=frozenset([_composed(picture.file.stem)]))


def _composed(name: str) -> str:
    """Return the one form of names that differ only in how accents are written: some systems write them apart."""
    return unicodedata.normalize("NFC", name)


def _read_folder(folder: Path) -> DataSet:
    skipped: list[tuple[Path | str, str]] = []
    found = walk(folder, on_skip=lambda path, reason: skipped.append((folder / os.fsdecode(path), reason)))
    pictures = []
    for path in sorted(one.path for one in found):
        domain, _, label = _composed(os.fsdecode(path.rpartition(b"/")[0])).rpartition("/")
        pictures.append(Labelled(folder, path, frozenset([label] if label else []), domain))
    return DataSet(str(folder), pictures, [], skipped)


def _read_csv(file: Path, root: Path) -> DataSet:
    pictures: list[Labelled] = []
    captions: list[Caption] = []
    for number, row in _rows(file):
        path, text, domain = row.get("path", ""), row.get("caption", ""), _composed(row.get("domain", ""))
        if not path and not text:
            raise LookalikeError(f"{file}, line {number}, names neither a picture nor a caption; add one or remove it")
        split = row.get("split", "").lower()
        if split not in SPLITS:
            raise LookalikeError(
                f"{file}, line {number}, has the split {split!r}; write query, database, or nothing for both"
            )
        named = [label.strip() for label in row["labels"].split(SEPARATOR)] if "labels" in row else [path]
        labels = frozenset(_composed(label) for label in named if label)
        if path:
            pictures.append(Labelled(root, os.fsencode(path), labels, domain, *SPLITS[split]))
        if text and SPLITS[split][0]:
            captions.append(Caption(text, labels, domain))
    return DataSet(str(file), list(_by_place(pictures).values()), captions, [])


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows of a CSV by what their columns mean, each with its line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True, skipinitialspace=True)
            headings = next(reader, [])
            columns = [COLUMNS.get(heading.strip().lower(), "") for heading in headings]
            if not {"path", "caption"} & set(columns):
                raise LookalikeError(
                    f"{file} has no column called path or caption in its first line, {','.join(headings)[:80]!r}; "
                    "name the columns there, with a comma between any two"
                )
            if known := [column for column in columns if column and columns.count(column) > 1]:
                raise LookalikeError(f"{file} has two columns for {known[0]}; keep one of them")
            for row in reader:
                if surplus := [cell for cell in row[len(columns) :] if cell.strip()]:
                    raise LookalikeError(
                        f"{file}, line {reader.line_num}, has more cells than columns: {surplus[0][:80]!r}; write | "
                        "between labels, and quotation marks around a cell that holds a comma"
                    )
                if any(cell.strip() for cell in row):
                    cells = zip_longest(columns, row[: len(columns)], fillvalue="")
                    yield reader.line_num, {column: cell.strip() for column, cell in cells if column}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fact = getattr(error, "strerror", None) or str(error)
        raise LookalikeError(f"{file} cannot be read as a CSV in UTF-8: {fact.lower()}; check it") from error


def _by_place(pictures: Iterable[Labelled]) -> dict[str, Labelled]:
    """Return each file once, with all that was said of it; the first domain that is named holds."""
    real = cache(os.path.realpath)
    joined: dict[str, Labelled] = {}
    for picture in pictures:
        place = os.path.normpath(f"{real(picture.root)}/{os.fsdecode(picture.path)}")
        known = joined.setdefault(place, picture)
        joined[place] = replace(
            known,
            labels=known.labels | picture.labels,
            domain=known.domain or picture.domain,
            asks=known.asks or picture.asks,
            is_asked=known.is_asked or picture.is_asked,
        )
    return joined
