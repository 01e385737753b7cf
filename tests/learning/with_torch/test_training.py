"""A tiny network learns, and comes out the same when it was stopped on the way."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lookalike.errors import BadRecipe, LookalikeError
from lookalike.learning.augment import render, whole_views
from lookalike.learning.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from lookalike.learning.corpus import Corpus, read_corpus
from lookalike.learning.curve import Point, read_curve
from lookalike.learning.network import as_input
from lookalike.learning.provenance import provenance_of, read_provenance
from lookalike.learning.recipe import Recipe, Twins
from lookalike.learning.training import BEFORE, Training


def test_the_loss_falls_and_like_finds_like(trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    beginner = Training(replace(recipe, n_samples=32), corpus, tmp_path)
    beginner.run(lambda point, step: None)
    (first,), (last,) = read_curve(beginner.folder), read_curve(trained.folder)
    assert (first.step, last.step) == (2, 260)
    assert last.loss < 0.8 * first.loss
    assert last.mean_average_precision > first.mean_average_precision + 0.1


def test_a_training_leaves_its_curve_as_a_picture_and_its_provenance(
    trained: Training, recipe: Recipe, corpus: Corpus
) -> None:
    assert (trained.folder / "curve.svg").read_text().startswith("<svg")
    assert read_provenance(trained.folder) == provenance_of(corpus, recipe)


def test_stopped_and_gone_on_with_it_comes_out_the_same_bit_by_bit(
    trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path
) -> None:
    told: list[int] = []

    def stop(point: Point | None, step: int) -> None:
        told.append(step)
        if step == 255:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Training(recipe, corpus, tmp_path).run(stop)
    again = Training(recipe, corpus, tmp_path)
    assert again.step == 250
    again.run(lambda point, step: told.append(step))
    assert told == [*range(1, 256), *range(251, 261)]
    ours, due = read_checkpoint(tmp_path, recipe), read_checkpoint(trained.folder, recipe)
    assert ours.step == due.step == 260
    assert ours.tensors.keys() == due.tensors.keys()
    for name, tensor in due.tensors.items():
        assert torch.equal(ours.tensors[name], tensor), name


def test_a_finished_training_has_nothing_left_to_do(trained: Training, recipe: Recipe, corpus: Corpus) -> None:
    told: list[int] = []
    Training(recipe, corpus, trained.folder).run(lambda point, step: told.append(step))
    assert told == []


def test_vectors_are_unit_and_those_of_the_averaged_network(trained: Training, corpus: Corpus) -> None:
    rows = np.arange(20)
    vectors = trained.describe(rows)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    images = render(corpus, whole_views(corpus, rows), 40)
    with torch.no_grad():
        np.testing.assert_allclose(trained.average(as_input(images)).numpy(), vectors, atol=1e-5)


def test_the_average_follows_the_weights(recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    training = Training(replace(recipe, n_samples=16, warm_up=0.0), corpus, tmp_path)
    before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
    training.run(lambda point, step: None)
    for name, now in training.network.state_dict().items():
        due = 0.1 * before[name] + 0.9 * now if now.dtype.is_floating_point else now
        torch.testing.assert_close(training.average.state_dict()[name], due)


def test_the_checkpoint_of_another_recipe_is_refused(trained: Training, recipe: Recipe, corpus: Corpus) -> None:
    with pytest.raises(BadRecipe, match="checkpoint of another recipe"):
        Training(replace(recipe, learning_rate=0.2), corpus, trained.folder)


def test_what_a_recipe_says_about_its_pictures_can_change(trained: Training, recipe: Recipe, corpus: Corpus) -> None:
    sources = {name: replace(source, about="otherwise") for name, source in recipe.sources.items()}
    assert Training(replace(recipe, sources=sources), corpus, trained.folder).step == 260


def test_the_checkpoint_of_other_pictures_is_refused(
    trained: Training, recipe: Recipe, index: Path, tmp_path: Path
) -> None:
    lines = index.read_text().splitlines(keepends=True)
    for name in ("a.tar", "b.tar"):
        (tmp_path / name).symlink_to(index.parent / name)
    for text, reason in (
        ("".join(line for line in lines if "brick" not in line), "a checkpoint of other pictures"),
        ("".join(lines[:-3]), "begun with other pictures"),
    ):
        (tmp_path / "index.csv").write_text(text)
        other = read_corpus(tmp_path / "index.csv", recipe, tmp_path / "cache")
        with pytest.raises(BadRecipe, match=reason):
            Training(recipe, other, trained.folder)


@pytest.mark.parametrize("n_bytes", [0, 5, 1000, -1])
def test_a_damaged_checkpoint_is_said_in_a_sentence(
    n_bytes: int, trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / CHECKPOINT).write_bytes((trained.folder / CHECKPOINT).read_bytes()[:n_bytes])
    with pytest.raises(BadRecipe, match="is damaged"):
        Training(recipe, corpus, tmp_path)


def test_a_folder_without_a_checkpoint_is_said_in_a_sentence(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="train there first"):
        read_checkpoint(tmp_path, recipe)


def test_what_fails_while_batches_are_made_ends_the_training(recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    training = Training(recipe, replace(corpus, sizes=corpus.sizes[:100]), tmp_path)
    with pytest.raises(IndexError):
        training.run(lambda point, step: None)
    assert training.step < 10


def test_a_loss_beyond_all_numbers_ends_the_training(recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    training = Training(replace(recipe, scale=1e38, smoothing=0.9), corpus, tmp_path)
    with pytest.raises(BadRecipe, match="lower learning_rate"):
        training.run(lambda point, step: None)
    assert not (tmp_path / CHECKPOINT).exists()


def with_twins(recipe: Recipe) -> Recipe:
    twins = Twins(share=0.25, contrast=0.5, drawn={"forms": 0.5}, cut_out={"colours": 1.0})
    return replace(recipe, n_samples=20 * 16, twins=twins, before=recipe)


def test_a_training_begins_with_what_was_trained_before(
    trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / BEFORE).symlink_to(trained.folder)
    rows = np.arange(len(corpus))
    begun = Training(with_twins(recipe), corpus, tmp_path)
    np.testing.assert_array_equal(begun.describe(rows), trained.describe(rows))
    assert begun.step == 0
    begun.run(lambda point, step: None)
    assert read_curve(tmp_path)[-1].mean_average_precision > 0.5
    assert (begun.describe(rows) != trained.describe(rows)).any()
    assert Training(with_twins(recipe), corpus, tmp_path).step == 20  # goes on with its own checkpoint from then on


def test_what_comes_before_must_be_done(recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="train there first"):
        Training(with_twins(recipe), corpus, tmp_path)

    def stop(point: Point | None, step: int) -> None:
        if step == 250:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Training(recipe, corpus, tmp_path / BEFORE).run(stop)
    with pytest.raises(BadRecipe, match="not trained to its end"):
        Training(with_twins(recipe), corpus, tmp_path)


def test_what_comes_before_has_the_same_labels(
    trained: Training, recipe: Recipe, index: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / BEFORE).symlink_to(trained.folder)
    fewer = with_twins(recipe)
    fewer = replace(fewer, sources={**fewer.sources, "colours": replace(fewer.sources["colours"], leave_out=("sky",))})
    corpus = read_corpus(index, fewer, tmp_path_factory.mktemp("cache"))
    with pytest.raises(BadRecipe, match="other labels"):
        Training(fewer, corpus, tmp_path)


def test_twins_show_the_first_pictures_of_a_batch_again(
    trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path
) -> None:
    (tmp_path / BEFORE).symlink_to(trained.folder)
    rows, images = next(Training(with_twins(recipe), corpus, tmp_path)._batches())
    np.testing.assert_array_equal(rows[-4:], rows[:4])
    assert (images[-4:] != images[:4]).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("head", ["a.b", "type", "training", "kinds of things"])
def test_a_head_may_have_any_name(head: str, recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    sources = {name: replace(source, head=head) for name, source in recipe.sources.items()}
    named = replace(recipe, sources=sources, n_samples=16)
    there = replace(corpus, heads={head: ("brick", "leaf", "sky", "bars", "dots")})
    Training(named, there, tmp_path).run(lambda point, step: None)
    assert Training(named, there, tmp_path).step == 1
    assert f"heads.{head}.proxies" in read_checkpoint(tmp_path, named).tensors


@pytest.mark.parametrize("step", [-1, 261])
def test_a_checkpoint_of_a_batch_that_there_is_not_is_said_in_a_sentence(
    step: int, trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path
) -> None:
    write_checkpoint(tmp_path, replace(read_checkpoint(trained.folder, recipe), step=step))
    with pytest.raises(BadRecipe, match=f"is damaged .*batch {step} of 260"):
        Training(recipe, corpus, tmp_path)


def test_a_checkpoint_of_other_types_is_refused(
    trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path
) -> None:
    whole = read_checkpoint(trained.folder, recipe)
    tensors = {name: tensor.to(torch.int8) for name, tensor in whole.tensors.items()}
    write_checkpoint(tmp_path, replace(whole, tensors=tensors))
    with pytest.raises(BadRecipe, match="checkpoint of other pictures"):
        Training(recipe, corpus, tmp_path)


def test_what_comes_before_is_whole(trained: Training, recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    whole = read_checkpoint(trained.folder, recipe)
    (tmp_path / BEFORE).mkdir()
    heads = {name: tensor for name, tensor in whole.tensors.items() if name.startswith("heads")}
    write_checkpoint(tmp_path / BEFORE, replace(whole, tensors=heads))
    with pytest.raises(BadRecipe, match="does not fit its recipe"):
        Training(with_twins(recipe), corpus, tmp_path)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    trained: Training, recipe: Recipe, tmp_path: Path
) -> None:
    whole = read_checkpoint(trained.folder, recipe)
    write_checkpoint(tmp_path, whole)
    with pytest.raises(LookalikeError, match="make room, and run the same command again"):
        write_checkpoint(tmp_path / "nowhere", whole)
    assert read_checkpoint(tmp_path, recipe).step == 260


def test_a_damaged_curve_is_said_before_the_training(recipe: Recipe, corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "curve.jsonl").write_text("{")
    with pytest.raises(BadRecipe, match="is damaged"):
        Training(recipe, corpus, tmp_path)
