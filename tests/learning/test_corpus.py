"""Pictures from shards, and what is said of damaged ones."""

import csv
import io
import os
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import BadRecipe, CollectionBusy
from lookalike.learning.corpus import Corpus, read_corpus
from lookalike.learning.provenance import provenance_of, read_provenance, write_provenance
from lookalike.learning.recipe import Recipe


@pytest.fixture
def copy(index: Path, tmp_path: Path) -> Path:
    """An index of its own, to be damaged."""
    shutil.copytree(index.parent, tmp_path / "copy")
    return tmp_path / "copy" / "index.csv"


def test_every_picture_has_its_label(corpus: Corpus) -> None:
    assert len(corpus) == 7 * 16
    assert corpus.heads == {"colours": ("brick", "leaf", "sky"), "forms": ("bars", "dots")}
    greens = [n for n in range(48) if corpus.heads["colours"][corpus.labels[n]] == "leaf"]
    assert len(greens) == 16
    for n in greens:
        assert corpus.sources[n] == "colours"
        np.testing.assert_allclose(corpus.image(n).mean(axis=(0, 1)), (40, 160, 60), atol=3)


def test_what_is_decoded_is_not_decoded_again(index: Path, recipe: Recipe, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    first = read_corpus(index, recipe, tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(n, 112) for n in range(1, 113)]
    second = read_corpus(index, recipe, tmp_path, lambda done, total: told.append((done, total)))
    assert len(told) == 112
    np.testing.assert_array_equal(first.image(100), second.image(100))


def test_decoding_that_was_stopped_begins_again(index: Path, recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_corpus(index, recipe, tmp_path, stop)
    np.testing.assert_array_equal(read_corpus(index, recipe, tmp_path).image(111), corpus.image(111))


def test_labels_can_be_left_out(index: Path, recipe: Recipe, tmp_path: Path) -> None:
    sources = {**recipe.sources, "forms": replace(recipe.sources["forms"], leave_out=("dots",))}
    corpus = read_corpus(index, replace(recipe, sources=sources), tmp_path)
    assert corpus.heads["forms"] == ("bars",)
    assert len(corpus) == 5 * 16


def test_some_pictures_of_each_source_are_kept_aside_always_the_same(corpus: Corpus, recipe: Recipe) -> None:
    provenance = provenance_of(corpus, recipe)
    assert {name: source.n_kept_aside for name, source in provenance.sources.items()} == {"colours": 7, "forms": 14}
    assert sum(sum(labels.values()) for labels in provenance.heads.values()) == (~corpus.is_kept_aside).sum()


def test_the_provenance_is_read_as_it_was_written(corpus: Corpus, recipe: Recipe, tmp_path: Path) -> None:
    provenance = provenance_of(corpus, recipe)
    write_provenance(provenance, tmp_path, is_begun=True)
    assert read_provenance(tmp_path) == provenance
    other = replace(provenance, heads={"colours": {"leaf": 3}})
    with pytest.raises(BadRecipe, match="begun with other pictures"):
        write_provenance(other, tmp_path, is_begun=True)
    write_provenance(other, tmp_path, is_begun=False)
    assert read_provenance(tmp_path) == other


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, '{"sources": {"a": 3}, "heads": {}}', '{"sources": {}, "heads": {"a": 3}}']
)
def test_a_damaged_provenance_is_said_in_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "provenance.json").write_text(text)
    with pytest.raises(BadRecipe, match="run the training again"):
        read_provenance(tmp_path)


def rewritten(index: Path, **changes: str) -> None:
    """Change columns of the last row; give none to leave the header alone."""
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[-1].update(changes)
    with index.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows if changes else [])


def test_a_missing_index_is_said_in_a_sentence(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="name the CSV file that lists the pictures"):
        read_corpus(tmp_path / "index.csv", recipe, tmp_path / "cache")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "lists no pictures"),
        ({"label": ""}, "says too little of picture 112"),
        ({"path": "nowhere.png"}, r"nowhere.png in .*b.tar cannot be read"),
        ({"shard": "c.tar"}, r"c.tar cannot be read"),
        ({"shard": "index.csv"}, r"index.csv cannot be read"),
    ],
)
def test_a_damaged_index_is_said_in_a_sentence(changes: dict, reason: str, copy: Path, recipe: Recipe) -> None:
    rewritten(copy, **changes)
    with pytest.raises(BadRecipe, match=reason):
        read_corpus(copy, recipe, copy.parent / "cache")


def test_a_damaged_picture_is_said_in_a_sentence(copy: Path, recipe: Recipe) -> None:
    shard = copy.parent / "b.tar"
    content = shard.read_bytes()
    shard.write_bytes(content.replace(b"\x89PNG", b"\x00PNG", 1))
    with pytest.raises(BadRecipe, match=r"forms/bars-thin/0.png in .*b.tar cannot be read"):
        read_corpus(copy, recipe, copy.parent / "cache")


def test_a_shard_that_ends_early_is_said_in_a_sentence(copy: Path, recipe: Recipe) -> None:
    shard = copy.parent / "b.tar"
    shard.write_bytes(shard.read_bytes()[:100_000])
    with pytest.raises(BadRecipe, match=r"b.tar cannot be read"):
        read_corpus(copy, recipe, copy.parent / "cache")


@pytest.mark.parametrize("suffix", [".npy", ".pixels"])
def test_a_damaged_cache_is_said_in_a_sentence(suffix: str, index: Path, recipe: Recipe, tmp_path: Path) -> None:
    read_corpus(index, recipe, tmp_path)
    (path,) = tmp_path.glob(f"*{suffix}")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadRecipe, match="is damaged"):
        read_corpus(index, recipe, tmp_path)


def test_a_source_without_pictures_is_said_in_a_sentence(index: Path, recipe: Recipe, tmp_path: Path) -> None:
    sources = {**recipe.sources, "more": recipe.sources["forms"]}
    with pytest.raises(BadRecipe, match="nothing to train on of the source 'more'"):
        read_corpus(index, replace(recipe, sources=sources), tmp_path)


def test_a_label_to_leave_out_that_does_not_exist_is_said_in_a_sentence(
    index: Path, recipe: Recipe, tmp_path: Path
) -> None:
    sources = {"colours": replace(recipe.sources["colours"], leave_out=("leaves",))}
    with pytest.raises(BadRecipe, match="no label 'leaves' of colours"):
        read_corpus(index, replace(recipe, sources=sources), tmp_path)


def test_a_provenance_that_cannot_be_written_leaves_the_one_before(
    corpus: Corpus, recipe: Recipe, tmp_path: Path
) -> None:
    provenance = provenance_of(corpus, recipe)
    write_provenance(provenance, tmp_path, is_begun=False)
    (tmp_path / "provenance.json.new").mkdir()
    with pytest.raises(IsADirectoryError):
        write_provenance(provenance, tmp_path, is_begun=True)
    assert read_provenance(tmp_path) == provenance


def test_an_index_may_begin_with_a_mark_of_its_encoding(copy: Path, recipe: Recipe, corpus: Corpus) -> None:
    copy.write_text(copy.read_text(), encoding="utf-8-sig")
    assert read_corpus(copy, recipe, copy.parent / "cache").heads == corpus.heads


def test_a_label_with_a_bare_comma_is_said_in_a_sentence(copy: Path, recipe: Recipe) -> None:
    copy.write_text(copy.read_text().replace("colours,leaf", "colours,leaf,and bough", 1))
    with pytest.raises(BadRecipe, match="'and bough' of picture 1 without a column"):
        read_corpus(copy, recipe, copy.parent / "cache")


def with_last(index: Path, content: bytes) -> None:
    """Put a picture into a shard of its own, as the last row of an index."""
    with tarfile.open(index.parent / "one.tar", "w") as shard:
        member = tarfile.TarInfo("one")
        member.size = len(content)
        shard.addfile(member, io.BytesIO(content))
    rewritten(index, shard="one.tar", path="one")


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def test_pictures_are_upright_and_on_white(copy: Path, recipe: Recipe) -> None:
    turned = Image.Exif()
    turned[274] = 6
    with_last(copy, encoded(Image.new("RGBA", (50, 40), (0, 0, 0, 0)), "PNG", exif=turned))
    image = read_corpus(copy, recipe, copy.parent / "cache").image(111)
    assert image.shape == (50, 40, 3)
    assert (image == 255).all()


def test_what_is_no_plain_picture_is_not_given_to_another_program(copy: Path, recipe: Recipe) -> None:
    with_last(copy, encoded(Image.new("RGB", (50, 40)), "EPS"))
    with pytest.raises(BadRecipe, match="cannot identify image file"):
        read_corpus(copy, recipe, copy.parent / "cache")


def test_a_link_to_itself_is_said_in_a_sentence(copy: Path, recipe: Recipe) -> None:
    with tarfile.open(copy.parent / "one.tar", "w") as shard:
        member = tarfile.TarInfo("one")
        member.type, member.linkname = tarfile.SYMTYPE, "one"
        shard.addfile(member)
    rewritten(copy, shard="one.tar", path="one")
    with pytest.raises(BadRecipe, match=r"one in .*one.tar cannot be read"):
        read_corpus(copy, recipe, copy.parent / "cache")


def test_pictures_of_a_changed_shard_are_decoded_anew(copy: Path, recipe: Recipe) -> None:
    with_last(copy, encoded(Image.new("RGB", (50, 40), "black"), "PNG"))
    assert read_corpus(copy, recipe, copy.parent / "cache").image(111).max() == 0
    with_last(copy, encoded(Image.new("RGB", (50, 40), "white"), "PNG"))
    os.utime(copy.parent / "one.tar", (1e9, 1e9))
    assert read_corpus(copy, recipe, copy.parent / "cache").image(111).min() == 255


def test_two_do_not_fill_one_cache_at_the_same_time(index: Path, recipe: Recipe, tmp_path: Path) -> None:
    def meanwhile(done: int, total: int) -> None:
        with pytest.raises(CollectionBusy, match="is being filled by process"):
            read_corpus(index, recipe, tmp_path)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_corpus(index, recipe, tmp_path, meanwhile)
