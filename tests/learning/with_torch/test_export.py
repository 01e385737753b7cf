"""What is exported computes what was trained, and opens like any network."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from lookalike.errors import BadModel, BadRecipe
from lookalike.learning.checkpoint import averaged, read_checkpoint, write_checkpoint
from lookalike.learning.corpus import Corpus
from lookalike.learning.export import Exported, compare, export
from lookalike.learning.network import as_input
from lookalike.learning.poolings.gem import gem
from lookalike.learning.training import Training
from lookalike.models import fit, open_network, open_session, read_model, verify_model

SIDE = 48


@pytest.fixture(scope="module")
def exported(trained: Training, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(trained.folder, tmp_path_factory.mktemp("exported") / "tiny", trained.recipe, SIDE)


def test_the_folder_is_that_of_a_network(exported: Exported) -> None:
    names = {path.name for path in exported.folder.iterdir()}
    documents = {"README.md", "curve.svg", "facts.json", "recipe.json", "preprocess_cfg.json", "lookalike.json"}
    assert names == {"model.onnx", "proxies.npz", *documents}
    model = read_model(exported.folder)
    assert verify_model(model) == []
    assert (model.n_dims, model.plug.output, model.preprocessing.size) == (8, "vector", (SIDE, SIDE))


def test_a_picture_gets_the_vector_that_training_gives(exported: Exported, trained: Training, corpus: Corpus) -> None:
    model = read_model(exported.folder)
    image = fit(corpus.image(60), model.preprocessing)
    with torch.no_grad():
        due = trained.average(as_input(np.stack([image]))).numpy()
    np.testing.assert_allclose(open_network(model).describe(image[None]), due, atol=1e-3)
    assert exported.largest_difference < 1e-3


def test_the_weights_and_the_last_map_lead_to_the_vector(exported: Exported, trained: Training) -> None:
    session = open_session(exported.folder / "model.onnx")
    pixels = np.random.default_rng(7).normal(size=(3, 3, 41, 64)).astype(np.float32)
    maps, early, weights = session.run(["map", "early_map", "weights"], {"pixels": pixels})
    assert (maps.shape, early.shape, weights.shape) == ((3, 12, 3, 4), (3, 8, 6, 8), (8, 12))
    p = json.loads((exported.folder / "facts.json").read_text())["gem_p"]
    network = trained.average
    with torch.no_grad():
        by_hand = gem(torch.from_numpy(maps), p) @ torch.from_numpy(weights).T
        due = network.from_last(network.norm_last(network.pool(network.maps(torch.from_numpy(pixels))[3])))
    shift = (due - by_hand).numpy()  # the bias, which is the same for all
    np.testing.assert_allclose(shift - shift[0], 0, atol=5e-3)


def test_weights_are_stored_in_half_precision(exported: Exported) -> None:
    n_parameters = json.loads((exported.folder / "facts.json").read_text())["n_parameters"]
    assert exported.n_bytes < 2 * n_parameters + 30_000


def test_every_label_that_was_trained_on_has_its_direction(exported: Exported, trained: Training) -> None:
    with np.load(exported.folder / "proxies.npz", allow_pickle=False) as arrays:
        assert arrays["forms.labels"].tolist() == ["bars", "dots"]
        assert arrays["colours.labels"].tolist() == ["brick", "leaf", "sky"]
        due = functional.normalize(trained.heads["colours"].proxies.detach(), dim=1)
        np.testing.assert_allclose(arrays["colours.proxies"], due, atol=1e-3)


def test_a_label_without_a_picture_has_none(trained: Training, tmp_path: Path) -> None:
    for path in trained.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    provenance["heads"]["colours"]["leaf"] = 0
    (tmp_path / "provenance.json").write_text(json.dumps(provenance))
    export(tmp_path, tmp_path / "network", trained.recipe, SIDE)
    with np.load(tmp_path / "network" / "proxies.npz", allow_pickle=False) as arrays:
        assert arrays["colours.labels"].tolist() == ["brick", "sky"]
        assert arrays["colours.proxies"].shape == (2, 8)


def test_the_side_is_a_fifth_over_the_last_phases_unless_it_is_said(trained: Training, tmp_path: Path) -> None:
    export(trained.folder, tmp_path, trained.recipe)
    assert read_model(tmp_path).preprocessing.size == (48, 48)


def test_a_card_says_what_the_recipe_says_about_its_sources(exported: Exported) -> None:
    assert "| forms | 50 | 14 | forms | 2 | bars and dots, drawn |" in (exported.folder / "README.md").read_text()


def test_the_training_of_another_recipe_is_refused(trained: Training, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="another recipe"):
        export(trained.folder, tmp_path, replace(trained.recipe, seed=8))
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_sees_too_little_is_refused(trained: Training, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="at least 32 pixels"):
        export(trained.folder, tmp_path, trained.recipe, 16)


def test_a_form_that_differs_is_refused(exported: Exported, trained: Training) -> None:
    network = averaged(read_checkpoint(trained.folder, trained.recipe))
    with torch.no_grad():
        network.from_last.bias[0] += 0.1
    with pytest.raises(BadModel, match="differs from the network by"):
        compare(network, exported.folder / "model.onnx", SIDE)


def test_numbers_that_are_no_numbers_are_refused_and_nothing_is_written(trained: Training, tmp_path: Path) -> None:
    checkpoint = read_checkpoint(trained.folder, trained.recipe)
    checkpoint.tensors["average.from_last.weight"][0, 0] = 1e9  # more than float16 holds
    (tmp_path / "provenance.json").write_bytes((trained.folder / "provenance.json").read_bytes())
    write_checkpoint(tmp_path, checkpoint)
    with pytest.raises(BadModel, match="differs from the network"):
        export(tmp_path, tmp_path / "network", trained.recipe, SIDE)
    assert list((tmp_path / "network").iterdir()) == []


@pytest.mark.parametrize("heads", ['{"x": {"y": 3}}', '{"colours": {"y": 3}, "forms": {"bars": 1, "dots": 1}}'])
def test_the_provenance_of_other_labels_is_refused_and_nothing_is_written(
    heads: str, trained: Training, tmp_path: Path
) -> None:
    write_checkpoint(tmp_path, read_checkpoint(trained.folder, trained.recipe))
    (tmp_path / "provenance.json").write_text(f'{{"sources": {{}}, "heads": {heads}}}')
    with pytest.raises(BadRecipe, match="are of other labels"):
        export(tmp_path, tmp_path / "network", trained.recipe, SIDE)
    assert not (tmp_path / "network").exists()
