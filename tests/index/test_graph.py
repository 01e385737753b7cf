"""The exploration graph against exact search, on disk, and beside others."""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.errors import CollectionDamaged, IncompatibleCollection, LookalikeError, StorageFull
from lookalike.index import ExactIndex
from lookalike.index.graph import ExplorationGraph, GraphIndex, is_available, search
from lookalike.index.graph.file import Facts, seal

if not is_available():
    pytest.skip("deglib is not published for this machine", allow_module_level=True)

Vectors = NDArray[np.float16]


@pytest.fixture
def always_walking(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows there are: otherwise a scan is cheaper for what a test can afford."""
    monkeypatch.setattr(search, "_STEP", 0)


def clustered(n: int, n_dims: int, seed: int = 7) -> Vectors:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((n // 50 + 1, 16))
    main = centres[rng.integers(len(centres), size=n)] + 0.7 * rng.standard_normal((n, 16))
    vectors = main @ rng.standard_normal((16, n_dims)) + rng.standard_normal((n, n_dims))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    return float(np.mean([len(np.intersect1d(*pair)) / len(pair[1]) for pair in zip(found, truth, strict=True)]))


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return clustered(4_100, 96)


@pytest.fixture(scope="module")
def queries(vectors: Vectors) -> NDArray[np.float32]:
    return vectors[4_000:].astype(np.float32)


@pytest.fixture(scope="module")
def segments(vectors: Vectors) -> list[Vectors]:
    return [vectors[:1_500], vectors[1_500:1_500], vectors[1_500:4_000]]


@pytest.fixture(scope="module")
def graph(segments: list[Vectors]) -> ExplorationGraph:
    return ExplorationGraph.of(segments)


@pytest.fixture
def index(segments: list[Vectors], graph: ExplorationGraph, always_walking: None) -> GraphIndex:
    return GraphIndex(segments, graph)


def test_nearly_all_nearest_neighbours_are_found(
    index: GraphIndex, segments: list[Vectors], queries: NDArray[np.float32]
) -> None:
    matches, truth = index.search(queries, 10), ExactIndex(segments).search(queries, 10)
    assert 0.99 <= recall(matches.rows, truth.rows) <= 1


def test_similarities_are_those_of_exact_search(
    index: GraphIndex, segments: list[Vectors], queries: NDArray[np.float32]
) -> None:
    matches, exact = index.search(queries, 10), ExactIndex(segments)
    for query, rows, similarities in zip(queries, matches.rows, matches.similarities, strict=True):
        assert np.array_equal(similarities, exact.similarities(query, rows))
        assert np.array_equal(similarities, index.similarities(query, rows))


def test_more_slack_finds_no_less(
    segments: list[Vectors], graph: ExplorationGraph, queries: NDArray[np.float32], always_walking: None
) -> None:
    truth = ExactIndex(segments).search(queries, 10).rows
    none, much = (recall(GraphIndex(segments, graph, slack=s).search(queries, 10).rows, truth) for s in (0, 0.5))
    assert none < much
    assert much == 1


def test_a_scan_answers_where_it_is_cheaper(
    segments: list[Vectors], graph: ExplorationGraph, queries: NDArray[np.float32]
) -> None:
    index = GraphIndex(segments, graph, slack=0)
    allowed = np.arange(4_000) % 4 == 0
    found, truth = (one.search(queries, 10, allowed=allowed) for one in (index, ExactIndex(segments)))
    assert np.array_equal(found.rows, truth.rows)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=3),
    n_new=st.integers(0, 5),
    n_dims=st.sampled_from([1, 3, 8, 13]),
    k=st.integers(1, 30),
    share_removed=st.sampled_from([0.0, 0.3, 1.0]),
    share_allowed=st.sampled_from([None, 0.0, 0.1, 0.6, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_is_asked_the_answer_is_well_formed(
    lengths: list[int],
    n_new: int,
    n_dims: int,
    k: int,
    share_removed: float,
    share_allowed: float | None,
    seed: int,
    always_walking: None,
) -> None:
    rng = np.random.default_rng(seed)
    n_graph = sum(lengths)
    n = n_graph + n_new
    distinct = rng.standard_normal((n // 2 + 1, n_dims)).astype(np.float16)
    all_vectors = distinct[rng.integers(len(distinct), size=n)]
    segments = np.split(all_vectors, np.cumsum(lengths)[:-1])
    graph = ExplorationGraph(n_dims)
    graph.add(all_vectors[:n_graph])
    is_removed = np.zeros(n, dtype=np.bool_)
    is_removed[:n_graph] = rng.random(n_graph) < share_removed
    graph.remove(np.flatnonzero(is_removed))
    allowed = None if share_allowed is None else rng.random(n) < share_allowed
    may = ~is_removed if allowed is None else allowed & ~is_removed
    queries = rng.standard_normal((3, n_dims)).astype(np.float32)
    matches = GraphIndex(segments, graph).search(queries, k, allowed=allowed)
    assert matches.rows.shape == (3, k)
    exact = ExactIndex(segments)
    for query, rows, similarities in zip(queries, matches.rows, matches.similarities, strict=True):
        n_found = min(k, int(may.sum()))
        assert np.all(rows[n_found:] == -1)
        assert np.all(similarities[n_found:] == -np.inf)
        found = rows[:n_found]
        assert len(set(found)) == n_found
        assert may[found].all()
        assert np.array_equal(similarities[:n_found], exact.similarities(query, found))
        assert found.tolist() == sorted(found, key=lambda row: (-exact.similarities(query, np.array([row]))[0], row))


@pytest.mark.parametrize("n", [0, 1, 2, 32, 33])
def test_few_rows_are_all_found(n: int, always_walking: None) -> None:
    vectors = clustered(n, 8)
    index = GraphIndex([vectors], ExplorationGraph.of([vectors]))
    queries = clustered(3, 8, seed=8).astype(np.float32)
    assert np.array_equal(index.search(queries, 40).rows, ExactIndex([vectors]).search(queries, 40).rows)
    assert len(index) == n


def test_no_queries_get_no_matches(index: GraphIndex) -> None:
    assert index.search(np.zeros((0, 96), dtype=np.float32), k=2).rows.shape == (0, 2)


def test_among_equals_the_smaller_row_comes_first(always_walking: None) -> None:
    vectors = np.repeat(clustered(20, 16), 5, axis=0)
    matches = GraphIndex([vectors], ExplorationGraph.of([vectors])).search(vectors[50:51].astype(np.float32), k=5)
    assert matches.rows.tolist() == [[50, 51, 52, 53, 54]]


def test_hundreds_of_equal_rows_hide_nothing(vectors: Vectors, always_walking: None) -> None:
    copies = vectors[:2_000].copy()
    copies[500:1_000] = copies[0]
    index = GraphIndex([copies], ExplorationGraph.of([copies]))
    queries = copies[[*range(0, 500, 10), *range(1_000, 2_000, 20)]].astype(np.float32)
    found, truth = index.search(queries, 10), ExactIndex([copies]).search(queries, 10)
    assert np.mean(found.similarities >= truth.similarities - 1e-6) >= 0.99


def test_the_length_of_a_query_does_not_matter(index: GraphIndex, queries: NDArray[np.float32]) -> None:
    assert np.array_equal(index.search(queries * 1000, 10).rows, index.search(queries, 10).rows)


def test_a_query_of_zeros_is_answered(index: GraphIndex) -> None:
    assert np.all(index.search(np.zeros((1, 96), dtype=np.float32), 10).similarities == 0)


@pytest.mark.parametrize("share", [0.5, 0.05, 0.002])
def test_recall_does_not_suffer_when_few_are_allowed(
    index: GraphIndex, segments: list[Vectors], queries: NDArray[np.float32], share: float
) -> None:
    allowed = np.random.default_rng(7).random(4_000) < share
    found, truth = (one.search(queries, 5, allowed=allowed).rows for one in (index, ExactIndex(segments)))
    assert recall(found, truth) >= 0.99


def test_what_is_allowed_is_found_however_far_it_lies(
    index: GraphIndex, segments: list[Vectors], queries: NDArray[np.float32]
) -> None:
    exact = ExactIndex(segments)
    allowed = exact.similarities(queries[0], np.arange(4_000)) < 0
    found, truth = (one.search(queries[:1], 10, allowed=allowed) for one in (index, exact))
    assert np.array_equal(found.rows, truth.rows)


def test_rows_newer_than_the_graph_are_found(
    vectors: Vectors, graph: ExplorationGraph, queries: NDArray[np.float32], always_walking: None
) -> None:
    index = GraphIndex([vectors[:2_000], vectors[2_000:]], graph)
    assert graph.n_rows == 4_000
    assert index.search(queries, 3).rows[:, 0].tolist() == list(range(4_000, 4_100))
    allowed = np.arange(4_100) != 4_007
    assert 4_007 not in index.search(queries[7:8], 50, allowed=allowed).rows


def test_rows_can_be_added_in_steps(segments: list[Vectors], graph: ExplorationGraph, always_walking: None) -> None:
    growing = ExplorationGraph(96)
    for segment in segments:
        growing.add(segment)
    assert (len(growing), growing.n_rows) == (4_000, 4_000)
    queries = segments[0][:100].astype(np.float32)
    assert (
        recall(GraphIndex(segments, growing).search(queries, 10).rows, ExactIndex(segments).search(queries, 10).rows)
        > 0.99
    )


def test_what_was_removed_never_comes_back(vectors: Vectors, tmp_path: Path, always_walking: None) -> None:
    kept = [vectors[:2_000]]
    graph = ExplorationGraph.of(kept)
    removed = np.arange(0, 2_000, 3)
    graph.remove(removed)
    graph.remove(removed[:5])  # again
    graph.save(tmp_path / "graph", "a")
    queries = kept[0][removed[:50]].astype(np.float32)
    present = ~np.isin(np.arange(2_000), removed)
    truth = ExactIndex(kept).search(queries, 10, allowed=present).rows
    for one in (graph, ExplorationGraph.load(tmp_path / "graph", "a")):
        index = GraphIndex(kept, one)
        assert len(one) == 2_000 - len(removed)
        for allowed in (None, np.ones(2_000, dtype=np.bool_), np.arange(2_000) < 30):
            assert not np.isin(index.search(queries, 40, allowed=allowed).rows, removed).any()
        assert recall(index.search(queries, 10).rows, truth) > 0.98
        assert not np.isin(index.explore(1, 40).rows, removed).any()


def test_all_rows_can_be_removed_and_more_added(vectors: Vectors, tmp_path: Path, always_walking: None) -> None:
    graph = ExplorationGraph.of([vectors[:50]])
    graph.remove(np.arange(50))
    graph.save(tmp_path / "graph", "a")
    graph = ExplorationGraph.load(tmp_path / "graph", "a")
    query = vectors[60:61].astype(np.float32)
    assert GraphIndex([vectors[:50]], graph).search(query, 2).rows.tolist() == [[-1, -1]]
    graph.add(vectors[50:100])
    assert GraphIndex([vectors[:100]], graph).search(query, 1).rows.tolist() == [[60]]


def test_exploring_finds_the_neighbours_of_a_row_but_not_itself(index: GraphIndex, segments: list[Vectors]) -> None:
    exact = ExactIndex(segments)
    rows = range(0, 4_000, 40)
    found = np.concatenate([index.explore(row, 10).rows for row in rows])
    truth = np.array(
        [exact.search(exact.vector(row)[None], 10, allowed=np.arange(4_000) != row).rows[0] for row in rows]
    )
    assert recall(found, truth) >= 0.98
    assert not (found == np.array(rows)[:, None]).any()


def test_exploring_stays_among_the_allowed(index: GraphIndex) -> None:
    assert set(index.explore(3, 5, allowed=np.arange(4_000) % 1_000 == 3).rows[0].tolist()) == {1_003, 2_003, 3_003, -1}
    assert np.all(index.explore(3, 20, allowed=np.arange(4_000) % 2 == 0).rows % 2 == 0)


def test_exploring_begins_at_new_rows_and_at_the_only_row_too(
    vectors: Vectors, graph: ExplorationGraph, always_walking: None
) -> None:
    index, exact = GraphIndex([vectors], graph), ExactIndex([vectors])
    assert (
        index.explore(4_050, 3).rows[0].tolist()
        == exact.search(vectors[4_050:4_051].astype(np.float32), 4).rows[0, 1:].tolist()
    )
    assert GraphIndex([vectors[:1]], ExplorationGraph.of([vectors[:1]])).explore(0, 2).rows.tolist() == [[-1, -1]]


def test_a_saved_graph_answers_like_the_one_in_memory(
    index: GraphIndex, segments: list[Vectors], graph: ExplorationGraph, queries: NDArray[np.float32], tmp_path: Path
) -> None:
    path = tmp_path / "graph"
    graph.save(path, "picture 1")
    assert [file.name for file in tmp_path.iterdir()] == ["graph"]
    loaded = GraphIndex(segments, ExplorationGraph.load(path, "picture 1"))
    assert np.array_equal(loaded.search(queries, 10).rows, index.search(queries, 10).rows)
    assert np.array_equal(loaded.explore(5, 10).rows, index.explore(5, 10).rows)


def test_a_loaded_graph_takes_more_rows(vectors: Vectors, tmp_path: Path, always_walking: None) -> None:
    ExplorationGraph.of([vectors[:300]]).save(tmp_path / "graph", "a")
    graph = ExplorationGraph.load(tmp_path / "graph", "a")
    graph.add(vectors[300:400])
    matches = GraphIndex([vectors[:400]], graph).search(vectors[300:400].astype(np.float32), 1)
    assert matches.rows[:, 0].tolist() == list(range(300, 400))


def test_every_flip_and_truncation_of_the_file_is_detected(vectors: Vectors, tmp_path: Path) -> None:
    path = tmp_path / "graph"
    ExplorationGraph.of([vectors[:40, :4]]).save(path, "a")
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    flips = [*range(1, 150), *rng.integers(1, len(whole) + 1, size=150).tolist()]  # from the end, where the seal is
    damaged = [whole[:-at] + bytes([whole[-at] ^ (1 << at % 8)]) + whole[len(whole) - at + 1 :] for at in flips]
    damaged += [whole[:at] for at in [*range(60), *rng.integers(len(whole), size=100).tolist()]]
    damaged += [whole[at:] for at in (1, 8, 100)] + [whole + b"\0", whole + whole]
    for bytes_ in damaged:
        path.write_bytes(bytes_)
        with pytest.raises(CollectionDamaged, match="build it again"):
            ExplorationGraph.load(path, "a")
    path.write_bytes(whole)
    assert len(ExplorationGraph.load(path, "a")) == 40


def test_a_graph_of_other_vectors_is_refused(vectors: Vectors, tmp_path: Path) -> None:
    ExplorationGraph.of([vectors[:40]]).save(tmp_path / "graph", "picture 1")
    with pytest.raises(IncompatibleCollection, match=r"'picture 1'.* not of 'picture 2'"):
        ExplorationGraph.load(tmp_path / "graph", "picture 2")


def test_a_graph_of_another_deglib_is_refused(tmp_path: Path) -> None:
    (tmp_path / "graph").write_bytes(b"a dump of long ago")
    seal(tmp_path / "graph", Facts("a", "0.0.1", 4, 40, ()))
    with pytest.raises(IncompatibleCollection, match=r"by deglib 0\.0\.1"):
        ExplorationGraph.load(tmp_path / "graph", "a")


@contextmanager
def files_up_to(n_bytes: int) -> Iterator[None]:
    """Let no file grow further: what writes more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("missing", "sentence"), [(1, "has no room"), (10, "has no room"), (1_000, "could be written"), (30_000, "written")]
)
def test_a_full_disk_is_noticed_and_the_old_file_stays(
    vectors: Vectors, tmp_path: Path, missing: int, sentence: str
) -> None:
    path = tmp_path / "graph"
    ExplorationGraph.of([vectors[:40]]).save(path, "a")
    old = path.read_bytes()
    graph = ExplorationGraph.of([vectors[:100]])
    graph.save(tmp_path / "other", "a")
    with files_up_to((tmp_path / "other").stat().st_size - missing), pytest.raises(StorageFull, match=sentence):
        graph.save(path, "a")
    assert path.read_bytes() == old
    assert sorted(file.name for file in tmp_path.iterdir()) == ["graph", "other"]


def test_threads_search_at_once(index: GraphIndex, queries: NDArray[np.float32]) -> None:
    alone = index.search(queries, 10).rows
    explored = index.explore(9, 10).rows

    def ask(number: int) -> bool:
        same = np.array_equal(index.search(queries[number : number + 1], 10).rows[0], alone[number])
        return same and np.array_equal(index.explore(9, 10).rows, explored)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, [*range(100)] * 5))


def test_a_child_process_searches_too(index: GraphIndex, queries: NDArray[np.float32]) -> None:
    expected = index.search(queries, 10).rows
    child = os.fork()
    if not child:
        os._exit(0 if np.array_equal(index.search(queries, 10).rows, expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_thread_makes_the_same_graph_again(
    segments: list[Vectors], index: GraphIndex, queries: NDArray[np.float32]
) -> None:
    again = GraphIndex(segments, ExplorationGraph.of(segments), slack=0)
    first = GraphIndex(segments, ExplorationGraph.of(segments), slack=0)
    assert np.array_equal(again.search(queries, 10).rows, first.search(queries, 10).rows)


def test_two_threads_make_as_good_a_graph(
    segments: list[Vectors], queries: NDArray[np.float32], always_walking: None
) -> None:
    index = GraphIndex(segments, ExplorationGraph.of(segments, n_threads=2))
    assert recall(index.search(queries, 10).rows, ExactIndex(segments).search(queries, 10).rows) >= 0.99


def test_building_tells_its_progress_and_can_be_stopped(segments: list[Vectors]) -> None:
    seen: list[tuple[int, int]] = []

    def stop_late(done: int, n_all: int) -> None:
        seen.append((done, n_all))
        if done > 3_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ExplorationGraph.of(segments, progress=stop_late)
    assert seen == [(1_500, 4_000), (3_500, 4_000)]


def test_without_deglib_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "deglib", None)
    assert not is_available()
    with pytest.raises(LookalikeError, match="choose another index"):
        ExplorationGraph(4)
    with pytest.raises(LookalikeError, match="choose another index"):
        ExplorationGraph.load(tmp_path / "graph", "a")


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda index: index.search(np.ones((1, 96), np.float32), 0), "got k = 0"),
        (lambda index: index.search(np.ones((1, 95), np.float32), 1), "vectors of 96 numbers"),
        (lambda index: index.search(np.full((1, 96), np.nan, np.float32), 1), "not finite"),
        (lambda index: index.search(np.ones((1, 96), np.float32), 1, allowed=np.ones(3, np.bool_)), "one bool per row"),
        (lambda index: index.explore(0, 0), "got k = 0"),
        (lambda index: index.explore(0, 1, allowed=np.ones(3, np.bool_)), "one bool per row"),
    ],
)
def test_what_exact_search_refuses_is_refused(
    index: GraphIndex, ask: Callable[[GraphIndex], object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask(index)


@pytest.mark.parametrize("row", [-1, 4_000])
def test_exploring_from_a_row_that_is_not_there_is_refused(index: GraphIndex, row: int) -> None:
    with pytest.raises(IndexError, match=f"got {row}"):
        index.explore(row, 3)


def test_a_removed_row_has_no_neighbours(vectors: Vectors) -> None:
    graph = ExplorationGraph.of([vectors[:50]])
    graph.remove(np.array([7]))
    with pytest.raises(IndexError, match="got 7"):
        GraphIndex([vectors[:50]], graph).explore(7, 3)
    with pytest.raises(IndexError, match="row 7 is not in the graph"):
        graph.from_row(7, 3, 0.1)


def test_a_row_that_was_never_added_cannot_be_removed(graph: ExplorationGraph) -> None:
    with pytest.raises(IndexError, match="rows 0 to 3999, got 5 to 4000"):
        graph.remove(np.array([4_000, 5]))


@pytest.mark.parametrize("wrong", [np.ones((2, 95), np.float16), np.ones((2, 96), np.float32), np.ones(96, np.float16)])
def test_vectors_of_another_shape_or_type_are_not_added(graph: ExplorationGraph, wrong: NDArray[np.float16]) -> None:
    with pytest.raises(ValueError, match=r"takes \(n, 96\) float16"):
        graph.add(wrong)


def test_a_graph_of_other_rows_is_refused(vectors: Vectors, graph: ExplorationGraph) -> None:
    for segments in ([vectors[:100]], [vectors[:, :95].copy()], []):
        with pytest.raises(ValueError, match="build the graph from these segments"):
            GraphIndex(segments, graph)
