"""A collection in an engine: moved, compared, and searched as if it were here."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from lookalike.cli import main
from lookalike.collection import Collection
from lookalike.collection.engine import EngineProposal, clause_of
from lookalike.collection.indexes import bit_order
from lookalike.collection.push import Push
from lookalike.errors import BadQuery, EngineRefused, EngineUnavailable, LookalikeError
from lookalike.index.code_segment import ordered
from lookalike.index.elastic import CodeIndex, Engine, Patience
from lookalike.index.elastic.code_index import Layout, index_behind, switch
from lookalike.index.elastic.ingest import Operation
from lookalike.index.elastic.schemes import subcodes
from lookalike.index.reranked import RerankedIndex
from lookalike.jobs import Job, Jobs
from lookalike.query import parse
from lookalike.settings import Settings
from tests.engine.proxy import Proxy
from tests.engine.test_code_index import TWO_STAGE, drawn, naive

SPACE = "colour"

Draw = Callable[..., Path]
Rows = Callable[..., object]


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """A collection of forty pictures, to be copied."""
    place = tmp_path_factory.mktemp("original")
    for seed in range(40):
        form = ("png", "webp")[seed % 2]
        draw(place / "pictures" / ("even", "odd")[seed % 2] / f"thing {seed}.{form}", seed, squares=(4 + seed % 3, 6))
    with Collection(place / "photos", settings=Settings(workers=1, model=None)) as photos:
        photos.add(place / "pictures")
    return place / "photos"


@pytest.fixture
def photos(url: str, tmp_path: Path, original: Path) -> Iterator[Collection]:
    """A collection of forty pictures that may push to the node."""
    shutil.copytree(original, tmp_path / "photos")
    with Collection(tmp_path / "photos", settings=Settings(workers=1, model=None, engine=url)) as photos:
        yield photos
        for record in photos.folder.glob("spaces/*/engine.json"):
            Engine(url).request("DELETE", f"/{json.loads(record.read_text())['index']}*")


def test_a_push_moves_all_rows_and_the_next_one_only_what_changed(photos: Collection, folder: Path, draw: Draw) -> None:
    first = photos.push(SPACE)
    assert (first.written, first.removed, first.unchanged, first.failed) == (40, 0, 0, ())
    again = photos.push(SPACE)
    assert (again.written, again.removed, again.unchanged, again.index) == (0, 0, 40, first.index)
    photos.make_album("best", [3, 5])
    draw(folder / "new.png", 100)
    photos.add(folder)
    photos.remove([7, 8])
    stale = photos.check_push(SPACE)
    assert (stale.ok, stale.missing, stale.changed, stale.extra) == (False, 1, 2, 2)
    changed = photos.push(SPACE)
    assert (changed.written, changed.removed, changed.unchanged) == (3, 2, 36)
    found = photos.check_push(SPACE)
    assert (found.ok, found.rows_here, found.rows_there, found.different) == (True, 39, 39, 0)
    assert found.queries == 39


def test_what_the_engine_knows_can_be_searched_there(photos: Collection) -> None:
    photos.make_album("best", [3, 5])
    index = CodeIndex(Engine(photos.settings.engine or ""), photos.push(SPACE).index)
    code = np.zeros((1, 4), dtype=np.uint64)

    def n_found(clause: dict[str, object]) -> int:
        return index.engine.request("POST", f"/{index.name}/_count", {"query": clause})["count"]

    assert n_found({"term": {"albums": "best"}}) == 2
    assert n_found({"wildcard": {"folders": "*/even"}}) == 20
    assert n_found({"term": {"format": "webp"}}) == 20
    assert n_found({"match_phrase": {"texts": "thing 7"}}) == 1
    assert (index.search(code, 5, clauses=[{"term": {"albums": "nobody's"}}]).ids == -1).all()


def test_damage_in_the_engine_is_seen_and_mended(photos: Collection) -> None:
    index = CodeIndex(Engine(photos.settings.engine or ""), photos.push(SPACE).index)
    index.put([3], np.zeros((1, 4), dtype=np.uint64), [{"version": 0}])
    index.put([77], np.zeros((1, 4), dtype=np.uint64), [{"version": 0}])
    index.write([Operation(4, None)])
    found = photos.check_push(SPACE)
    assert (found.ok, found.missing, found.changed, found.extra) == (False, 1, 1, 1)
    assert found.different > 0
    report = photos.push(SPACE)
    assert (report.written, report.removed) == (2, 1)
    assert photos.check_push(SPACE).ok


def test_another_coder_makes_another_index_and_the_old_one_is_deleted(
    photos: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.collection import push

    engine = Engine(photos.settings.engine or "")
    name = photos.push(SPACE).index
    before = engine.request("GET", f"/{name}/_alias")
    monkeypatch.setattr(push, "LAYOUT", 2)
    assert photos.push(SPACE).written == 40
    after = engine.request("GET", f"/{name}/_alias")
    assert list(before) != list(after)
    assert CodeIndex(engine, next(iter(before))).about() is None
    assert photos.check_push(SPACE).ok


def test_an_interrupted_push_goes_on_where_it_stopped(photos: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.collection import push

    monkeypatch.setattr(push, "ROWS", 9)

    def interrupt(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        photos.push(SPACE, progress=interrupt)
    with pytest.raises(BadQuery, match="was not pushed as it is now"):
        photos.check_push(SPACE)
    report = photos.push(SPACE)
    assert (report.written, report.unchanged) == (31, 9)
    assert photos.check_push(SPACE).ok


def test_pushing_through_faults_ends_equal(photos: Collection, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.collection import push

    monkeypatch.setattr(push, "ROWS", 3)
    with Proxy(url, share=0.2) as proxy:
        engine = Engine(proxy.url, seconds=1.0, patience=Patience(12, 0.01, 0.05))
        report = Push(photos._store, photos._spaces.view(SPACE), engine).push()
        assert proxy.faults.total() > 3
    assert (report.written, report.failed) == (40, ())
    assert photos.check_push(SPACE).ok


def test_a_second_push_of_a_space_is_refused_while_searches_and_imports_go_on(
    photos: Collection, url: str, folder: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.collection import push

    monkeypatch.setattr(push, "ROWS", 9)
    is_begun, may_go_on = threading.Event(), threading.Event()

    def hold(progress: object) -> None:
        is_begun.set()
        assert may_go_on.wait(120)

    def command(space: str) -> tuple[int, str]:
        words = [sys.executable, "-m", "lookalike", "--collection", photos.folder, "push", url, "--space", space]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        return ended.returncode, ended.stderr

    with ThreadPoolExecutor(1) as beside:
        try:
            first = beside.submit(photos.push, SPACE, progress=hold)
            assert is_begun.wait(120)
            code, told = command(SPACE)
            assert code == 1
            assert told.startswith(f"Error: the space {SPACE} is being pushed by process {os.getpid()} (")
            assert command("shape")[0] == 0
            draw(folder / "meanwhile.png", 300)
            assert photos.add(folder).added == 1
            assert 41 in {hit.id for hit in photos.search(f"#7@{SPACE}", k=50, cutoff=0)}
        finally:
            may_go_on.set()
        assert first.result().written == 40
    assert photos.push(SPACE).written == 1
    assert photos.check_push(SPACE).ok


def finished(jobs: Jobs, asked: Job) -> Job:
    """Wait for a job's end and return it."""
    has_changed = threading.Event()
    jobs.watch(has_changed.set)
    while not jobs.job(asked.id).has_ended:
        assert has_changed.wait(60), jobs.all()
        has_changed.clear()
    return jobs.job(asked.id)


def test_a_job_pushes_what_searches_use_and_what_was_pushed_before(photos: Collection) -> None:
    photos.push(SPACE)
    photos.remove([9])
    with Jobs(photos) as jobs:
        job = finished(jobs, jobs.start("push"))
    assert (job.state, job.message, job.done, job.total) == ("done", "", 40, 40)
    assert job.report is not None
    numbers = {each["space"]: (each["written"], each["removed"], each["unchanged"]) for each in job.report["spaces"]}
    assert numbers == {"picture": (39, 0, 0), SPACE: (0, 1, 39)}
    assert [(each["failed"], each["n_failed"]) for each in job.report["spaces"]] == [([], 0), ([], 0)]
    assert photos.check_push("picture").ok
    assert photos.check_push(SPACE).ok


def test_a_job_has_the_rights_that_its_collection_has(photos: Collection, url: str) -> None:
    rights = {"engine_user": "ada", "engine_password": SecretStr("lace")}
    with Proxy(url, authorization="Basic YWRhOmxhY2U=") as proxy:
        settings = photos.settings.model_copy(update={"engine": proxy.url, **rights})
        with Collection(photos.folder, settings=settings) as mine, Jobs(mine) as jobs:
            assert finished(jobs, jobs.start("push")).state == "done"
            assert "lace" not in json.dumps([job.to_json() for job in jobs.all()])
        settings = settings.model_copy(update={"engine_user": None})
        with Collection(photos.folder, settings=settings) as nobody, Jobs(nobody) as jobs:
            failed = finished(jobs, jobs.start("push"))
    assert failed.state == "failed"
    assert "give a user and password, or an API key" in failed.message


def test_an_index_of_another_collection_is_left_alone(photos: Collection, tmp_path: Path, original: Path) -> None:
    name = f"mine-{uuid4().hex[:6]}"
    photos.push(SPACE, name=name)
    shutil.copytree(original, tmp_path / "other")
    message = f"{name}.* was not pushed from this collection"
    with (
        Collection(tmp_path / "other", settings=photos.settings) as other,
        pytest.raises(LookalikeError, match=message),
    ):
        other.push(SPACE, name=name)
    assert photos.check_push(SPACE).ok


@pytest.mark.parametrize("name", ["", "*", "mine*", "a,b", "Mine", "a/b", "a?b", "_all", ".mine", "-mine", "<m-{now}>"])
def test_what_no_index_can_be_called_is_refused(photos: Collection, name: str) -> None:
    with pytest.raises(BadQuery, match=r"no index can be called .*; choose a --name of a to z"):
        photos.push(SPACE, name=name)


class Meddler(Proxy):
    """Does something of its own just before the third request that writes rows is passed on."""

    def __init__(self, url: str, deed: Callable[[], object]) -> None:
        super().__init__(url)
        self._deed = deed
        self._n_written = 0

    def passed_on(self, method: str, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        if "/_bulk" in path:
            self._n_written += 1
            if self._n_written == 3:
                self._deed()
        return super().passed_on(method, path, body, content_type)


@contextmanager
def meanwhile(photos: Collection, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> Iterator[Push]:
    """Return a push that meets a deed of somebody else when eighteen rows are written."""
    from lookalike.collection import push

    monkeypatch.setattr(push, "ROWS", 9)
    with Meddler(photos.settings.engine or "", deed) as proxy:
        yield Push(photos._store, photos._spaces.view(SPACE), Engine(proxy.url))


def targets(photos: Collection) -> list[str]:
    """Return the indexes in the engine that were made for the space."""
    record = next(photos.folder.glob(f"spaces/{SPACE}/engine.json"))
    name = json.loads(record.read_text())["index"]
    return sorted(Engine(photos.settings.engine or "").request("GET", f"/{name}-*/_mapping"))


def test_an_index_that_is_deleted_while_it_is_pushed_is_not_searched(
    photos: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(photos.settings.engine or "")

    def delete() -> None:
        engine.request("DELETE", f"/{targets(photos)[0]}")

    with meanwhile(photos, monkeypatch, delete) as push, pytest.raises(LookalikeError, match="delete it if nobody"):
        push.push()
    with pytest.raises(BadQuery, match="was not pushed as it is now"):
        photos.check_push(SPACE)
    delete()  # what the engine made of the rest by itself
    assert photos.push(SPACE).written == 40
    assert photos.check_push(SPACE).ok


def test_an_index_that_others_put_behind_the_name_while_we_push_is_not_deleted(
    photos: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(photos.settings.engine or "")
    name = f"mine-{uuid4().hex[:6]}"
    theirs = CodeIndex(engine, f"{name}-theirs")

    def put() -> None:
        theirs.create(Layout(), {"key": "theirs"})
        switch(engine, name, theirs.name, None)

    with meanwhile(photos, monkeypatch, put) as push, pytest.raises(LookalikeError, match=f"{name}-theirs at .* not"):
        push.push(name)
    assert theirs.about() == {"key": "theirs"}
    assert index_behind(engine, name) == theirs.name


def test_an_alias_that_others_let_stand_for_their_index_too_is_an_error_in_words(photos: Collection) -> None:
    engine = Engine(photos.settings.engine or "")
    name = photos.push(SPACE).index
    theirs = CodeIndex(engine, f"{name}-theirs")
    theirs.create(Layout(), {})
    theirs.put(range(40), np.zeros((40, 4), dtype=np.uint64))
    theirs.refresh()
    switch(engine, name, theirs.name, None)
    for ask in (photos.push, photos.check_push):
        with pytest.raises(EngineRefused, match=f"{name} at .* stands for several indexes"):
            ask(SPACE)


def test_an_index_that_was_deleted_is_said_to_be_missing_and_made_again(photos: Collection) -> None:
    engine = Engine(photos.settings.engine or "")
    photos.push(SPACE)
    for index in targets(photos):
        engine.request("DELETE", f"/{index}")
    with pytest.raises(EngineRefused, match="`lookalike push` makes an index that is missing"):
        photos.search(f"#7@{SPACE}")
    with pytest.raises(BadQuery, match="any more; run `lookalike push`"):
        photos.check_push(SPACE)
    assert photos.push(SPACE).written == 40
    assert photos.check_push(SPACE).ok


def test_where_every_row_is_refused_the_rest_is_not_tried(photos: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.collection import push

    monkeypatch.setattr(push, "ROWS", 9)
    monkeypatch.setattr(push, "MOST_FAILED", 10)
    monkeypatch.setattr(push, "FIELDS", {"item": {"type": "long"}})
    report = photos.push(SPACE)
    assert (report.written, len(report.failed)) == (0, 18)
    assert "kind" in report.failed[0][1] or "strict" in report.failed[0][1]


@pytest.mark.parametrize("portion", [1, 7, 5000])
def test_a_check_expects_what_a_loop_finds(photos: Collection, portion: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.collection import push

    monkeypatch.setattr(push, "ROWS", portion)
    view = photos._spaces.view(SPACE)
    assert view.codes is not None and view.coder is not None
    codes = ordered(np.concatenate(view.codes), bit_order(view.coder))
    rows = np.delete(np.arange(40), [3, 17])
    queries = np.concatenate([codes[[3, 9]], drawn(2, 7)])
    ids, distances = Push(photos._store, view, Engine("http://127.0.0.1:9"))._nearest(queries, rows)
    n_found = 0
    for query, near, far in zip(queries, ids, distances, strict=True):
        expected = naive(codes, query, push.K, TWO_STAGE, np.isin(np.arange(40), rows))
        n_found += len(expected[0])
        assert (near[near >= 0].tolist(), far[near >= 0].tolist()) == expected
    assert n_found > 2


@pytest.fixture
def proposal(photos: Collection) -> Callable[..., RerankedIndex]:
    """Make an index that asks the engine, which saw the first 30 rows."""
    place = photos.push(SPACE).index
    view = photos._spaces.view(SPACE)
    engine = Engine(photos.settings.engine or "")
    assert view.coder is not None
    asked: list[int] = []

    def otherwise(queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        asked.append(n)
        return view.index.search(queries, n, allowed=allowed).rows

    proposal = EngineProposal(CodeIndex(engine, place), 30, view.coder, view.index, otherwise)

    def index(filters: str | None = None) -> RerankedIndex:
        return RerankedIndex(view.index, proposal.where(None if filters is None else parse(filters)), per_neighbour=4)

    index.asked = asked  # type: ignore[attr-defined]
    return index


@pytest.mark.parametrize("share", [None, 0.5, 0.1])
def test_what_the_engine_proposes_is_ranked_as_ever(
    photos: Collection, proposal: Callable[..., RerankedIndex], share: float | None
) -> None:
    view = photos._spaces.view(SPACE)
    queries = view.vectors(np.array([2, 35]))
    allowed = None if share is None else np.random.default_rng(7).random(40) < share
    assert view.codes is not None and view.coder is not None
    codes = ordered(np.concatenate(view.codes), bit_order(view.coder))
    found = proposal().search(queries, 3, allowed=allowed)
    for place, row in enumerate((2, 35)):
        is_near = (np.bitwise_count(subcodes(codes, 4) ^ subcodes(codes[row][None], 4)) <= 2).any(axis=1)
        is_proposed = is_near | (np.arange(40) >= 30)  # those that came after the push are all looked at
        expected = view.index.search(
            queries[place : place + 1], 3, allowed=is_proposed if allowed is None else is_proposed & allowed
        )
        np.testing.assert_array_equal(found.rows[place], expected.rows[0])
        np.testing.assert_array_equal(found.similarities[place], expected.similarities[0])


def test_filters_go_along_where_ids_would_be_too_many(
    photos: Collection, proposal: Callable[..., RerankedIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.collection import engine

    monkeypatch.setattr(engine, "MOST_IDS", 3)
    view = photos._spaces.view(SPACE)
    allowed = np.array([photos.item(item + 1).format == "WEBP" for item in range(40)])
    query = view.vectors(np.flatnonzero(allowed)[:1])
    found = proposal("format:webp").search(query, 5, allowed=allowed)
    assert found.similarities[0, 0] > 0.99
    assert not proposal.asked  # type: ignore[attr-defined]
    proposal("album:best").search(query, 5, allowed=allowed)
    assert proposal.asked  # type: ignore[attr-defined]


EVERYWHERE = ("added:2001..2999", "place:nowhere")
"""What all pictures meet, or none."""

FILTERS = [
    "format:png",
    "-format:webp",
    "height:..47",
    "height:33.. -format:webp",
    "format:png | height:..32",
    "-(format:png height:..32)",
    "megapixels:0.0015..0.002",
    "year:1970..1980",
    "year:1975..",
    "-date:1970",
    "date:..1970-05-30",
    "date:1970-05-31..1971-05",
    "added:2001..2999",
    "camera:kON",
    "camera:F1",
    "-camera:F1",
    "-place:ro*",
    "place:o*m",
    "place:nowhere",
]


def test_a_filter_means_the_same_in_the_engine_and_in_the_catalogue(photos: Collection, rows: Rows) -> None:
    rows(photos, "UPDATE items SET camera = 'Nikon F' || id, taken_at = '19' || (60 + id) || '-05-31T10:00:00'")
    rows(photos, "UPDATE items SET camera = NULL, taken_at = NULL, place = 'Ro*me' WHERE id % 3 = 0")
    engine, name = Engine(photos.settings.engine or ""), photos.push(SPACE).index
    for line in FILTERS:
        body = {"size": 100, "query": clause_of(parse(line)), "docvalue_fields": ["item"]}
        hits = engine.request("POST", f"/{name}/_search", body)["hits"]["hits"]
        expected = {item.id for item in photos.items(line)}
        assert {hit["fields"]["item"][0] for hit in hits} == expected, line
        assert 0 < len(expected) < 40 or line in EVERYWHERE, line


def test_what_may_mean_another_thing_in_the_engine_is_not_left_to_it() -> None:
    for line in ("album:best", "folder:even", "text:thing", "format:png album:best", "-(folder:a | year:1970)"):
        assert clause_of(parse(line)) is None


def test_the_command_pushes_and_checks(photos: Collection, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["--collection", str(photos.folder), "push", *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    code, out, _ = run(url, "--space", SPACE, "--json")
    assert (code, json.loads(out)["written"], json.loads(out)["failed"]) == (0, 40, [])
    code, out, _ = run(url, "--space", SPACE)
    assert (code, out.endswith(": 0 written, 0 removed, 40 unchanged\n")) == (0, True)
    code, out, _ = run(url, "--space", SPACE, "--check", "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    photos.remove([9])
    code, out, _ = run(url, "--space", SPACE, "--check")
    assert code == 1
    assert "0 missing, 0 changed, 1 too many" in out
    code, _, err = run("--space", SPACE)
    assert (code, err) == (
        1,
        "Error: no search engine is set; give its URL, as an argument of `push` or as LOOKALIKE_ENGINE\n",
    )


def test_searches_ask_the_engine_that_the_space_was_pushed_to(
    photos: Collection, folder: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = f"#7@{SPACE} -format:webp"
    expected = [(hit.id, hit.score) for hit in photos.search(query, k=30, cutoff=0)]
    photos.push(SPACE)
    asked: list[int] = []
    search = CodeIndex.search

    def counting(index: CodeIndex, codes: NDArray[np.uint64], k: int, **how: object) -> object:
        asked.append(k)
        return search(index, codes, k, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(CodeIndex, "search", counting)
    found = [(hit.id, hit.score) for hit in photos.search(query, k=30, cutoff=0)]
    assert asked
    assert found == expected
    draw(folder / "later.png", 500)
    photos.add(folder)
    assert 41 in {hit.id for hit in photos.search(query, k=50, cutoff=0)}


def test_an_engine_that_is_down_is_an_error_in_words_and_nothing_else_is_touched(photos: Collection) -> None:
    photos.push(SPACE)
    with Collection(
        photos.folder, settings=photos.settings.model_copy(update={"engine": "http://127.0.0.1:9"})
    ) as away:
        with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:9"):
            away.search(f"#7@{SPACE}")
        assert away.search("#7@shape", cutoff=0).hits
