"""What an engine finds is what a loop over all codes finds, with filters, ties and all."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.errors import EngineRefused
from lookalike.index.code_segment import build_segment
from lookalike.index.elastic import SCHEMES, CodeIndex, Engine, Scheme
from lookalike.index.elastic.code_index import Layout, index_behind, switch
from lookalike.index.elastic.ingest import Operation
from lookalike.index.elastic.neighbours import LOOKUP, N_VALUES, count, ensure_lookup, neighbours
from lookalike.index.elastic.schemes import subcodes
from lookalike.index.two_stage import TwoStageIndex

N = 4000
TWO_STAGE = SCHEMES["two-stage"]
FIELDS = {"year": {"type": "integer"}, "camera": {"type": "keyword"}}
CAMERAS = ("Nikon", "Leica", "Agfa")
TEXTS = ("a red boat", "red wine", "the boat house", "nothing")


def drawn(n: int, seed: int) -> NDArray[np.uint64]:
    """Return codes (n, 4) in clusters, some of them equal."""
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 1 << 64, (max(1, n // 40), 4), dtype=np.uint64)[rng.integers(max(1, n // 40), size=n)]
    noise = np.packbits(rng.random((n, 256)) < rng.choice([0, 0.03, 0.1], (n, 1)), axis=1).view(np.uint64)
    return centres ^ noise


def naive(
    codes: NDArray[np.uint64], query: NDArray[np.uint64], k: int, scheme: Scheme, allowed: NDArray[np.bool_]
) -> tuple[list[int], list[int]]:
    """Return the rows and distances of the nearest allowed codes that share a sub-code, or nearly, with the query."""
    found = []
    own = subcodes(query[None], scheme.n_tables)[0].tolist()
    for row in np.flatnonzero(allowed).tolist():
        others = subcodes(codes[row : row + 1], scheme.n_tables)[0].tolist()
        if any((a ^ b).bit_count() <= 2 for a, b in zip(own, others, strict=True)):
            words = zip(query.tolist()[: scheme.n_words], codes[row].tolist(), strict=False)
            found.append((sum((a ^ b).bit_count() for a, b in words), row))
    best = sorted(found)[:k]
    return [row for _, row in best], [distance for distance, _ in best]


@pytest.fixture(scope="session")
def codes() -> NDArray[np.uint64]:
    return drawn(N, 7)


@pytest.fixture(scope="session")
def index(url: str, codes: NDArray[np.uint64]) -> Iterator[CodeIndex]:
    index = CodeIndex(Engine(url), "contract")
    index.create(Layout(fields=FIELDS, n_tables=16, n_shards=2), {})
    values = (
        {"version": -row, "year": 1970 + row % 50, "camera": CAMERAS[row % 3], "texts": [TEXTS[row % 4], str(row)]}
        for row in range(N)
    )
    report = index.put(range(N), codes, values, n_tables=16)
    assert (report.written, report.failed) == (N, [])
    index.refresh()
    yield index
    index.drop()


@pytest.fixture(scope="session")
def queries(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    near = codes[np.random.default_rng(8).integers(N, size=12)] ^ drawn(12, 9) & drawn(12, 10) & drawn(12, 11)
    return np.concatenate([codes[:4], near, drawn(3, 12)])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("k", [1, 10, 300])
def test_an_engine_finds_what_a_loop_finds(
    index: CodeIndex, codes: NDArray[np.uint64], queries: NDArray[np.uint64], scheme: str, k: int
) -> None:
    matches = index.search(queries, k, scheme=scheme)
    n_found = 0
    for query, ids, distances in zip(queries, matches.ids, matches.distances, strict=True):
        expected = naive(codes, query, k, SCHEMES[scheme], np.ones(N, dtype=np.bool_))
        n_found += len(expected[0])
        assert (ids[ids >= 0].tolist(), distances[ids >= 0].tolist()) == expected
        assert set(distances[ids < 0].tolist()) <= {SCHEMES[scheme].n_bits + 1}
    assert n_found >= k


@pytest.mark.parametrize("share", [1.0, 0.3, 0.002])
def test_engine_and_embedded_index_find_the_same_among_what_a_filter_allows(
    index: CodeIndex, codes: NDArray[np.uint64], queries: NDArray[np.uint64], share: float
) -> None:
    rng = np.random.default_rng(13)
    allowed = rng.random(N) < share
    embedded = TwoStageIndex([build_segment(codes, np.arange(256, dtype=np.uint16), n_tables=4)], radius=2)
    expected = embedded.search(queries, 25, allowed=allowed)
    found = index.search(queries, 25, clauses=[{"terms": {"id": np.flatnonzero(allowed).tolist()}}])
    assert (found.ids >= 0).any()
    np.testing.assert_array_equal(found.ids, expected.rows)
    np.testing.assert_array_equal(found.distances, expected.distances)


def test_filters_on_metadata_and_words_go_along(
    index: CodeIndex, codes: NDArray[np.uint64], queries: NDArray[np.uint64]
) -> None:
    rows = np.arange(N)
    allowed = (rows % 50 >= 20) & (rows % 3 == 1) & (rows % 4 == 0)
    clauses = [{"range": {"year": {"gte": 1990}}}, {"term": {"camera": "Leica"}}]
    matches = index.search(queries, 20, clauses=clauses, words="boat RED")
    for query, ids, distances in zip(queries, matches.ids, matches.distances, strict=True):
        assert (ids[ids >= 0].tolist(), distances[ids >= 0].tolist()) == naive(codes, query, 20, TWO_STAGE, allowed)
    assert (matches.ids >= 0).any()


def test_what_is_alike_lies_side_by_side(engine: Engine, codes: NDArray[np.uint64]) -> None:
    index = CodeIndex(engine, "sorted")
    index.create(Layout(n_replicas=0), {})
    try:
        index.put(range(300), codes[:300])
        index.refresh()
        engine.request("POST", "/sorted/_forcemerge", max_num_segments="1")
        index.refresh()
        body = {"size": 300, "sort": ["_doc"], "stored_fields": "_none_", "docvalue_fields": ["word0"]}
        hits = engine.request("POST", "/sorted/_search", body)["hits"]["hits"]
        assert [hit["fields"]["word0"][0] for hit in hits] == sorted(codes[:300, 0].view(np.int64).tolist())
    finally:
        index.drop()


def test_versions_are_read_by_id_in_pages(index: CodeIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    from lookalike.index.elastic import code_index

    monkeypatch.setattr(code_index, "PAGE", 70)
    assert index.versions(100, 350) == {row: -row for row in range(100, 350)}
    assert index.versions(N - 3) == {row: -row for row in range(N - 3, N)}
    assert index.versions(N) == {}


def test_a_document_without_a_version_has_version_0(engine: Engine) -> None:
    index = CodeIndex(engine, "unversioned")
    index.create(Layout(), {})
    try:
        index.put([5, 6], drawn(2, 17), [{}, {"version": -3}])
        index.refresh()
        assert index.versions(0) == {5: 0, 6: -3}
    finally:
        index.drop()


def test_a_search_without_the_lookup_index_is_refused_until_it_is_made_again(
    index: CodeIndex, engine: Engine, codes: NDArray[np.uint64]
) -> None:
    CodeIndex(engine, LOOKUP).drop()
    try:
        with pytest.raises(EngineRefused, match="`lookalike push` makes an index that is missing"):
            index.search(codes[:1], 3)
    finally:
        ensure_lookup(engine)
    assert index.search(codes[:1], 3).ids[0, 0] == 0


def test_the_lookup_index_holds_the_137_neighbours_of_every_sub_code(engine: Engine) -> None:
    near = neighbours()
    assert near.shape == (N_VALUES, 137)
    assert (np.bitwise_count(near ^ np.arange(N_VALUES, dtype=np.uint16)[:, None]) <= 2).all()
    assert (np.diff(np.sort(near, axis=1), axis=1) > 0).all()
    for subcode in (0, 1, 4660, 65535):
        stored = engine.request("GET", f"/{LOOKUP}/_doc/{subcode}")["_source"]["near"]
        assert sorted(int(value, 16) for value in stored) == sorted(near[subcode].tolist())


def test_a_lookup_index_that_is_not_whole_is_completed(engine: Engine) -> None:
    for subcode in (3, 70):
        engine.request("DELETE", f"/{LOOKUP}/_doc/{subcode}")
    engine.request("POST", f"/{LOOKUP}/_refresh")
    assert count(engine, LOOKUP) == N_VALUES - 2
    ensure_lookup(engine)
    assert count(engine, LOOKUP) == N_VALUES


def test_an_empty_index_answers_with_nothing_and_a_deleted_code_is_not_found(engine: Engine) -> None:
    index = CodeIndex(engine, "small")
    try:
        index.create(Layout(), {"key": "value"})
        assert index.about() == {"key": "value"}
        own = drawn(3, 14)
        assert (index.search(own, 5).ids == -1).all()
        index.put([5, 6, 7], own)
        index.write([Operation(6, None), Operation(99, None)])
        index.refresh()
        found = index.search(own, 5)
        assert (found.ids[0, 0], found.ids[2, 0]) == (5, 7)
        assert set(found.ids.ravel().tolist()) == {5, 7, -1}
        assert index.count() == 2
    finally:
        index.drop()


def test_the_same_code_under_many_ids_is_found_by_the_smallest(engine: Engine) -> None:
    index = CodeIndex(engine, "equal")
    try:
        index.create(Layout(n_shards=3), {})
        ids = np.random.default_rng(7).permutation(200)
        index.put(ids.tolist(), np.repeat(drawn(1, 15), 200, axis=0))
        index.refresh()
        assert index.search(drawn(1, 15), 50).ids.tolist() == [list(range(50))]
    finally:
        index.drop()


def test_what_cannot_be_asked_is_said(index: CodeIndex) -> None:
    one = drawn(1, 16)
    with pytest.raises(ValueError, match="k is from 1 to 100000, got 0"):
        index.search(one, 0)
    with pytest.raises(ValueError, match="a scheme is one of two-stage, short, long, got longest"):
        index.search(one, 1, scheme="longest")
    with pytest.raises(ValueError, match=r"queries are \(Q, 4\) uint64"):
        index.search(one[:, :2], 1)
    with pytest.raises(EngineRefused, match="unknown query"):
        index.search(one, 1, clauses=[{"no such": {}}])
    with pytest.raises(EngineRefused, match="no such index"):
        CodeIndex(index.engine, "nowhere").search(one, 1)


def test_an_alias_is_switched_in_one_step_and_what_it_stood_for_is_deleted(engine: Engine) -> None:
    first, second = CodeIndex(engine, "photos-1"), CodeIndex(engine, "photos-2")
    try:
        for index in (first, second):
            index.create(Layout(), {"name": index.name})
        assert index_behind(engine, "photos") is None
        for index in (first, second, second):
            switch(engine, "photos", index.name, index_behind(engine, "photos"))
            assert CodeIndex(engine, "photos").about() == {"name": index.name}
        assert first.about() is None
        with pytest.raises(EngineRefused, match="photos-2 is an index"):
            index_behind(engine, "photos-2")
        first.create(Layout(), {})
        switch(engine, "photos", first.name, None)
        for ask in (partial(index_behind, engine, "photos"), CodeIndex(engine, "photos").about):
            with pytest.raises(EngineRefused, match=r"stands for several indexes \(photos-1, photos-2\)"):
                ask()
    finally:
        first.drop()
        second.drop()
