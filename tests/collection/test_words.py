"""Words that are asked of names and metadata and of what pictures show, with a network that knows colours."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.collection import Collection
from lookalike.errors import BadQuery, ModelNotFound, UnknownWords
from lookalike.models import add_model
from lookalike.query import Term, image, where, words
from lookalike.settings import Settings
from tests.towers import write_towers

COLOURS = {"red": (210, 40, 30), "green": (30, 190, 60), "blue": (40, 30, 220), "yellow": (220, 210, 20)}
LIME = (130, 200, 25)
"""Between green and yellow."""
PER_COLOUR = 6
N = 4 * PER_COLOUR + 4


def paint(path: Path, rgb: tuple[int, int, int], seed: int) -> Path:
    noise = np.random.default_rng(seed).integers(-30, 31, (12, 16, 3))
    pixels = np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.repeat(6, axis=0).repeat(6, axis=1)).save(path)
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    add_model(write_towers(folder / "made" / "colours"), folder / "models")
    return folder / "models"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of four colours whose names do not say which, a blue one called "red boat", and two between colours."""
    folder = tmp_path_factory.mktemp("painted") / "pictures"
    for number, rgb in enumerate(list(COLOURS.values()) * PER_COLOUR):
        paint(folder / f"p{number}.png", rgb, number)
    paint(folder / "red boat.png", COLOURS["blue"], 99)
    paint(folder / "blorp.png", COLOURS["green"], 98)
    for number in range(2):
        paint(folder / f"between{number}.png", LIME, 90 + number)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, folder: Path, models: Path) -> Iterator[Collection]:
    settings = Settings(workers=1, models=models, model="colours")
    with Collection(tmp_path_factory.mktemp("collection") / "c", settings=settings) as pictures:
        assert pictures.add(folder).added == N
        yield pictures


def names(pictures: Collection, query: Term | str, k: int = 50) -> list[str]:
    found = pictures.search(query, k=k, cutoff=0)
    return [hit.path.name for whole in found for hit in (whole, *whole.copies) if hit.path]


def colour_of(name: str) -> str:
    known = {"red boat.png": "blue", "blorp.png": "green", "between0.png": "lime", "between1.png": "lime"}
    return known.get(name) or list(COLOURS)[int(name.removeprefix("p").removesuffix(".png")) % 4]


def test_words_find_what_is_called_so_and_then_what_shows_it(pictures: Collection) -> None:
    found = names(pictures, "red")
    assert len(found) == N
    assert found[0] == "red boat.png"
    assert {colour_of(name) for name in found[1 : 1 + PER_COLOUR]} == {"red"}
    assert "red" not in {colour_of(name) for name in found[1 + PER_COLOUR :]}


def test_names_alone_and_looks_alone_can_be_asked(pictures: Collection) -> None:
    assert names(pictures, "text:red") == ["red boat.png"]
    looked = names(pictures, "shows:(red boat)")
    assert {colour_of(name) for name in looked[:PER_COLOUR]} == {"red"}
    assert looked.index("red boat.png") >= PER_COLOUR
    assert names(pictures, words("red boat", only="look")) == looked


@pytest.mark.parametrize("line", ["shows:red", "shows:(green blue)"])
def test_what_shows_something_is_ranked_together_with_its_like(pictures: Collection, line: str) -> None:
    view = pictures._spaces.view("picture")
    vectors = view.vectors(np.arange(N))
    asked = view.describer.describe_texts([line.removeprefix("shows:").strip("()")])[0]
    together = []
    for row, vector in enumerate(vectors):
        company = [other for other in np.argsort(-(vectors @ vector), kind="stable").tolist() if other != row][:5]
        whole = vector + sum(max(float(vectors[other] @ vector), 0) * vectors[other] for other in company)
        together.append(whole @ asked / np.linalg.norm(whole))
    found = pictures.search(line, k=N, cutoff=0)
    rows = [hit.id - 1 for whole in found for hit in (whole, *whole.copies)]
    assert sorted(rows) == list(range(N))
    assert all(together[one] >= together[other] - 1e-5 for one, other in pairwise(rows))
    similarities = {hit.id: hit.evidence[0].similarity for whole in found for hit in (whole, *whole.copies)}
    assert similarities == pytest.approx({row + 1: float(vectors[row] @ asked) for row in range(N)}, abs=1e-3)


def test_words_rank_and_do_not_judge(pictures: Collection) -> None:
    answer = pictures.search("shows:red")
    assert not answer.judged and answer.n_found is None and answer.note.startswith("Ranked, not judged")
    assert pictures.search("text:red").judged and pictures.search("text:red").n_found == 1
    assert answer.pictures == ()


def test_the_evidence_names_the_words_and_both_places(pictures: Collection) -> None:
    first, second, *_ = pictures.search("red", k=2)
    assert [(one.term, one.space) for one in first.evidence] == [("red", "picture"), ("red", "metadata")]
    assert first.evidence[1].text == "name: red boat.png" or "red boat" in (first.evidence[1].text or "")
    assert [(one.term, one.space) for one in second.evidence] == [("red", "picture")]
    assert second.evidence[0].similarity == pytest.approx(1, abs=0.1)
    assert [one.term for one in pictures.search("shows:red", k=1)[0].evidence] == ["shows:red"]


def id_of(pictures: Collection, name: str) -> int:
    return next(item.id for item in pictures.items() if item.paths[0].name == name)


def test_a_picture_and_words_find_what_both_ask_for(pictures: Collection) -> None:
    green, yellow = image(id_of(pictures, "p1.png")), words("yellow")
    assert {colour_of(name) for name in names(pictures, green)[:PER_COLOUR]} == {"green"}
    assert {colour_of(name) for name in names(pictures, yellow)[:PER_COLOUR]} == {"yellow"}
    both = names(pictures, green & yellow)
    assert {colour_of(name) for name in both[:2]} == {"lime"} and "p1.png" not in both


def test_weights_shift_a_mixture_and_not_turns_it_away(pictures: Collection) -> None:
    green = id_of(pictures, "p1.png")
    assert {colour_of(name) for name in names(pictures, 50 * words("red", only="look") & image(green))[:4]} == {"red"}
    away = names(pictures, f"#{green} -shows:yellow")
    assert colour_of(away[0]) != "yellow" and away.index("blorp.png") < min(
        place for place, name in enumerate(away) if colour_of(name) == "yellow"
    )


def test_a_picture_that_is_called_so_does_not_fall_behind_those_that_show_it(pictures: Collection) -> None:
    query = image(id_of(pictures, "p2.png")) & words("red")
    found = names(pictures, query)
    looked = names(pictures, query.children[0] & words("red", only="look"))  # type: ignore[attr-defined]
    assert found.index("red boat.png") < looked.index("red boat.png")
    assert found[0] == "red boat.png"


def test_words_exclude_what_is_called_so(pictures: Collection) -> None:
    assert "red boat.png" not in names(pictures, "blue -red")
    without = names(pictures, "-red")
    assert len(without) == N - 1 and "red boat.png" not in without
    with pytest.raises(BadQuery, match="nothing to stand on"):
        pictures.search("-shows:red")


def test_filters_hold_beside_words(pictures: Collection, folder: Path) -> None:
    assert names(pictures, words("red") & where(folder="nowhere")) == []
    narrowed = names(pictures, "red text:boat")
    assert narrowed == ["red boat.png"]
    assert set(names(pictures, "text:boat | shows:green")) >= {"red boat.png", "p1.png"}


def test_unknown_words_are_looked_for_in_names_alone(pictures: Collection) -> None:
    assert names(pictures, "blorp") == ["blorp.png"]
    assert pictures.search("blorp").judged


def test_words_that_nobody_knows_are_answered_with_the_remedy(pictures: Collection) -> None:
    answer = pictures.search("snark")
    assert not answer and answer.note == (
        "the network colours knows none of the words 'snark': write them in another way, or in a language that it was "
        "trained on"
    )
    with pytest.raises(UnknownWords, match="'snark'"):
        pictures.search("shows:snark")


def test_an_album_or_a_list_of_words_holds_what_a_search_finds(pictures: Collection) -> None:
    listed = [item.paths[0].name for item in pictures.items("red", k=4)]
    assert listed == names(pictures, "red", k=4)
    assert [item.paths[0].name for item in pictures.items("text:red")] == ["red boat.png"]


@pytest.mark.parametrize("between", ["\N{EN DASH}", "\N{BULLET}", "\N{MOUNTAIN}\N{VARIATION SELECTOR-16}"])
def test_signs_between_words_are_passed_over_and_alone_find_nothing(
    collection: Collection, tmp_path: Path, between: str
) -> None:
    paint(tmp_path / "trips" / f"Paris {between} Rome.png", COLOURS["red"], 1)
    paint(tmp_path / "trips" / "Paris.png", COLOURS["blue"], 2)
    collection.add(tmp_path / "trips")
    assert names(collection, f"text:(paris {between} rome)") == [f"Paris {between} Rome.png"]
    assert names(collection, f"text:{between}") == []


def test_a_gallery_is_narrowed_by_names_alone(pictures: Collection) -> None:
    assert pictures.gallery(query="red").total == 1
    with pytest.raises(BadQuery, match="narrowed by filters and words alone"):
        pictures.gallery(query="shows:red")


def test_pages_of_words_are_parts_of_one_answer(pictures: Collection) -> None:
    whole = [hit.id for hit in pictures.search("yellow", k=12)]
    assert [hit.id for start in (0, 4, 8) for hit in pictures.search("yellow", k=4, start=start)] == whole


def test_names_answer_still_when_the_network_is_gone(
    pictures: Collection, tmp_path: Path, models: Path, folder: Path
) -> None:
    place = tmp_path / "c"
    with Collection(place, settings=Settings(workers=1, models=models, model="colours")) as made:
        made.add(folder / "red boat.png")
    with Collection(place, settings=Settings(workers=1, models=tmp_path / "none", model=None)) as bereft:
        assert names(bereft, "boat") == ["red boat.png"]
        assert not bereft.search("snark")
        with pytest.raises(ModelNotFound, match="is not installed"):
            bereft.search("shows:boat")


def test_a_collection_described_without_words_asks_names_as_ever(tmp_path: Path, folder: Path, fast: Settings) -> None:
    with Collection(tmp_path / "c", settings=fast.model_copy(update={"model": "classics"})) as plain:
        plain.add(folder / "red boat.png", folder / "p0.png")
        answer = plain.search("red")
        assert [hit.path.name for hit in answer if hit.path] == ["red boat.png"]
        assert answer.judged and answer.n_found == 1 and answer.note == ""
        assert plain.search("snark").note.startswith("Nothing found: no picture fulfils the filters")
        for ask in (lambda: plain.search("shows:red"), lambda: plain.label(["red", "blue"])):
            with pytest.raises(BadQuery, match=r"described without words, .*; ask names and metadata"):
                ask()


def test_an_empty_collection_answers_words_with_nothing(tmp_path: Path, models: Path) -> None:
    with Collection(tmp_path / "c", settings=Settings(workers=1, models=models, model="colours")) as empty:
        assert not empty.search("red")
        with pytest.raises(BadQuery, match="no space picture"):
            empty.search("shows:red")


def test_labels_say_what_each_picture_shows(pictures: Collection) -> None:
    found = pictures.label(list(COLOURS))
    colours = {item.id: colour_of(item.paths[0].name) for item in pictures.items()}
    labels = {item_id: found.labels[place] for item_id, place in zip(found.ids.tolist(), found.best, strict=True)}
    assert labels.keys() == colours.keys()
    assert [item_id for item_id in colours if labels[item_id] != colours[item_id]] == [
        item_id for item_id in colours if colours[item_id] == "lime"
    ]
    assert ((found.scores > 0.25) & (found.scores <= 1)).all() and (found.margins >= 0).all()
    assert set(found.ids_of("red", margin=0.3)) == {item_id for item_id in colours if colours[item_id] == "red"}


def test_labels_are_those_of_a_naive_loop(pictures: Collection) -> None:
    labels, templates = ["red", "green boat", "blue"], ["a photo of the {}", "{}"]
    found = pictures.label(labels, templates=templates)
    describer = pictures._spaces.describers()["picture"]
    view = pictures._spaces.view("picture")
    classes = []
    for label in labels:
        sentences = describer.describe_texts([one.replace("{}", label) for one in templates])  # type: ignore[attr-defined]
        mean = sentences.mean(axis=0)
        classes.append(mean / np.linalg.norm(mean))
    with pictures._store.engine.connect() as connection:
        rows, owners = view.rows_of(connection, found.ids.tolist())
    for row, owner in zip(rows, owners, strict=True):
        similarities = [float(view.vectors(np.array([row]))[0] @ one) for one in classes]
        shares = np.exp(100 * (np.array(similarities) - max(similarities)))
        place = found.ids.tolist().index(owner)
        first, second = sorted(similarities, reverse=True)[:2]
        assert found.best[place] == int(np.argmax(similarities))
        assert found.scores[place] == pytest.approx(1 / shares.sum(), abs=1e-3)
        assert found.margins[place] == pytest.approx(first - second, abs=1e-4)


def test_labels_of_some_pictures_come_in_their_order(pictures: Collection) -> None:
    ids = [item.id for item in pictures.items()][5:2:-1]
    assert pictures.label(["red", "blue"], items=ids).ids.tolist() == ids
    assert len(pictures.label(["red", "blue"], query="text:boat")) == 1
    assert len(pictures.label(["red", "blue"], items=[10**9])) == 0
    assert pictures.label(["red", "blue"], query="shows:red", k=3).ids_of("red", margin=0.1)


def test_the_surest_stand_first_and_a_margin_leaves_out_the_others(pictures: Collection) -> None:
    found = pictures.label(["red", "yellow"])
    margins = dict(zip(found.ids.tolist(), found.margins.tolist(), strict=True))
    ranked = found.ids_of("red")
    assert [margins[item_id] for item_id in ranked] == sorted((margins[item_id] for item_id in ranked), reverse=True)
    assert found.ids_of("red", margin=3) == []
    with pytest.raises(BadQuery, match="'pink' is none of the labels red, yellow"):
        found.ids_of("pink")


@pytest.mark.parametrize(
    ("labels", "templates", "sentence"),
    [
        (["red"], None, "labels are 2 to 1000 different words"),
        (["red", "red"], None, "different words"),
        (["red", " "], None, "a label is a text that is not empty"),
        (["red", "blue"], ["a photo"], "sentences with {} where the label goes"),
        (["red", "blue"], [], "1 to 100 sentences"),
        (["red", "a\nb"], None, "control characters"),
    ],
)
def test_labels_that_cannot_be_are_refused(
    pictures: Collection, labels: list[str], templates: list[str] | None, sentence: str
) -> None:
    with pytest.raises(BadQuery, match=sentence):
        pictures.label(labels, templates=templates)


def test_a_label_that_nobody_knows_is_told(pictures: Collection) -> None:
    with pytest.raises(UnknownWords, match="'snark'"):
        pictures.label(["red", "snark"], templates=["{}"])


def test_a_label_with_braces_is_taken_as_it_is(pictures: Collection) -> None:
    found = pictures.label(["red {0.__class__}", "blue"])
    assert found.labels == ("red {0.__class__}", "blue")


def test_the_bundled_network_finds_what_its_words_name(tmp_path: Path, folder: Path, fast: Settings) -> None:
    with Collection(tmp_path / "c", settings=fast) as photos:
        photos.add(folder)
        assert {"dog", "castle"} <= set(photos.words())
        assert len(photos.search("shows:castle", k=3)) == 3
        with pytest.raises(UnknownWords, match="'snark' among its"):
            photos.search("shows:snark")


def test_a_network_for_free_words_lists_none(pictures: Collection) -> None:
    assert pictures.words() == ()
