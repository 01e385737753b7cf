"""What is not the answer of a search engine ends in one sentence, and is never taken for one."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.collection.engine import Pushed
from lookalike.errors import EngineRefused, EngineUnavailable, LookalikeError
from lookalike.index.elastic import CodeIndex, Engine, Patience
from lookalike.index.elastic.clients import Access, NoAnswer, elasticsearch_call
from lookalike.index.elastic.code_index import index_behind, switch
from lookalike.index.elastic.neighbours import count
from lookalike.settings import Settings
from tests.engine.teller import Teller, Told

QUICK = Patience(2, 0.01, 0.01)
CODE = np.zeros((1, 4), dtype=np.uint64)
WHOLE = {"total": 2, "successful": 2, "failed": 0}


@contextmanager
def told(pattern: str, *answer: Any, **how: Any) -> Iterator[CodeIndex]:
    """Return an index of an engine that answers as told to requests that fit a pattern."""
    with Teller({pattern: Told(*answer, **how)}) as teller:
        yield CodeIndex(Engine(teller.url, seconds=2.0, patience=QUICK), "photos")


def found(*sorts: Any, **more: Any) -> dict[str, Any]:
    return {"timed_out": False, "_shards": WHOLE, "hits": {"hits": [{"sort": list(sort)} for sort in sorts]}} | more


NO_HITS = [
    {},
    [],
    None,
    "text",
    3,
    {"hits": {"hits": []}},
    found(hits=None),
    found(hits={"hits": [None]}),
    found(hits={"hits": [{"sort": None}]}),
    found(hits={"hits": [{}]}),
    found((256,)),
    found((256, 1, 2)),
    found(("256", 1)),
    found((None, 1)),
    found((float("nan"), 1)),
    found((float("inf"), 1)),
    found((257, 1)),
    found((-1, 1)),
    found((256, "1")),
    found((256, 1.0)),
    found((256, None)),
    found((256, -1)),
    found((256, 1 << 70)),
    found((256, 1), (256, 1)),
    found((250, 1), (256, 1)),
    found((250, 1), (256, 2)),
    found((256, 2), (256, 1)),
    found((256, 1), (256, 2), (256, 3), (256, 4)),
]


@pytest.mark.parametrize("answer", NO_HITS, ids=str)
def test_what_are_no_hits_is_no_answer(answer: Any) -> None:
    with (
        told("POST /photos/_search", answer) as index,
        pytest.raises(EngineUnavailable, match=r"POST /photos/_search as no search engine does \(.*see what listens"),
    ):
        index.search(CODE, 3)


def test_hits_in_order_are_taken() -> None:
    with told("POST /photos/_search", found((256.0, 4), (250, 1), (250.0, 3))) as index:
        matches = index.search(CODE, 5)
    assert matches.ids.tolist() == [[4, 1, 3, -1, -1]]
    assert matches.distances.tolist() == [[0, 6, 6, 257, 257]]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"timed_out": True}, "did not answer wholly in the time"),
        ({"_shards": {"total": 2, "successful": 1, "failed": 1}}, "1 of 2 parts of the index photos"),
        ({"_shards": {"total": 2, "successful": 1, "failed": 0}}, "1 of 2 parts of the index photos"),
    ],
)
def test_an_answer_from_a_part_of_the_index_is_no_answer(more: dict[str, Any], sentence: str) -> None:
    with told("POST /photos/_search", found((256, 1), **more)) as index:
        with pytest.raises(EngineUnavailable, match=sentence):
            index.search(CODE, 3)
        with pytest.raises(EngineUnavailable, match=sentence):
            index.versions(0, 10)


def test_a_count_of_a_part_of_the_index_is_no_count() -> None:
    with (
        told("GET /photos/_count", {"count": 5, "_shards": {"total": 2, "successful": 1, "failed": 0}}) as index,
        pytest.raises(EngineUnavailable, match="1 of 2 parts"),
    ):
        count(index.engine, index.name)


@pytest.mark.parametrize("ids", [(3, 20), (4, 3), (-1,), ("3",), (3.0,), (None,), (2,)], ids=str)
def test_versions_of_what_was_not_asked_for_are_no_answer(ids: tuple[Any, ...]) -> None:
    hits = [{"sort": [id_], "fields": {"version": [1]}} for id_ in ids]
    with (
        told("POST /photos/_search", found(hits={"hits": hits})) as index,
        pytest.raises(EngineUnavailable, match="as no search engine does"),
    ):
        index.versions(3, 20)


def test_pages_that_never_end_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.index.elastic import code_index

    monkeypatch.setattr(code_index, "PAGE", 2)
    hits = [{"sort": [id_], "fields": {"version": [1]}} for id_ in (3, 4)]
    with (
        told("POST /photos/_search", found(hits={"hits": hits})) as index,
        pytest.raises(EngineUnavailable, match="as no search engine does"),
    ):
        index.versions(3)


ITEM = {"index": {"status": 201}}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"items": None},
        {"items": []},
        {"items": [ITEM]},
        {"items": [ITEM] * 3},
        {"items": [ITEM, {}]},
        {"items": [ITEM, None]},
        {"items": [ITEM, {"index": {}}]},
        {"items": [ITEM, {"index": {"status": "201"}}]},
        {"items": [ITEM, {"index": {"status": None}}]},
        {"items": {"index": 3}},
    ],
    ids=str,
)
def test_an_answer_that_does_not_tell_of_each_document_is_no_answer(answer: Any) -> None:
    with (
        told("POST /photos/_bulk", answer) as index,
        pytest.raises(EngineUnavailable, match="POST /photos/_bulk as no search engine does"),
    ):
        index.put([1, 2], np.repeat(CODE, 2, axis=0))


@pytest.mark.parametrize(
    ("status", "reason", "remedy"),
    [
        (403, "no permissions for [indices:data/write]", "give this user or API key the rights that it lacks"),
        (403, "index [photos] blocked by: [FORBIDDEN/5/index read-only (api)];", "take the block away"),
        (404, "no such index [photos]", "`lookalike push` makes an index that is missing"),
    ],
)
def test_what_is_refused_to_every_document_ends_the_writing(status: int, reason: str, remedy: str) -> None:
    item = {"index": {"status": status, "error": {"reason": reason}}}
    with Teller({"POST /photos/_bulk": Told({"items": [item]})}) as teller:
        index = CodeIndex(Engine(teller.url, patience=QUICK), "photos")
        with pytest.raises(EngineRefused, match="refuses to write into photos") as error:
            index.put(range(50), np.repeat(CODE, 50, axis=0), most_bytes=1)
        assert remedy in str(error.value)
        assert teller.asked.count("POST /photos/_bulk") == 1


def test_deleting_where_there_is_no_index_is_refused_and_what_is_gone_counts_as_deleted() -> None:
    from lookalike.index.elastic.ingest import Operation

    gone = {"delete": {"status": 404}}
    with told("POST /photos/_bulk", {"items": [gone]}) as index:
        assert index.write([Operation(1, None)]).deleted == 1
    gone["delete"]["error"] = {"reason": "no such index [photos]"}  # type: ignore[assignment]
    with told("POST /photos/_bulk", {"items": [gone]}) as index, pytest.raises(EngineRefused, match="no such index"):
        index.write([Operation(1, None)])


HTML = {"Content-Type": "text/html"}
TEXT = {"Content-Type": "text/plain"}
PAGE = b"<html>\n<h1>Sign in</h1></html>"


@pytest.mark.parametrize(
    ("content", "how", "sentence"),
    [
        (PAGE, {"headers": HTML}, "an answer that is no JSON"),
        (PAGE, {"headers": TEXT}, "as no search engine does"),
        (PAGE, {"headers": {}}, "an answer that is no JSON"),
        (PAGE, {}, "an answer that is no JSON"),
        (b"", {}, "as no search engine does"),
        (b'{"count": 3', {}, "an answer that is no JSON"),
        (b"[" * 100_000, {}, "an answer that is no JSON"),
        (b'{"count": 3}', {"cut": 3}, "no connection: .*after 2 attempts"),
        (b'{"count": "\xff"}', {}, "no connection: .*after 2 attempts"),
        (b"[]", {"status": 500}, "an error in words that no search engine has, after 2 attempts"),
        (b'"no"', {"status": 503}, "an error in words that no search engine has, after 2 attempts"),
        (b"null", {"status": 503}, "an error in words that no search engine has, after 2 attempts"),
        (PAGE, {"status": 502, "headers": HTML}, "cannot be used .502, after 2 attempts"),
        (PAGE, {"status": 504}, "cannot be used .504, after 2 attempts"),
        ({"error": "slow down"}, {"status": 429}, "cannot be used .429 slow down, after 2 attempts"),
        ({"count": "many", "_shards": WHOLE}, {}, "as no search engine does"),
        ({"count": None, "_shards": WHOLE}, {}, "as no search engine does"),
        ({"count": 3}, {}, "as no search engine does"),
    ],
)
def test_what_stands_between_may_answer_anything(content: Any, how: dict[str, Any], sentence: str) -> None:
    with told("GET /photos/_count", content, **how) as index, pytest.raises(EngineUnavailable, match=sentence):
        count(index.engine, index.name)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (302, "give the URL of the engine itself"),
        (401, "give a user and password"),
        (403, "the rights that it lacks"),
    ],
)
def test_a_refusal_names_what_helps_and_no_other_address_is_asked(status: int, remedy: str) -> None:
    with Teller({}) as other:
        headers = HTML | {"Location": other.url}
        with (
            told("GET /photos/_mapping", PAGE, status=status, headers=headers) as index,
            pytest.raises(EngineRefused, match=remedy),
        ):
            index.about()
        assert other.asked == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("full", "503 full"),
        ([1], r"503 \[1\]"),
        ({"type": "full"}, "503 full"),
        ({"root_cause": 3, "reason": "full"}, "503 full"),
        ({"root_cause": {}, "caused_by": "disk", "reason": "full"}, "503 full"),
        ({"root_cause": ["disk"], "reason": "full"}, "503 full"),
        ({"root_cause": [{"reason": "full"}], "caused_by": {"reason": "disk"}}, "503 full: disk"),
    ],
)
def test_the_reason_in_an_error_is_told_whatever_its_form(error: Any, reason: str) -> None:
    with (
        told("GET /photos/_count", {"error": error}, 503) as index,
        pytest.raises(EngineUnavailable, match=rf"cannot be used \({reason}, after 2"),
    ):
        count(index.engine, index.name)


@pytest.mark.parametrize("answer", [[], {}, {"photos": None}, {"photos": {}}, "no", {"photos": {"mappings": None}}])
def test_what_is_no_mapping_is_no_answer(answer: Any) -> None:
    with (
        told("GET /photos/_mapping", answer) as index,
        pytest.raises(EngineUnavailable, match="GET /photos/_mapping as no"),
    ):
        index.about()


@pytest.mark.parametrize("answer", [[], {}, None])
def test_what_is_no_alias_is_no_answer(answer: Any) -> None:
    with (
        told("GET /photos/_alias", answer) as index,
        pytest.raises(EngineUnavailable, match="GET /photos/_alias as no"),
    ):
        index_behind(index.engine, "photos")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"acknowledged": False}, "does not say that photos stands for photos-2 now"),
        ({"acknowledged": "true"}, "does not say that photos stands for photos-2 now"),
        ({}, "POST /_aliases as no search engine does"),
        ([], "POST /_aliases as no search engine does"),
    ],
)
def test_an_alias_that_may_not_have_been_switched_is_not_believed_to_be(answer: Any, sentence: str) -> None:
    with told("POST /_aliases", answer) as index, pytest.raises(EngineUnavailable, match=sentence):
        switch(index.engine, "photos", "photos-2", "photos-1")


@pytest.mark.parametrize("answer", [{}, None, {"number_of_nodes": 1}])
def test_what_is_no_health_is_no_answer(answer: Any) -> None:
    with told("GET /_cluster/health", answer) as index, pytest.raises(EngineUnavailable, match="as no search engine"):
        index.engine.info()


@pytest.mark.parametrize(
    "answer", [{}, [], None, "text", {"version": None}, {"version": {}}, {"version": {"number": None}}], ids=str
)
def test_what_does_not_introduce_itself_is_no_search_engine(answer: Any) -> None:
    with (
        told("GET /", answer) as index,
        pytest.raises(LookalikeError, match=r"is no search engine|is Elasticsearch None"),
    ):
        index.count()


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=other.example.org", "-addext", "subjectAltName=DNS:other.example.org"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-out", certificate[0], "-keyout", certificate[1]], check=True, capture_output=True)
    with (
        Teller({}, certificate) as teller,
        pytest.raises(EngineUnavailable, match=r"no secure connection: .*127\.0\.0\.1"),
    ):
        Engine(teller.url, ca=certificate[0], patience=QUICK).info()


@pytest.mark.parametrize("query", ["#3@colour", "#3@colour -format:webp"])
def test_rows_that_are_not_in_the_collection_are_no_candidates(
    query: str, tmp_path: Path, folder: Path, draw: Callable[..., Path]
) -> None:
    for seed in range(6):
        draw(folder / f"{seed}.{('png', 'webp')[seed % 2]}", seed)
    settings = Settings(workers=1, model=None)
    with Collection(tmp_path / "photos", settings=settings) as photos:
        photos.add(folder)
        expected = [(hit.id, hit.score) for hit in photos.search(query, k=9, cutoff=0)]
        view = photos._spaces.view("colour")
        assert view.coder is not None
        Pushed("photos", "key", view.coder.version, 6).save(photos.folder / "spaces" / view.space.folder)
    hits = found((250, 1), (240, 2), (230, 5), (225, 6), (220, 10_000), (210, (1 << 63) - 1))
    with (
        Teller({"POST /photos/_search": Told(hits)}) as teller,
        Collection(tmp_path / "photos", settings=settings.model_copy(update={"engine": teller.url})) as photos,
    ):
        assert [(hit.id, hit.score) for hit in photos.search(query, k=9, cutoff=0)] == expected
        assert "POST /photos/_search" in teller.asked


PRODUCT = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "how", "reason"),
    [
        (b'{"count": 3', {"headers": PRODUCT}, "an answer that is no JSON"),
        (b'{"count": 3}', {"headers": PRODUCT, "cut": 3}, "no connection"),
        (PAGE, {"headers": HTML, "status": 503}, "503 <html> <h1>Sign in"),
        (b"[]", {"headers": PRODUCT, "status": 500}, "500"),
    ],
)
def test_the_client_of_elasticsearch_8_says_the_same(content: Any, how: dict[str, Any], reason: str) -> None:
    with Teller({"GET /photos/_count": Told(content, **how)}) as teller:
        call = elasticsearch_call(Access((teller.url,), seconds=2.0))
        with pytest.raises(NoAnswer, match=reason) as error:
            call("GET", "/photos/_count", {}, None, "application/json")
        assert error.value.may_help
