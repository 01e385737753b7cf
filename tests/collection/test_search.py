"""Searching, against a naive reading of what is stored."""

import json
import os
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.collection import Collection
from lookalike.collection.record import Described, record_items
from lookalike.collection.space_files import load_space_files
from lookalike.errors import BadQuery, ItemNotFound, UnreadableMedia
from lookalike.index import exact
from lookalike.media import Decoded, Metadata
from lookalike.query import And, Colour, Not, Or, Picture, Term, Weighted, colour, image, leaves, parse, where, words
from lookalike.ranking.chance import against_chance
from lookalike.ranking.fusion import fuse_and, fuse_not, fuse_or
from lookalike.types import Frame, Instances
from tests.collection.conftest import invent

SPACES = ("colour", "picture", "shape", "texture")
N = 48

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:City="Z\xc3\xbcrich Caf\xc3\xa9"/>
</rdf:RDF></x:xmpmeta>"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, draw) -> Path:
    """Forty-eight pictures, some with what a camera writes."""
    folder = tmp_path_factory.mktemp("search") / "pictures"
    for seed in range(N - 8):
        draw(folder / ("rome" if seed % 2 else "oslo") / f"square-{seed}.png", seed)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x9003] = "Canon", "EOS 5D", "1970:05:31 12:00:00"
    exif[0x010E] = "Wir sind das Volk"
    draw(folder / "old.jpg", 40, exif=exif, xmp=XMP)
    exif[0x9003], exif[0x010E] = "1999:12:31 23:59:59", "red boat AND NEAR(water)"
    draw(folder / "new.jpg", 41, exif=exif)
    draw(folder / "wide.png", 42, squares=(4, 40))
    draw(folder / "tall.bmp", 43, squares=(40, 4))
    draw(folder / "a.webp", 44, lossless=True)
    draw(folder / "b.tif", 45)
    draw(folder / "c.gif", 46)
    draw(folder / 'quote\'s "name" 100%.png', 47)
    return folder


@pytest.fixture(scope="module")
def place(pictures: Path, fast) -> Path:
    """The directory of a collection described by the classics, so that words ask names and metadata alone."""
    place = pictures.parent / "collection"
    with Collection(place, settings=fast.model_copy(update={"model": "classics"})) as collection:
        report = collection.add(pictures)
        assert (report.added, report.skipped) == (N, [])
    return place


@pytest.fixture(scope="module", params=["numpy", "compiled"])
def library(request: pytest.FixtureRequest, place: Path, fast) -> Iterator[Collection]:
    """That collection, searched as a small one is, and as one of tens of thousands of pictures is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "WORTH_COMPILED_CODE", 0 if request.param == "compiled" else 1 << 60)
        with Collection(place, settings=fast.model_copy(update={"model": "classics", "expansion": 0})) as collection:
            yield collection


@pytest.fixture(scope="module")
def expanding(place: Path, fast) -> Iterator[Collection]:
    """That collection, searched as it is unless somebody says otherwise."""
    with Collection(place, settings=fast.model_copy(update={"model": "classics"})) as collection:
        yield collection


def stored(library, rows, space: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids (N,) and vectors (N, D) of a space, read from its files without any code of ours."""
    [(space_id, folder, n_dims)] = rows(library, "SELECT id, folder, n_dims FROM spaces WHERE name = ?", space)
    file = library.folder / "spaces" / folder / "vectors" / "00000.f16"
    vectors = np.fromfile(file, dtype=np.float16).reshape(-1, n_dims).astype(np.float32)
    pairs = rows(library, "SELECT row, item_id FROM vectors WHERE space_id = ? ORDER BY item_id", space_id)
    return np.array([item_id for _, item_id in pairs]), vectors[[row for row, _ in pairs]]


def ids(library, query, **options) -> list[int]:
    """Return the ids of all hits and of the near-copies behind them."""
    return [hit.id for main in library.search(query, **options) for hit in (main, *main.copies)]


def id_of(library, name: str) -> int:
    [found] = ids(library, words(f'"{name}"'))
    return found


@pytest.mark.parametrize("space", SPACES)
def test_one_picture_ranks_by_similarity_in_every_space(library, rows, space):
    numbers, vectors = stored(library, rows, space)
    for asked in (1, 7, N):
        similarities = vectors @ vectors[asked - 1]
        expected = [int(n) for n in numbers[np.lexsort((numbers, -similarities))] if n != asked]
        hits = library.search(image(asked, like=space), k=100, cutoff=0)
        found = [hit.id for hit in hits]
        assert not any(hit.copies for hit in hits)
        assert sorted(found) == sorted(expected)
        by_id = dict(zip(numbers.tolist(), similarities.tolist(), strict=True))
        # The same order but for what rounding may exchange.
        assert all(by_id[a] >= by_id[b] - 1e-6 for a, b in pairwise(found))
        for hit in hits:
            [evidence] = hit.evidence
            assert evidence.space == space
            assert evidence.similarity == pytest.approx(by_id[hit.id], abs=1e-4)


@pytest.mark.parametrize("asked", [1, 7, N])
def test_a_picture_is_asked_together_with_what_is_nearest_to_it(expanding, rows, asked):
    numbers, vectors = stored(expanding, rows, "picture")
    query = vectors[numbers == asked][0]
    by_id = dict(zip(numbers.tolist(), vectors, strict=True))
    others = sorted((n for n in by_id if n != asked), key=lambda n: -float(by_id[n] @ query))
    wide = query + sum((by_id[n] @ query) * by_id[n] for n in others[:3])

    def together(n: int) -> np.ndarray:
        company = sorted((other for other in others if other != n), key=lambda other: -float(by_id[other] @ by_id[n]))
        vector = by_id[n] + sum((by_id[other] @ by_id[n]) * by_id[other] for other in company[:5])
        return vector / np.linalg.norm(vector)

    found = ids(expanding, image(asked), k=100, cutoff=0)
    assert found[:3] == others[:3]
    assert sorted(found) == sorted(others)
    assert all(together(a) @ wide >= together(b) @ wide - 1e-5 for a, b in pairwise(found[3:]))
    assert found != others


def evidence_of(hits) -> dict[int, list[tuple]]:
    """Return the evidence of each hit by its id; a last digit may turn on how similarities were summed up."""
    return {
        hit.id: [
            (
                each.term,
                each.space,
                each.text,
                pytest.approx(each.similarity, abs=2e-4),
                pytest.approx(each.chance, rel=0.01),
            )
            for each in hit.evidence
        ]
        for hit in hits
    }


def test_an_expansion_changes_the_order_and_neither_evidence_nor_claims(library, expanding):
    for line in ("#1", "#1 #2", "#1 -#2", "#1 | #2", "(#1 | #2@shape) colour:blue"):
        plain, wide = ({hit.id: hit for hit in each.search(line, k=1000, cutoff=0)} for each in (library, expanding))
        assert list(plain) != list(wide)
        assert evidence_of(plain.values()) == evidence_of(wide.values())
        assert {item: hit.score for item, hit in wide.items()} == pytest.approx(
            {item: hit.score for item, hit in plain.items()}, abs=1e-6
        )


@pytest.mark.parametrize("line", ["#1@colour", "#1@shape", "colour:red", "-#1 folder:rome"])
def test_a_look_a_colour_and_what_is_not_wanted_are_asked_alone(library, expanding, line):
    assert ids(library, line, k=1000, cutoff=0) == ids(expanding, line, k=1000, cutoff=0)


def naive_z(library, rows, term: Term) -> np.ndarray:
    """Return z (N,) of a term for the items 1 to N, from the stored numbers."""
    match term:
        case And(children):
            weights = [child.weight if isinstance(child, Weighted) else 1.0 for child in children]
            return fuse_and([naive_z(library, rows, child) for child in children], weights)
        case Or(children):
            return fuse_or([naive_z(library, rows, child) for child in children])
        case Not(child):
            return fuse_not(naive_z(library, rows, child))
        case Weighted(_, child):
            return naive_z(library, rows, child)
        case Picture() | Colour():
            return naive_look(library, rows, term)
    holding = set(ids(library, term, k=1000))
    return np.array([np.inf if item in holding else -np.inf for item in range(1, N + 1)])


def naive_look(library, rows, term: Picture | Colour) -> np.ndarray:
    space = "colour" if isinstance(term, Colour) else term.like or "picture"
    _, vectors = stored(library, rows, space)
    describer = library._spaces.describers()[space]
    query = describer.describe_colour(term.rgb) if isinstance(term, Colour) else vectors[term.source - 1]
    calibration = describer.calibration
    unrelated = vectors if calibration is None else np.concatenate([calibration.reference, vectors])
    return against_chance(vectors @ query, unrelated @ query, calibration)[1]


@pytest.mark.parametrize(
    "line",
    [
        "#1 #2",
        "#1@colour #2@shape",
        "3:#1@colour #2@texture",
        "#1 -#2",
        "#1@colour -0.5:#2@shape #3@texture",
        "#1 | #2",
        "#1@colour | #2@shape | colour:red",
        "(#1 | #2@shape) colour:blue",
        "2:#1 (#2@colour | -#3@shape)",
        "#1 | folder:rome",
        "#5 -(#2 | #3)",
        "colour:#30a040",
    ],
)
def test_terms_meet_as_a_naive_evaluation_says(library, rows, monkeypatch, line):
    monkeypatch.setattr("lookalike.ranking.chance.LARGEST_Z", 1e6)  # so that no two are clipped to a tie
    query = parse(line)
    z = naive_z(library, rows, query)
    asked = {leaf.source for leaf in leaves(query) if isinstance(leaf, Picture)}
    hits = library.search(query, k=1000, cutoff=0)
    found = [hit.id for hit in hits]
    assert sorted(found) == [item for item in range(1, N + 1) if item not in asked and z[item - 1] > -np.inf]
    ranked = np.array([z[item - 1] for item in found])
    assert all(a >= b or np.isclose(a, b, rtol=1e-4) for a, b in pairwise(ranked))
    scores = [hit.score for hit in hits]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)


def test_filters_come_before_ranking(library, expanding):
    for collection in (library, expanding):
        everything = ids(collection, "#1", k=1000, cutoff=0)
        for line in ("folder:rome", "square", "format:gif", "width:320"):
            allowed = set(ids(collection, line, k=1000))
            inside = [item for item in everything if item in allowed]
            assert ids(collection, f"#1 {line}", k=1000, cutoff=0) == inside
            outside = [item for item in everything if item not in allowed]
            assert ids(collection, f"#1 -{line}", k=1000, cutoff=0) == outside


def test_pages_concatenate_to_the_long_answer(library, expanding):
    lines = ("#1", "#1@colour #2@shape", "#1 | colour:red", "square", "folder:rome")
    for collection, line in product((library, expanding), lines):
        whole = [(hit.rank, hit.id, hit.score) for hit in collection.search(line, k=1000, cutoff=0)]
        assert [rank for rank, _, _ in whole] == list(range(1, len(whole) + 1))
        pages = [collection.search(line, k=7, start=start, cutoff=0) for start in range(0, N + 7, 7)]
        assert [(hit.rank, hit.id, hit.score) for page in pages for hit in page] == whole
        assert len(pages[-1]) == 0


def test_the_page_is_checked(library):
    for options in ({"k": 0}, {"k": 1001}, {"start": -1}):
        with pytest.raises(BadQuery, match=r"got -?\d+"):
            library.search("#1", **options)
    for start in (10**6, 10**9, 2**31, 10**18, 10**30):
        for line in ("#1", "folder:rome", "square"):
            try:
                assert list(library.search(line, start=start)) == []
            except BadQuery as error:
                assert "start" in str(error)


def test_a_collection_without_pictures_answers(collection, folder, draw):
    with pytest.raises(BadQuery, match="add pictures first"):
        collection.search("colour:red")
    assert list(collection.search("red")) == []
    collection.add(folder)
    for line in ("colour:red", "red", "colour:red red -blue", "colour:red | blue", "-red"):
        hits = collection.search(line)
        assert (list(hits), bool(hits.note)) == ([], True)
        assert hits.to_json()["hits"] == []
        assert hits._repr_html_()
    asked = draw(folder.parent / "asked.png", 9)
    assert list(collection.search(image(asked))) == []
    with pytest.raises(ItemNotFound):
        collection.search("#1")


def test_one_picture_is_found_by_another_and_not_by_itself(collection, folder, draw):
    draw(folder / "a.png", 1)
    collection.add(folder)
    assert list(collection.search("#1")) == []
    assert [hit.id for hit in collection.search(image(folder / "a.png"), cutoff=0)] == [1]
    assert [hit.id for hit in collection.search("colour:red")] == [1]


def test_equal_pictures_of_a_query_stand_in_the_order_of_their_ids(collection, folder, draw):
    for number, name in enumerate(["d.png", "b.bmp", "c.gif", "a.tif"]):
        draw(folder / name, 1, squares=(2, 2), side=40)  # one look, four contents
        collection.add(folder / name)
        assert number + 1 == len(collection)
    for line in ("colour:red", "#3", "#3@shape | #3@colour"):
        [main] = collection.search(line, cutoff=0)
        found = [hit.id for hit in (main, *main.copies)]
        assert found == sorted(found)


def test_near_copies_collapse_into_the_best_of_them(collection, folder, draw):
    path = draw(folder / "a.png", 1, side=24)
    for seed in range(2, 8):
        draw(folder / f"{seed}.png", seed, side=24)
    with Image.open(path) as picture:
        picture.save(folder / "copy.jpg", quality=60)
        picture.resize((100, 75)).save(folder / "small.jpg")
        picture.rotate(90, expand=True).save(folder / "turned.png")
    collection.add(folder)
    [first, *others] = collection.search(path, cutoff=0)
    assert {hit.path.name for hit in (first, *first.copies)} == {"a.png", "copy.jpg", "small.jpg"}
    assert "turned.png" in [hit.path.name for hit in others]
    assert [hit.rank for hit in first.copies] == [1, 1]
    assert all(not hit.copies for hit in others)
    json = collection.search(path, cutoff=0).to_json()
    assert len(json["hits"][0]["copies"]) == 2


def test_nothing_but_not_is_refused_and_with_a_filter_it_stands(library):
    with pytest.raises(BadQuery, match="nothing but NOT has nothing to stand on; add a picture, a colour, or a filter"):
        library.search("-#1")
    with pytest.raises(BadQuery, match="nothing but NOT"):
        library.search(~(image(1) | colour("red")))
    close = ids(library, "#1 folder:rome", k=1000, cutoff=0)
    far = ids(library, "-#1 folder:rome", k=1000, cutoff=0)
    assert sorted(far) == sorted(close)
    assert far[0] == close[-1]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("year:1970", {"old.jpg"}),
        ("date:1970-05-31", {"old.jpg"}),
        ("date:1970-05..1999-12-31", {"old.jpg", "new.jpg"}),
        ("year:1971..", {"new.jpg"}),
        ("date:..1999-12-30", {"old.jpg"}),
        ("year:2000..9999", set()),
        ("camera:eos", {"old.jpg", "new.jpg"}),
        ('camera:"100%"', set()),
        ("camera:_", set()),
        ("place:Zürich", {"old.jpg"}),
        ("place:ZÜRICH", {"old.jpg"}),
        ("width:320", {"wide.png"}),
        ("height:300..", {"tall.bmp"}),
        ("width:..32", {"tall.bmp"}),
        ("megapixels:0.01.. format:png", {"wide.png"}),
        ("format:webp", {"a.webp"}),
        ("format:tif", {"b.tif"}),
        ("format:heic", set()),
        ("format:gif | format:bmp", {"c.gif", "tall.bmp"}),
        ("added:2020.. format:gif", {"c.gif"}),
        ("added:..2020", set()),
        ("album:none", set()),
        ("folder:rom", set()),
        ("-folder:rome -folder:oslo format:png", {"wide.png", 'quote\'s "name" 100%.png'}),
        ("-year:1970 camera:canon", {"new.jpg"}),
        ('"wir sind das volk"', {"old.jpg"}),
        ('"sind wir"', set()),
        ("volk wir", {"old.jpg"}),
        ("cafe zurich", {"old.jpg"}),
        ("CAFÉ", {"old.jpg"}),
        ("boats", {"new.jpg"}),
        ('"AND"', {"new.jpg"}),
        ('"NEAR("', {"new.jpg"}),
        ('"NOT"', set()),
        ('"*"', set()),
        ('"old*"', {"old.jpg"}),
        ('"text:wide"', set()),
        ('"^wide"', {"wide.png"}),
        ('"name\\""', {'quote\'s "name" 100%.png'}),
        ("quote's", {'quote\'s "name" 100%.png'}),
        ('"{}"', set()),
        ('"\'; DROP TABLE items; --"', set()),
    ],
)
def test_every_filter_and_every_word_finds_what_it_says(library, line, names):
    assert {Path(hit.path).name for hit in library.search(line, k=1000)} == names


def test_kind_and_folder_take_parts_of_paths(library, pictures):
    assert len(ids(library, "kind:picture", k=1000)) == N
    assert len(ids(library, "folder:rome", k=1000)) == 20
    assert len(ids(library, where(folder="pictures/rome"), k=1000)) == 20
    assert ids(library, where(folder=str(pictures / "rome")), k=1000) == ids(library, "folder:rome", k=1000)
    assert ids(library, "folder:ome", k=1000) == []


def test_words_are_ranked_and_tell_where_they_stand(library):
    [hit] = library.search("volk")
    [evidence] = hit.evidence
    assert (evidence.space, evidence.similarity) == ("metadata", None)
    assert "Wir sind das Volk" in evidence.text
    assert ids(library, "rome", k=1000) == ids(library, "folder:rome", k=1000)


def test_a_filter_is_evidence_where_it_holds_and_what_is_not_wanted_has_a_minus(library):
    inside = set(ids(library, "folder:rome", k=1000))
    hits = library.search("#1 -#2 (folder:rome | square) -format:gif", k=100, cutoff=0)
    for hit in hits:
        terms = {evidence.term for evidence in hit.evidence}
        assert {"#1", "-#2"} <= terms <= {"#1", "-#2", "folder:rome", "square"}
        assert ("folder:rome" in terms) == (hit.id in inside)
    assert {hit.id for hit in hits} - inside


def test_each_term_of_a_query_has_its_evidence(library):
    [hit, *_] = library.search("#1@colour -#2@shape folder:rome square (colour:red | #3)", k=3, cutoff=0)
    terms = {evidence.term: evidence for evidence in hit.evidence}
    assert set(terms) == {"#1@colour", "-#2@shape", "folder:rome", "square", "colour:#ff0000", "#3"}
    assert {term: evidence.space for term, evidence in terms.items()} == {
        "#1@colour": "colour",
        "-#2@shape": "shape",
        "folder:rome": "metadata",
        "square": "metadata",
        "colour:#ff0000": "colour",
        "#3": "picture",
    }
    assert all(0 <= terms[term].chance <= 1 for term in ("#1@colour", "-#2@shape", "#3"))
    assert all(evidence.sentence() for evidence in hit.evidence)


def test_a_query_by_path_by_pixels_and_by_id_is_the_same_question(library, pictures):
    path = next(pictures.glob("oslo/*.png"))
    number = id_of(library, path.stem)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    by_id = ids(library, image(number), cutoff=0, k=10)
    for query in (path, str(path), image(path), image(pixels), f"image:{path}"):
        assert ids(library, query, cutoff=0, k=11) == [number, *by_id]


def test_a_box_asks_for_a_part(library, pictures):
    path = next(pictures.glob("oslo/*.png"))
    number = id_of(library, path.stem)
    with Image.open(path) as picture:
        part = np.asarray(picture.convert("RGB"))[8:40, 16:48]
    of_path = library.search(image(path, box=(16, 8, 48, 40), like="colour"), cutoff=0)
    of_id = library.search(image(number, box=(16, 8, 48, 40), like="colour"), cutoff=0)
    assert [hit.id for hit in of_id][:19] == [hit.id for hit in of_path if hit.id != number]
    assert np.array_equal(of_path.pictures[0], part)
    with pytest.raises(BadQuery, match="outside its picture of 64 x 48 pixels"):
        library.search(image(path, box=(64, 0, 70, 10)))


def test_what_cannot_be_asked_is_refused_in_a_sentence(library, pictures, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for query, kind in [
        ("#999", ItemNotFound),
        (image(2**63 - 1), ItemNotFound),
        ("#1@nonsense", BadQuery),
        ("/nowhere/at/all.png", UnreadableMedia),
        (tmp_path, UnreadableMedia),
        (tmp_path / "pipe", UnreadableMedia),
        (Path("/dev/zero"), UnreadableMedia),
        ("/" + "x" * 4000, UnreadableMedia),
        (image("~nobody-at-all/a.png"), UnreadableMedia),
    ]:
        with pytest.raises(kind) as caught:
            library.search(query)
        assert str(caught.value)


def test_as_many_words_as_fit_into_a_query(library):
    assert ids(library, words("square " * 256)) == ids(library, words("square"))
    assert ids(library, Or(tuple(words("square") for _ in range(256)))) == ids(library, words("square"))
    assert ids(library, And((image(1), *(words("square") for _ in range(255)))), cutoff=0) == ids(
        library, "#1 square", cutoff=0
    )
    for query in (words("a " * 2048), image(1) | words("a " * 257), And(tuple(words("a a") for _ in range(129)))):
        with pytest.raises(BadQuery, match=r"a query has at most 256 words, got [0-9]+; "):
            library.search(query)


def test_json_holds_the_answer(library):
    hits = library.search("#1 folder:rome", k=3, cutoff=0)
    json = hits.to_json()
    assert set(json) == {"query", "hits", "judged", "cutoff", "below", "found", "note", "seconds"}
    assert json["query"] == "#1 folder:rome"
    assert [hit["rank"] for hit in json["hits"]] == [1, 2, 3]
    assert {"rank", "id", "path", "score", "evidence"} <= set(json["hits"][0])
    assert [hit["path"] for hit in json["hits"]] == [str(hit.path) for hit in hits]
    assert set(json["hits"][0]["evidence"][0]) == {"term", "space", "similarity", "chance"}


def test_the_answer_can_be_shown(library, tmp_path):
    hits = library.search("#1 folder:rome", k=5, cutoff=0)
    with Image.open(hits.sheet(tmp_path / "sheet.png")) as sheet:
        assert sheet.width > 500
    assert hits._repr_html_().count("<figure") == 5


def test_a_rare_filter_has_full_recall_among_many(many, rows):
    [(n,)] = rows(many, "SELECT count(*) FROM items")
    rare = [hit.id for hit in many.search("#1@colour rare", cutoff=0, k=50)]
    assert sorted(rare) == [item for item in range(2, n + 1) if item % 200 == 0]


def test_pages_agree_among_many(many):
    for line in ("#1@colour", "#1@colour #2@shape", "#1@colour | #2@shape", "#1@colour -#2@texture"):
        whole = [hit.id for hit in many.search(line, k=120, cutoff=0)]
        pages = [hit.id for start in range(0, 120, 20) for hit in many.search(line, k=20, start=start, cutoff=0)]
        assert pages == whole


def distances(many, rows, space: str) -> np.ndarray:
    """Return the ids of all but the first, farthest from it first."""
    items, vectors = stored(many, rows, space)
    order = np.argsort(vectors @ vectors[0], kind="stable")
    return items[order][items[order] > 1]


def test_what_is_farthest_is_found_among_many(many, rows):
    far = distances(many, rows, "colour")
    common = [item for item in far.tolist() if item % 200][:20]
    assert [hit.id for hit in many.search("-#1@colour common", k=20, cutoff=0)] == common
    assert [hit.id for hit in many.search("(-#1@colour | rare) common", k=20, cutoff=0)] == common


def test_a_term_with_both_signs_proposes_what_is_nearest(many, rows):
    near = distances(many, rows, "colour")[::-1][:20].tolist()
    for line in ("#1@colour | (#2@texture -#1@colour)", "(#2@texture -#1@colour) | #1@colour"):
        found = {hit.id for hit in many.search(line, k=1000, cutoff=0)}
        assert found.issuperset(near)


@pytest.mark.parametrize(
    "line", ["2:rare", "#1@colour 2:rare", "#1@colour -2:text:rare", "2:(rare | common) #1@colour"]
)
def test_a_weight_on_what_is_met_or_not_met_changes_nothing(many, line):
    weighted, plain = (many.search(text, k=30, cutoff=0) for text in (line, line.replace("2:", "")))
    assert [hit.id for hit in weighted] == [hit.id for hit in plain]
    assert weighted.n_found == plain.n_found


def test_answers_that_are_all_good_are_not_counted_where_there_may_be_more(many):
    hits = many.search("#1@colour | common", k=5)
    assert (hits.n_found, hits.n_below) == (None, 0)


def test_removed_pictures_are_no_measure_of_chance(tmp_path, fast):
    with Collection(tmp_path / "c", settings=fast.model_copy(update={"model": "classics"})) as collection:
        invent(collection, 400, n_groups=400)
        collection.remove(range(2, 300))
        similarities = (
            collection._spaces.view("shape").yardstick @ collection._spaces.view("shape").vectors(np.array([0]))[0]
        )
        assert np.count_nonzero(similarities) == len(similarities)
        collection.remove([*range(300, 401)])
        assert len(collection.search("#1", k=5, cutoff=0)) == 0


def test_a_picture_that_a_space_has_nothing_of_is_neither_wanted_nor_unwanted(tmp_path, fast):
    gone = "DELETE FROM vectors WHERE item_id > 20 AND space_id = (SELECT id FROM spaces WHERE name = 'shape')"
    with Collection(tmp_path / "c", settings=fast) as collection:
        invent(collection, 30)
        with collection._store.writing(), collection._store.changes.begin() as connection:
            connection.exec_driver_sql(gone)
        hits = collection.search("#1@colour -#2@shape", k=30, cutoff=0)
        assert len(hits) == 28
        assert [hit.id > 20 for hit in hits] != sorted((hit.id > 20 for hit in hits), reverse=True)
        json.loads(json.dumps(hits.to_json(), allow_nan=False))
        assert not [hit for hit in collection.search("#1@shape", k=30, cutoff=0) if hit.id > 20]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, fast) -> Iterator[Collection]:
    """A collection of 1,000 items with random vectors, which no picture stands behind; every 200th is called rare."""
    rng = np.random.default_rng(7)
    n = 1000
    with Collection(tmp_path_factory.mktemp("many") / "collection", settings=fast) as collection:
        store = collection._store
        with store.writing():
            spaces = collection._spaces.ensure()
            described = Described(
                [nothing_but(f"{number:064x}", "common" if number % 200 else "rare") for number in range(1, n + 1)],
                [Instances(np.array([[0, 0, 1, 1]], np.float32), np.ones(1, np.float32), (None,))] * n,
                "whole",
                {space.id: normalized(rng.normal(size=(n, space.n_dims)).astype(np.float32)) for space in spaces},
                rng.integers(0, 256, (n, 8), dtype=np.uint8),
                ["000000000000"] * n,
            )
            files = [load_space_files(store, space, describer) for space, describer in spaces.items()]
            for file in files:
                file.append(described.vectors[file.space.id])
            with store.changes.begin() as connection:
                record_items(connection, described, files)
        yield collection


def nothing_but(sha256: str, title: str) -> Decoded:
    frame = Frame(np.zeros((1, 1, 3), np.uint8), (1, 1))
    return Decoded(sha256, 1, "PNG", frame, b"", Metadata(title=title), 1)


def normalized(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
