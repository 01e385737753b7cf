"""Indexes of a collection: chosen by size, kept by whoever writes, made again when damaged, and as good as exact."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.collection.indexes import WORTH_CANDIDATES, WORTH_TWO_STAGES, chosen
from lookalike.collection.reach import measured, read_reach
from lookalike.collection.space_indexes import SpaceIndexes
from lookalike.errors import BadQuery
from lookalike.index import segment_folder
from lookalike.index.exact import ExactIndex
from lookalike.index.reranked import RerankedIndex
from lookalike.query import Term, image, where
from lookalike.ranking.chance import evenly
from lookalike.settings import Settings
from tests.collection.conftest import invent

N = (1 << 15) + 300
"""Rows: one block of codes, and some that are in no segment."""

SPACE = "texture"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, fast: Settings) -> Path:
    """The directory of a collection of N invented pictures, with an index of their codes."""
    place = tmp_path_factory.mktemp("made") / "c"
    with pytest.MonkeyPatch.context() as patch, Collection(place, settings=fast) as pictures:
        patch.setattr(segment_folder, "SMALLEST", 1 << 15)
        invent(pictures, N, n_groups=200)
        pictures.add()
    return place


@pytest.fixture
def large(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of that collection, in which segments begin at a block as there."""
    import shutil

    monkeypatch.setattr(segment_folder, "SMALLEST", 1 << 15)
    shutil.copytree(made, tmp_path / "c")
    yield tmp_path / "c"


@pytest.fixture
def small(tmp_path: Path, fast: Settings) -> Path:
    """The directory of a collection of 2,500 invented pictures."""
    with Collection(tmp_path / "c", settings=fast) as pictures:
        invent(pictures, 2500)
    return tmp_path / "c"


def opened(place: Path, fast: Settings, index: str) -> Collection:
    return Collection(place, settings=fast.model_copy(update={"index": index}))


def ids(pictures: Collection, query: Term, k: int = 10) -> list[int]:
    return [hit.id for hit in pictures.search(query, k=k, cutoff=0)]


def segments(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "spaces" / SPACE / "index").iterdir())


def test_exact_search_answers_as_long_as_it_is_quick() -> None:
    every = ("exact", "codes", "two-stage", "graph")
    n = WORTH_CANDIDATES // 128
    assert chosen(n - 1, 128, every, 10) == "exact"
    assert chosen(n, 128, every, 10) == "graph"
    assert chosen(n, 128, every[:3], 10) == "codes"
    assert chosen(n, 128, every[:3], 1000) == "exact", "codes that tell so little are not worth it"
    assert chosen(WORTH_TWO_STAGES, 128, every[:3], 10) == "two-stage"
    assert chosen(WORTH_TWO_STAGES, 128, ("exact",), 10) == "exact"


def test_who_adds_leaves_an_index_of_what_fills_a_segment(made: Path) -> None:
    assert segments(made) == ["000000000000-000000032768.codes16", "reach.json"]


def test_the_candidates_by_code_that_it_takes_are_measured(made: Path, fast: Settings) -> None:
    with opened(made, fast, "codes") as pictures:
        view = pictures._spaces.view(SPACE)
        reach = read_reach(made / "spaces" / SPACE, view.space.coder)
        assert reach is not None
        assert reach.n_rows == N
        rows = np.arange(5, N, 3000)
        nearest = view.index.search(view.vectors(rows), 100).rows
        found = view.indexes.proposing().search(view.vectors(rows), 100).rows
        shared = [np.intersect1d(one, other).size for one, other in zip(nearest, found, strict=True)]
    assert np.mean(shared) >= 93


def test_a_measurement_that_was_lost_is_made_again(large: Path, fast: Settings) -> None:
    path = large / "spaces" / SPACE / "index" / "reach.json"
    for make_again in (Collection.add, Collection.repair):
        path.unlink()
        with opened(large, fast, "codes") as pictures:
            make_again(pictures)
        assert path.exists()


def test_removed_pictures_do_not_count_in_a_measurement(made: Path, fast: Settings) -> None:
    with opened(made, fast, "codes") as pictures:
        view = pictures._spaces.view(SPACE)
        vectors, codes = view.vectors(np.arange(4000)).astype(np.float16), np.concatenate(view.codes or [])[:4000]
    gone = np.arange(0, 4000, 3)
    fewer = np.delete(vectors, gone, axis=0), np.delete(codes, gone, axis=0)
    vectors[gone], codes[gone] = 0, 0
    expected = measured(ExactIndex([fewer[0]]), [fewer[1]])
    assert measured(ExactIndex([vectors]), [codes]) == pytest.approx(expected, rel=0.5)
    assert measured(ExactIndex([np.zeros_like(vectors)]), [codes]) == 1


@pytest.mark.parametrize("index", ["codes", "two-stage"])
def test_an_index_of_codes_finds_what_exact_search_finds(made: Path, fast: Settings, index: str) -> None:
    with opened(made, fast, "exact") as exact, opened(made, fast, index) as quick:
        assert quick._spaces.view(SPACE).indexes.kind == index
        shared = [
            np.intersect1d(ids(exact, query), ids(quick, query)).size
            for query in (image(int(n), like=SPACE) for n in np.linspace(1, N, 12))
        ]
    assert np.mean(shared) >= 9


def test_a_filter_that_few_pass_loses_nothing(large: Path, fast: Settings) -> None:
    chosen_few = list(range(3, N, 3000))
    with opened(large, fast, "exact") as exact:
        exact.make_album("few", chosen_few)
        query = image(1, like=SPACE) & where(album="few")
        expected = [hit.id for hit in exact.search(query, k=50, cutoff=0)]
    assert sorted(expected) == sorted(set(chosen_few) - {1})
    for index in ("codes", "two-stage"):
        with opened(large, fast, index) as quick:
            assert [hit.id for hit in quick.search(query, k=50, cutoff=0)] == expected


def test_a_filter_is_asked_anew_when_the_catalogue_has_changed(large: Path, fast: Settings) -> None:
    query = image(1, like=SPACE) & where(album="few")
    with opened(large, fast, "codes") as pictures:
        pictures.make_album("few", [5, 6])
        assert sorted(hit.id for hit in pictures.search(query, cutoff=0)) == [5, 6]
        assert sorted(hit.id for hit in pictures.search(query, cutoff=0)) == [5, 6]
        with opened(large, fast, "codes") as other:
            other.add_to_album("few", [9])
        assert sorted(hit.id for hit in pictures.search(query, cutoff=0)) == [5, 6, 9]


def test_pictures_that_come_later_are_found_without_being_in_a_segment(large: Path, fast: Settings) -> None:
    with opened(large, fast, "codes") as pictures:
        invent(pictures, 5, first=N)
        view = pictures._spaces.view(SPACE)
        found = view.indexes.proposing().search(view.vectors(np.array([N + 2])), k=1)
        assert found.rows.tolist() == [[N + 2]]


def test_a_removed_picture_is_in_no_index_any_more(large: Path, fast: Settings) -> None:
    with opened(large, fast, "codes") as pictures:
        pictures.build_graph(SPACE)
        view = pictures._spaces.view(SPACE)
        gone = view.vectors(np.array([41]))
        code = view.codes[0][41].tobytes()  # type: ignore[index]
        stored = gone.astype(np.float16).tobytes()
        assert pictures.remove([42]) == 1
        folder = large / "spaces" / f"{SPACE}.1"
        assert all(stored not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert code not in (folder / "codes" / "00000.u64").read_bytes()
        view = pictures._spaces.view(SPACE)
        assert "graph" in view.indexes.kinds
        for kind in view.indexes.kinds:
            allowed = np.ones(len(view.index), dtype=np.bool_)
            allowed[41] = False  # as the catalogue has it
            assert 41 not in view.indexes.of(kind).search(gone, k=20, allowed=allowed).rows
        assert (folder / "index" / "000000000000-000000032768.codes16").exists()  # made again from what is left
        assert (folder / "index" / "reach.json").exists()
        assert not any(problem.startswith("space ") for problem in pictures.verify().problems)


def test_a_damaged_segment_is_told_not_used_and_made_again(large: Path, fast: Settings) -> None:
    path = large / "spaces" / SPACE / "index" / segments(large)[0]
    with opened(large, fast, "codes") as pictures:
        expected = ids(pictures, image(7, like=SPACE))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with opened(large, fast, "codes") as pictures:
        assert ids(pictures, image(7, like=SPACE)) == expected
        assert any(problem.startswith(f"space {SPACE}: ") for problem in pictures.verify().problems)
        pictures.add()
        assert any("`lookalike repair` makes it again" in problem for problem in pictures.verify().problems)
        pictures.repair()
        assert not any(problem.startswith("space ") for problem in pictures.verify().problems)
        assert ids(pictures, image(7, like=SPACE)) == expected


def test_a_reader_notices_an_index_that_was_made_while_it_was_open(small: Path, fast: Settings) -> None:
    with opened(small, fast, "graph") as reader, opened(small, fast, "exact") as writer:
        assert reader._spaces.view(SPACE).indexes.kind == "exact"
        writer.build_graph(SPACE)
        assert reader._spaces.view(SPACE).indexes.kind == "graph"
        assert ids(reader, image(9, like=SPACE)) == ids(writer, image(9, like=SPACE))
        assert writer.drop_graph(SPACE)
        assert not writer.drop_graph(SPACE)
        assert reader._spaces.view(SPACE).indexes.kind == "exact"


def test_what_was_read_of_indexes_is_kept_while_pictures_come(
    large: Path, fast: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    compare = segment_folder.read_segment

    def counting(path: Path, stamp: segment_folder.Stamp) -> segment_folder.CodeSegment:
        read.append(path)
        return compare(path, stamp)

    monkeypatch.setattr(segment_folder, "read_segment", counting)
    with opened(large, fast, "codes") as pictures, opened(large, fast, "exact") as other:
        assert ids(pictures, image(3, like=SPACE))
        before = pictures._spaces.view(SPACE)
        invent(other, 3, first=N)
        assert ids(pictures, image(3, like=SPACE))
        assert pictures._spaces.view(SPACE) is not before
    assert len(read) == 1


def test_a_graph_is_read_once_while_pictures_come(small: Path, fast: Settings) -> None:
    with opened(small, fast, "graph") as pictures, opened(small, fast, "exact") as other:
        other.build_graph(SPACE)
        first = pictures._spaces.view(SPACE).indexes.of("graph")
        invent(other, 3, first=2500)
        second = pictures._spaces.view(SPACE).indexes.of("graph")
        assert second is not first
        assert second._graph is first._graph  # type: ignore[attr-defined]


def test_a_damaged_graph_is_left_aside(small: Path, fast: Settings) -> None:
    with opened(small, fast, "graph") as pictures:
        pictures.build_graph(SPACE)
        expected = ids(pictures, image(9, like=SPACE))
    [path] = (small / "spaces" / SPACE / "index").glob("*.graph")
    path.write_bytes(path.read_bytes()[:-1000])
    with opened(small, fast, "graph") as pictures:
        assert ids(pictures, image(9, like=SPACE)) == expected
        assert pictures._spaces.view(SPACE).indexes.kind == "exact"
        assert any("is not the graph that was written" in problem for problem in pictures.verify().problems)
        pictures.build_graph(SPACE)
        assert not any("graph" in problem for problem in pictures.verify().problems)


def test_what_else_lies_beside_a_graph_does_not_matter(small: Path, fast: Settings) -> None:
    with opened(small, fast, "graph") as pictures:
        pictures.build_graph(SPACE)
        [path] = (small / "spaces" / SPACE / "index").glob("*.graph")
        path.with_name("000000002500.sync-conflict-20260101.graph").write_bytes(path.read_bytes())
        killed = path.with_name("000000002000.graph.part")
        killed.write_bytes(b"half")
        pictures.add()
        assert pictures._spaces.view(SPACE).indexes.kind == "graph"
        pictures.build_graph(SPACE)
        assert not killed.exists()


def test_pictures_are_removed_where_a_graph_cannot_be_read(
    small: Path, fast: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(small, fast, "graph") as pictures:
        pictures.build_graph(SPACE)
        monkeypatch.setattr(tempfile, "tempdir", str(small / "missing"))  # where a graph is verified
        assert pictures.remove([5]) == 1
        assert not [problem for problem in pictures.verify().problems if "graph" in problem]
        pictures.build_graph(SPACE)
        assert [problem for problem in pictures.verify().problems if "the graph of texture cannot be read" in problem]


def test_an_older_view_does_not_take_a_newer_graph(small: Path, fast: Settings) -> None:
    with opened(small, fast, "graph") as pictures, opened(small, fast, "exact") as other:
        older = pictures._spaces.view(SPACE)
        invent(other, 40, first=2500)
        other.build_graph(SPACE)
        assert pictures._spaces.view(SPACE).indexes.of("graph") is not pictures._spaces.view(SPACE).index
        older.indexes.notice()
        assert older.indexes.of("graph") is older.index


def test_a_graph_grows_once_it_is_worth_it(small: Path, fast: Settings) -> None:
    with opened(small, fast, "graph") as pictures:
        pictures.build_graph(SPACE)
        invent(pictures, 40, first=2500)
        pictures.add()
        [few] = (small / "spaces" / SPACE / "index").glob("*.graph")
        invent(pictures, 10_000, first=2540)
        pictures.add()
        [grown] = (small / "spaces" / SPACE / "index").glob("*.graph")
        assert (int(few.stem), int(grown.stem)) == (2500, 12_540)
        assert ids(pictures, image(12_500, like=SPACE))


def test_a_graph_of_nothing_is_not_built(tmp_path: Path, fast: Settings) -> None:
    with Collection(tmp_path / "c", settings=fast) as pictures:
        pictures.add()
        with pytest.raises(BadQuery, match="holds no vectors yet; add pictures first"):
            pictures.build_graph(SPACE)
        for space in (SPACE, "picture"):
            assert "nothing to be searched yet" in pictures.audit(space).verdict


def test_an_audit_measures_every_kind_against_exact_search(small: Path, fast: Settings) -> None:
    told = []
    with opened(small, fast, "two-stage") as pictures:
        pictures.build_graph(SPACE)
        audit = pictures.audit(SPACE, progress=told.append)
    assert [finding.index for finding in audit.findings] == ["exact", "codes", "two-stage", "graph"]
    assert audit.serves == "two-stage"
    assert {finding.recall_at_100 for finding in audit.findings if finding.index == "exact"} == {1.0}
    assert all(finding.recall_at_10 > 0.8 for finding in audit.findings)
    assert audit.verdict.startswith("The index two-stage finds ")
    assert told[-1].done == told[-1].total == 400
    assert audit.to_json()["findings"][0]["milliseconds"] > 0


def test_an_audit_tells_what_a_poor_index_misses(small: Path, fast: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(small, fast, "codes") as pictures:
        pictures.remove(range(1, 500))
        view = pictures._spaces.view(SPACE)
        poor = RerankedIndex(
            view.index, lambda queries, *_: np.tile(np.arange(499, 1499), (len(queries), 1)), per_neighbour=1
        )
        monkeypatch.setattr(SpaceIndexes, "of", lambda self, kind: poor)
        audit = pictures.audit(SPACE)
        findings = {finding.index: finding for finding in audit.findings}
        live = np.arange(499, 2500)
        asked = view.vectors(live[evenly(len(live), 100)])
        is_live = view.index.is_live()
        truth = [view.index.search(asked, k, allowed=is_live).rows < 1499 for k in (10, 100)]
    assert audit.vectors == 2001
    assert findings["exact"].recall_at_10 == findings["exact"].recall_at_100 == 1
    assert findings["codes"].recall_at_10 == pytest.approx(truth[0].mean(), abs=1e-4)
    assert findings["codes"].recall_at_100 == pytest.approx(truth[1].mean(), abs=1e-4)


def test_words_are_audited_apart(large: Path, fast: Settings) -> None:
    with opened(large, fast, "codes") as pictures:
        audit = pictures.audit("picture")
    asked = {finding.asked for finding in audit.findings}
    assert asked == ({"pictures", "words"} if pictures.words() else {"pictures"})
