"""Codes beside the vectors: of every row, the same from every path that writes, made again from the vectors alone."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from lookalike.codes.coder import Coder, read_coder, save_coder
from lookalike.codes.lsh import lsh_coder
from lookalike.codes.packing import as_words
from lookalike.collection import Collection
from lookalike.collection import codes as collection_codes
from lookalike.collection.recode import fill_codes, forget_codes
from lookalike.errors import BadQuery, CollectionDamaged
from lookalike.ranking.chance import evenly
from lookalike.settings import Settings
from lookalike.types import Describer
from tests.collection.conftest import invent

SPACES = ("colour", "picture", "shape", "texture")
N = 5


@pytest.fixture
def few(collection: Collection, folder: Path, draw) -> Collection:
    """A collection of five pictures."""
    for seed in range(N):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    return collection


def expected(pictures: Collection, space: str, coder: Coder | None = None) -> np.ndarray:
    """Return the codes (N, 4) that the stored vectors of a space have."""
    view = pictures._spaces.view(space)
    used = view.coder if coder is None else coder
    assert used is not None
    return as_words(used.encode(view.vectors(np.arange(view.space.n_rows))))


def stored(pictures: Collection, space: str) -> np.ndarray:
    codes = pictures._spaces.view(space).codes
    assert codes is not None
    return np.concatenate([np.zeros((0, 4), np.uint64), *codes])


@pytest.mark.parametrize("space", SPACES)
def test_every_vector_has_the_code_of_what_is_stored(few: Collection, space: str) -> None:
    codes = stored(few, space)
    assert codes.shape == (N, 4)
    assert codes.dtype == np.uint64
    assert np.array_equal(codes, expected(few, space))


def test_a_space_without_pictures_has_codes_of_none(collection: Collection, folder: Path) -> None:
    collection.add(folder)
    assert stored(collection, "colour").shape == (0, 4)
    assert collection.codes("colour").agreement is None


def test_pictures_that_come_later_get_their_codes_behind_the_others(
    few: Collection, folder: Path, draw, fast: Settings
) -> None:
    before = stored(few, "colour")
    draw(folder / "later.png", 77)
    with Collection(few.folder, settings=fast) as other:
        other.add(folder)
        assert np.array_equal(stored(other, "colour"), expected(other, "colour"))
    assert np.array_equal(stored(few, "colour")[:N], before)


def test_damaged_codes_are_told_never_used_and_made_again_without_the_originals(
    few: Collection, folder: Path, fast: Settings
) -> None:
    before = stored(few, "colour").copy()
    segment = few.folder / "spaces" / "colour" / "codes" / "00000.u64"
    few.close()
    content = bytearray(segment.read_bytes())
    content[7] ^= 4
    segment.write_bytes(content)
    for path in folder.iterdir():
        path.unlink()
    with Collection(few.folder, settings=fast) as pictures:
        assert pictures.verify().problems == ("space colour: the codes of rows 0 to 4 are not what was written",)
        assert pictures._spaces.view("colour").codes is None
        assert len(pictures.search("#1@colour", k=N, cutoff=0)) == N - 1
        with pytest.raises(CollectionDamaged, match="blocks of codes in the space colour"):
            pictures.backup(few.folder.parent / "copy")
        report = pictures.repair()
        assert (report.coded, report.described, report.lost) == (N, 0, [])
        assert np.array_equal(stored(pictures, "colour"), before)
        assert pictures.verify().problems == ()


def test_vectors_that_are_mended_have_their_codes_again(few: Collection, fast: Settings) -> None:
    before = stored(few, "shape").copy()
    few.close()
    segment = few.folder / "spaces" / "shape" / "vectors" / "00000.f16"
    segment.write_bytes(bytes(segment.stat().st_size))
    with Collection(few.folder, settings=fast) as pictures:
        report = pictures.repair()
        assert (report.described, report.coded) == (N, N)
        assert np.array_equal(stored(pictures, "shape"), before)


class Recoded:
    """The colour describer, with a coder of its own."""

    def __init__(self, describer: Describer) -> None:
        self.name, self.version = describer.name, describer.version
        self.size, self.n_dims = describer.size, describer.n_dims
        self.describe = describer.describe
        self.coder = lsh_coder(describer.n_dims, seed=8)


def test_another_coder_of_the_describer_makes_all_codes_anew_and_no_vector(
    few: Collection, fast: Settings, folder: Path, draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, vectors = stored(few, "colour"), few._spaces.view("colour").vectors(np.arange(N))
    reader = few._spaces.view("colour")
    recoded = Recoded(reader.describer)
    with Collection(few.folder, settings=fast) as pictures:
        monkeypatch.setitem(pictures._spaces._classical, "colour", recoded)
        monkeypatch.setattr(pictures._spaces, "_classics", lambda: {**few._spaces._classics(), "colour": recoded})
        assert pictures._spaces.view("colour").codes is None
        assert pictures.is_renewal_due()
        draw(folder / "later.png", 77)
        pictures.add(folder)
        report = pictures.renew()
        assert (report.coded, report.described) == (N + 1, 0)
        assert np.array_equal(stored(pictures, "colour"), expected(pictures, "colour", recoded.coder))
        assert not np.array_equal(stored(pictures, "colour")[:N], before)
        assert np.array_equal(pictures._spaces.view("colour").vectors(np.arange(N)), vectors)
        assert not pictures.is_renewal_due()
        assert pictures.verify().problems == ()
    assert np.array_equal(reader.codes[0], before)  # mapped before: nobody takes them from a reader


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, fast: Settings) -> Path:
    """The directory of a collection of 400 invented pictures."""
    place = tmp_path_factory.mktemp("many") / "c"
    with Collection(place, settings=fast) as pictures:
        invent(pictures, 400)
    return place


def test_a_coder_trained_on_the_collection_agrees_better_and_is_kept(many: Path, fast: Settings) -> None:
    told = []
    with Collection(many, settings=fast) as pictures:
        before = pictures.codes("texture")
        assert (before.method, before.codes, before.n_bits) == ("lsh", 400, 256)
        after = pictures.train_codes("texture", progress=told.append)
        assert after.version != before.version
        assert after.codes == 400
        assert before.agreement is not None
        assert after.agreement is not None
        assert after.agreement >= before.agreement
        assert told[-1].done == told[-1].total
        [space] = [space for space in pictures._store.spaces() if space.name == "texture"]
        coder = read_coder(pictures._store.folder_of(space) / "coder.npz")
        assert coder.order is not None
        assert coder.order.groups.shape == (4, 16)
        assert np.array_equal(stored(pictures, "texture"), expected(pictures, "texture", coder))
    with Collection(many, settings=fast) as pictures:
        assert pictures.codes("texture") == after
        assert not pictures.is_renewal_due()
        pictures.remove([3])
        assert pictures.codes("texture").version == after.version
        assert pictures._spaces.view("texture").codes is not None
    (many / "spaces" / "texture.1" / "coder.npz").write_bytes(b"no coder")
    with Collection(many, settings=fast) as pictures:
        assert "space texture: its coder.npz is damaged" in pictures.verify().problems
        assert pictures._spaces.view("texture").codes is None


def test_a_coder_is_not_trained_on_a_handful(few: Collection) -> None:
    with pytest.raises(BadQuery, match="holds 5 vectors and training takes 256; add more"):
        few.train_codes("colour")


@pytest.fixture
def halved(collection: Collection) -> Collection:
    """A collection of 300 invented pictures, which had 600."""
    invent(collection, 600)
    collection.remove(range(1, 301))
    return collection


def test_agreement_counts_the_nearest_that_the_codes_find_among_what_was_not_removed(halved: Collection) -> None:
    view = halved._spaces.view("colour")
    vectors, codes = view.vectors(np.arange(300, 600)), stored(halved, "colour")[300:]
    shares = []
    for row in evenly(300, 200):
        others = np.delete(np.arange(300), row)
        nearest = others[np.argsort(-(vectors[others] @ vectors[row]), kind="stable")][:10]
        distances = np.bitwise_count(codes[others] ^ codes[row]).sum(axis=1)
        shares.append(np.isin(nearest, others[np.argsort(distances, kind="stable")][:100]).mean())
    assert np.mean(shares) < 1
    report = halved.codes("colour")
    assert report.agreement == pytest.approx(np.mean(shares), abs=1e-3)
    assert (report.vectors, report.codes) == (300, 300)


def test_a_coder_is_trained_on_what_was_not_removed(halved: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_codes, "MAX_VECTORS", 400)
    trained_on = collection_codes._spread(halved._spaces.view("colour"))
    assert len(trained_on) == 300
    assert trained_on.any(axis=1).all()


@pytest.mark.parametrize("statement", ["DELETE FROM blocks", "SELECT spaces"])
def test_whoever_is_killed_while_codes_are_made_anew_leaves_facts_that_come_true(
    few: Collection, fast: Settings, statement: str
) -> None:
    """The second statement is the first that follows when the old codes are forgotten."""
    folder = few._store.folder_of(few._spaces.find("colour"))
    coder = lsh_coder(few._spaces.find("colour").n_dims, seed=8)
    save_coder(folder / "coder.npz", coder)
    seen: list[str] = []

    def interrupt(*arguments: object) -> None:
        seen.append(str(arguments[2]))
        is_forgotten = any(each.startswith("UPDATE spaces SET coder") for each in seen)
        if seen[-1].startswith(statement) and (is_forgotten or statement.startswith("DELETE")):
            raise KeyboardInterrupt

    event.listen(few._store.engine, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        few.renew()
    event.remove(few._store.engine, "before_cursor_execute", interrupt)
    with Collection(few.folder, settings=fast) as pictures:
        pictures.renew()
        assert pictures._spaces.find("colour").coder == coder.version
        assert json.loads((folder / "space.json").read_text())["coder"]["version"] == coder.version
        assert np.array_equal(stored(pictures, "colour"), expected(pictures, "colour", coder))


def test_a_picture_that_is_removed_while_codes_are_made_is_no_damage(few: Collection, fast: Settings) -> None:
    store, space = few._store, few._spaces.find("colour")
    with store.writing():
        forget_codes(store, space)
    space = few._spaces.find("colour")
    removed: list[int] = []

    def remove(*arguments: object) -> None:
        if str(arguments[2]).startswith("SELECT blocks") and not removed:
            with Collection(few.folder, settings=fast) as other:
                removed.append(other.remove([2]))

    event.listen(store.engine, "before_cursor_execute", remove)
    assert fill_codes(store, space, few._spaces.describer(space), store.writing) == N
    assert removed == [1]
    assert few.verify().problems == ()


Using = Callable[..., Settings]


def test_a_new_generation_has_codes_as_it_grows(few: Collection, using: Using) -> None:
    with Collection(few.folder, settings=using("left")) as pictures:
        pictures.renew()
        assert pictures._spaces.view("picture").space.generation == 2
        assert np.array_equal(stored(pictures, "picture"), expected(pictures, "picture"))
