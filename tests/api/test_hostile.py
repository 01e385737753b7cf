"""Whatever somebody sends to whichever route: nothing from outside the roots, no SQL, no 5xx, no page but ours.

Rows 4, 9, 16 and 17 of the reliability table. Where many texts meet many places, each run takes a part of the pairs,
spread over all texts and all places; `-m soak` takes them all.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from PIL import Image

from lookalike.api.access import Access
from lookalike.api.app import create_app
from lookalike.api.guard import Guard
from lookalike.collection import Collection
from lookalike.jobs import Jobs
from lookalike.query import where, words
from lookalike.settings import Settings
from tests.api.attacks import injections, path_strings
from tests.api.places import HERE, Fill, Sent, in_url, places, send
from tests.api.polyglots import PAGE, SCRIPT, polyglots
from tests.api.queries import queries

Ask = Callable[..., Any]
Draw = Callable[..., Path]
Figure = Callable[[str, str, str], None]
Rows = Callable[..., list[tuple[Any, ...]]]
SHARE = float(os.environ.get("LOOKALIKE_SOAK_SHARE", "1"))
MARKER = "a-secret-that-nobody-may-read"
FOREIGN = (MARKER.encode(), b"root:x:0:0", b"SQLite format 3", b"PYTEST_CURRENT_TEST")
"""Bytes of the secrets, of a file of the system's, of the catalogue, and of this process's environment."""

TITLES = (
    "Robert'); DROP TABLE items;--",
    'x" OR 1=1 --',
    "100% of_it",
    "a sunny day at the sea",
)
"""What the pictures say of themselves."""

INTERNALS = re.compile(
    r"Traceback|File \"|\.py\b|sqlite|SELECT |INSERT |FTS|Error\b|Exception|object at 0x|<class|pydantic|starlette"
    r"|sqlalchemy|NoneType|lookalike\.[a-z]+\.|\bTRUE\b|\berrno\b",
    re.IGNORECASE,
)
"""What only somebody who wrote the program understands."""


SQL_ERRORS = re.compile(rb"syntax error|no such (table|column)|unrecognized token|OperationalError|SQLITE_|fts5:")


@dataclass(frozen=True)
class World:
    """A served collection, and the folder around everything."""

    app: Guard
    collection: Collection
    place: Path

    @property
    def document(self) -> dict[str, Any]:
        assert isinstance(self.app.app, FastAPI)
        return self.app.app.openapi()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Iterator[World]:
    """Pictures below a root; secrets beside it, behind links in it, and in the collection's folder."""
    place = tmp_path_factory.mktemp("hostile")
    for seed, title in enumerate(TITLES):
        exif = Image.Exif()
        exif[0x010E] = title
        exif[0x0110] = "100% Leica_M" if seed == 0 else "Box"
        draw(place / "root" / "Rome" / f"red boat {seed}.jpg", seed, exif=exif)
    draw(place / "beside" / "other.jpg", 80, comment=MARKER.encode())
    (place / "beside" / f"{MARKER}-folder").mkdir()
    (place / "secret.txt").write_text(MARKER)
    (place / "root" / "way out").symlink_to(place / "beside")
    (place / "root" / "leak.jpg").symlink_to(place / "beside" / "other.jpg")
    with Collection(place / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(place / "root")
        collection.make_album("boats", [1, 2])
        (place / "collection" / "secret.txt").write_text(MARKER)
        with Jobs(collection) as jobs:
            app = create_app(collection, jobs, access=Access(), hosts=(), roots=[place / "root"])
            assert isinstance(app, Guard)
            yield World(app, collection, place)


def pairs(texts: list[str], spots: dict[str, Fill], part: int) -> Iterator[tuple[str, str, Sent]]:
    """Yield one in `part` of the pairs of a text and a place, with the request; each text and place has its turn."""
    for at, text in enumerate(texts):
        for turn, (name, fill) in enumerate(spots.items()):
            if (at + turn) % part == 0:
                yield text, name, fill(text)


def fails(answer: Any) -> bool:
    """Tell whether the fault is the server's; a page that is not built says so in plain text, which is none."""
    return answer.status >= 500 and answer.headers["content-type"] == "application/problem+json"


def detail_of(answer: Any) -> str:
    """Return the sentence of a problem, after checking that it is a whole problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == answer.status
    detail: str = problem["detail"]
    return detail


# --- Row 4: paths ------------------------------------------------------------------------------------------------


def test_no_address_holds_a_path(world: World) -> None:
    open_parts = {part for path in world.document["paths"] for part in re.findall(r"\{(.*?)\}", path)}
    assert open_parts == {"item_id", "size", "handle", "album_id", "job_id"}
    asked = {p["name"] for ms in world.document["paths"].values() for o in ms.values() for p in o.get("parameters", [])}
    assert not {name for name in asked if re.search("path|file|folder|name|url", name)}


@pytest.mark.parametrize("part", [8, pytest.param(1, marks=pytest.mark.soak)], ids=["an eighth", "all"])
def test_no_text_brings_a_byte_from_outside_the_roots(world: World, ask: Ask, figure: Figure, part: int) -> None:
    texts = path_strings(world.place / "root", world.collection.folder)
    statuses: Counter[int] = Counter()
    wrong = []
    for text, name, request in pairs(texts, places(world.document), part):
        answer = send(ask, world.app, request)
        statuses[answer.status] += 1
        if fails(answer) or any(foreign in answer.body for foreign in FOREIGN):
            wrong.append((name, text[:80], answer.status))
        undo(world, request, answer)
    assert wrong == []
    assert len(texts) >= 200
    assert {400, 404, 422} <= set(statuses)
    assert send(ask, world.app, Sent("GET", b"/v1/jobs")).json == {"jobs": []}
    assert [item.paths[0].parent.name for item in world.collection.items()] == ["Rome"] * len(TITLES)
    figure("4", "200 path strings x every route: 0 bytes from outside roots", f"{statuses.total():,} requests: 0")


def undo(world: World, request: Sent, answer: Any) -> None:
    """Delete an album that a request made: its name may be any text."""
    if answer.status == 201 and request.target == b"/v1/albums":
        world.collection.delete_album(answer.json["name"])


# --- Row 9: files that are more than a picture -------------------------------------------------------------------


def test_a_file_that_is_more_than_a_picture_is_sent_as_a_picture_or_not_at_all(
    tmp_path: Path, fast: Settings, ask: Ask, figure: Figure
) -> None:
    files = polyglots()
    (tmp_path / "root").mkdir()
    for name, content in files.items():
        (tmp_path / "root" / name).write_bytes(content)
    with Collection(tmp_path / "collection", settings=fast) as collection, Jobs(collection) as jobs:
        report = collection.add(tmp_path / "root")
        app = create_app(collection, jobs, access=Access(), hosts=())
        for item in collection.items():
            sent = send(ask, app, Sent("GET", f"/v1/items/{item.id}/original".encode()))
            assert sent.body == files[item.paths[0].name]
            assert is_harmless(sent.headers), item.paths
            for size in ("small", "large"):
                shown = send(ask, app, Sent("GET", f"/v1/items/{item.id}/thumbnail/{size}".encode()))
                assert shown.headers["content-type"] == "image/webp"
                assert SCRIPT.encode() not in shown.body
        n_indexed = len(collection)
    assert n_indexed + len(report.skipped) == len(files) >= 20
    assert n_indexed >= 10
    assert all(path.suffix != ".svg" or "not a picture" in reason for path, reason in report.skipped)
    figure(
        "9",
        "20 polyglots opened directly: sent as pictures, with nosniff and sandbox, or as attachments, or refused",
        f"{n_indexed} sent so, {len(report.skipped)} refused",
    )


def is_harmless(headers: dict[str, str]) -> bool:
    """Tell whether headers keep a browser from taking a file for anything but a picture."""
    inline = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp"}
    is_shown_as_picture = headers["content-type"] in inline and headers["content-disposition"].startswith("inline;")
    return (
        (is_shown_as_picture or headers["content-disposition"].startswith("attachment;"))
        and headers["content-type"].startswith("image/")
        and headers["x-content-type-options"] == "nosniff"
        and headers["content-security-policy"] == "default-src 'none'; sandbox"
    )


@pytest.mark.parametrize(
    ("name", "content"), polyglots().items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_upload_that_is_more_than_a_picture_becomes_a_picture_or_is_refused(
    name: str, content: bytes, world: World, ask: Ask
) -> None:
    headers = (HERE, ("content-type", "application/octet-stream"), ("content-length", str(len(content))))
    answer = ask(world.app, "POST", "/v1/uploads", *headers, body=content)
    if answer.status == 201:
        shown = ask(world.app, "GET", f"/v1/uploads/{answer.json['upload']}", HERE)
        assert shown.headers["content-type"] == "image/webp"
        assert SCRIPT.encode() not in shown.body
    else:
        assert answer.status == 422
        assert PAGE.decode()[:20] not in detail_of(answer)


# --- Row 16: queries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_requests", [1000, pytest.param(round(100_000 * SHARE), marks=pytest.mark.soak)])
def test_every_query_is_answered_or_refused_in_a_sentence(
    world: World, ask: Ask, figure: Figure, n_requests: int
) -> None:
    statuses: Counter[int] = Counter()
    n_slow = 0

    @hypothesis_settings(
        max_examples=n_requests,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(queries)
    def run(request: Sent) -> None:
        nonlocal n_slow
        started = time.perf_counter()
        answer = send(ask, world.app, request)
        n_slow += time.perf_counter() - started > 1
        statuses[answer.status] += 1
        assert answer.status in (200, 400, 404, 422)
        if answer.status != 200:
            detail_of(answer)

    run()
    assert statuses[200] > n_requests / 10
    reached = f"{statuses.total():,}: {statuses[200]:,} answered, 0 with 5xx, {n_slow} over 1 s"
    figure("16", "100,000 queries by HTTP: 0 with 5xx, 0 over 1 s", reached)


# --- Row 17: SQL -------------------------------------------------------------------------------------------------


def state(world: World, rows: Rows) -> tuple[Any, ...]:
    """Return what the catalogue holds: its tables, how many rows each has, and all that is known about pictures."""
    tables = rows(world.collection, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    plain = [name for name, sql in tables if sql.startswith("CREATE TABLE") and not name.startswith("sqlite_")]
    counts = {name: rows(world.collection, f'SELECT count(*) FROM "{name}"') for name in plain}
    return tables, counts, rows(world.collection, "SELECT * FROM items ORDER BY id")


@pytest.mark.parametrize("part", [16, pytest.param(1, marks=pytest.mark.soak)], ids=["a sixteenth", "all"])
def test_no_text_is_taken_for_sql(world: World, ask: Ask, rows: Rows, figure: Figure, part: int) -> None:
    texts = injections()
    before = state(world, rows)
    n_asked, wrong = 0, []
    for text, name, request in pairs(texts, places(world.document), part):
        answer = send(ask, world.app, request)
        n_asked += 1
        if fails(answer) or SQL_ERRORS.search(answer.body):
            wrong.append((name, text, answer.status, answer.body[:200]))
        undo(world, request, answer)
    assert wrong == []
    assert len(texts) == 500
    assert state(world, rows) == before
    assert world.collection.verify().ok
    figure("17", "500 injections in every place: 0 errors of ours, catalogue untouched", f"{n_asked:,} requests: 0")


def in_words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def says(title: str, text: str) -> bool:
    """Tell whether a title holds the words of a text in a row."""
    all_, some = in_words(title), in_words(text)
    return any(all_[at : at + len(some)] == some for at in range(len(all_)))


@pytest.mark.parametrize("text", [*TITLES, *injections()[::25]])
def test_a_text_finds_what_contains_it_and_nothing_else(text: str, world: World, ask: Ask) -> None:
    query = words('"' + text.replace('"', " ") + '"')
    answer = send(ask, world.app, Sent("GET", b"/v1/search?q=" + in_url(str(query))))
    found = {hit["id"] for hit in answer.json["hits"]}
    assert found == {item.id for item in world.collection.items() if says(item.description or "", text)}


@pytest.mark.parametrize(
    ("text", "n"),
    [("%", 1), ("_", 1), ("100%", 1), ("1_0", 0), ("L%a", 0), ("leica", 1), ("' OR 1=1 --", 0), ("Bo", 3)],
)
def test_a_filter_finds_what_contains_it_and_nothing_else(text: str, n: int, world: World, ask: Ask) -> None:
    answer = send(ask, world.app, Sent("GET", b"/v1/search?q=" + in_url(str(where(camera=text)))))
    assert answer.json["found"] == n


# --- What errors say ---------------------------------------------------------------------------------------------


def test_problems_say_a_fact_and_a_remedy_and_nothing_of_the_inside(world: World, ask: Ask) -> None:
    texts = ["", "x", "-1", "999", "9" * 30, '"', "../x", "\0", "😀", "year:x", "(" * 99]
    for text, name, request in pairs(texts, places(world.document), part=1):
        answer = send(ask, world.app, request)
        undo(world, request, answer)
        if answer.headers.get("content-type") != "application/problem+json":
            assert answer.status < 400 or answer.status == 503, (name, text)
            continue
        sentence = detail_of(answer)
        assert not INTERNALS.search(sentence), (name, text, sentence)
        assert not sentence.endswith((".", "!")) and "\n" not in sentence, (name, text, sentence)
        assert re.search(r"; |, but | is wrong: |, got ", sentence), (name, text, sentence)
        assert len(sentence) < 1000, (name, text, len(sentence))
