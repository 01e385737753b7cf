"""From a trained folder to a network's folder: ONNX, preprocessing, the words it learned, and a card with the facts."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lookalike.errors import BadModel, BadRecipe
from lookalike.learning.card import write_card
from lookalike.learning.checkpoint import Checkpoint, are_alike, averaged, read_checkpoint
from lookalike.learning.curve import PICTURE, draw_curve, read_curve
from lookalike.learning.graph import onnx_of
from lookalike.learning.network import DEVIATION, MEAN, Embedder
from lookalike.learning.provenance import Provenance, read_provenance
from lookalike.learning.recipe import Recipe
from lookalike.models import open_session, write_manifest

NETWORK, PREPROCESSING, RECIPE, FACTS = "model.onnx", "preprocess_cfg.json", "recipe.json", "facts.json"
PROXIES = "proxies.npz"
LICENCE = "Apache-2.0"

LARGEST_DIFFERENCE = {"vector": 1e-3, "map": 1e-2, "early_map": 1e-2}
"""Between ONNX Runtime and PyTorch: of a vector's numbers; of those of a map, in shares of its largest. Weights in
float16 make a tenth to a half of it."""


@dataclass(frozen=True)
class Exported:
    """A network's folder, the bytes of the network alone, and the largest difference to PyTorch in a vector."""

    folder: Path
    n_bytes: int
    largest_difference: float


def export(trained: Path, into: Path, recipe: Recipe, side: int | None = None) -> Exported:
    """Make a network's folder of a folder that was trained in.

    Parameters
    ----------
    trained : Path
        Of a `Training`; its averaged network is taken, as far as it is trained.
    into : Path
        Made if missing; an earlier export there is replaced.
    recipe : Recipe
        By which it was trained; the card has what it says about its sources.
    side : int or None
        Of the square that pictures are stretched to, in pixels, at least 32. None takes a fifth more than the last
        phase, in sixteens: what random crops enlarged in training then has the size that the network knows.

    Raises
    ------
    BadRecipe
        If `trained` holds no training, or a damaged one, or that of another recipe, or the side is too small.
    BadModel
        If ONNX Runtime does not compute what PyTorch does; then nothing is written.

    References
    ----------
    Touvron et al., "Fixing the Train-Test Resolution Discrepancy", NeurIPS 2019.
    """
    checkpoint, provenance = read_checkpoint(trained, recipe), read_provenance(trained)
    network, directions, curve = averaged(checkpoint), proxies(checkpoint, provenance), read_curve(trained)
    side = side or round(1.2 * recipe.phases[-1].side / 16) * 16
    if side < 32:
        raise BadRecipe(f"A network sees at least 32 pixels a side, not {side}: take more.")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".new-") as scratch:
        made = Path(scratch) / NETWORK
        made.write_bytes(onnx_of(network).SerializeToString())
        difference = compare(network, made, side)
        made.replace(into / NETWORK)
    (into / PICTURE).write_text(draw_curve(curve, recipe.n_steps), encoding="utf-8")
    np.savez(into / PROXIES, allow_pickle=False, **directions)
    _write_json(into / PREPROCESSING, _preprocessing(side))
    _write_json(into / RECIPE, recipe.to_json())
    exported = Exported(into, (into / NETWORK).stat().st_size, difference)
    facts = {
        "side": side,
        "n_bytes": exported.n_bytes,
        "largest_difference": difference,
        "step": checkpoint.step,
        "n_steps": recipe.n_steps,
        "n_steps_before": recipe.n_steps_before,
        "n_parameters": sum(parameter.numel() for parameter in network.parameters()),
        "n_dims": recipe.shape.n_dims,
        "gem_p": float(network.pool.p),
        "curve": [point.to_json() for point in curve],
        **_sources(recipe, provenance),
    }
    _write_json(into / FACTS, facts)
    write_card(into)
    write_manifest(into, output="vector", licence=LICENCE, source="trained by `lookalike train`")
    return exported


@torch.no_grad()
def compare(network: Embedder, path: Path, side: int) -> float:
    """Run a network in PyTorch and in ONNX Runtime; return the largest difference between numbers of their vectors.

    Raises
    ------
    BadModel
        If the vectors or the maps differ by more than `LARGEST_DIFFERENCE`.
    """
    session = open_session(path)
    worst = 0.0
    for height, width in ((side, side), (side - 5, 2 * side // 3 + 1)):
        pixels = _drawn(height, width)
        _, _, early, last = network.maps(pixels)
        due = {"vector": network(pixels), "map": last, "early_map": early}
        answers = dict(zip(due, session.run(list(due), {"pixels": pixels.numpy()}), strict=True))
        differences = {name: _difference(answers[name], due[name]) for name in due}
        for name, difference in differences.items():
            unit = 1.0 if name == "vector" else float(due[name].abs().max())
            if not difference <= LARGEST_DIFFERENCE[name] * unit:
                raise BadModel(
                    f"The ONNX form differs from the network by {difference:.2g} in {name!r}: try another release of "
                    "ONNX Runtime or PyTorch."
                )
        worst = max(worst, differences["vector"])
    return worst


def proxies(checkpoint: Checkpoint, provenance: Provenance) -> dict[str, np.ndarray]:
    """Return the proxies of every head and their labels, of all labels that were trained on.

    Parameters
    ----------
    checkpoint : Checkpoint
    provenance : Provenance

    Returns
    -------
    arrays : dict of str to array
        ``HEAD.proxies`` (C, D) float16, L2-normalized, and ``HEAD.labels`` (C,) str.

    Raises
    ------
    BadRecipe
        If the checkpoint and the provenance do not speak of the same labels.
    """
    arrays: dict[str, np.ndarray] = {}
    heads = checkpoint.part("heads")
    due = {
        f"{head}.proxies": torch.empty(len(n), checkpoint.recipe.shape.n_dims) for head, n in provenance.heads.items()
    }
    if not are_alike(due, {name: tensor for name, tensor in heads.items() if name.endswith(".proxies")}):
        raise BadRecipe("The checkpoint and the provenance beside it are of other labels: take both from one copy.")
    for head, counts in provenance.heads.items():
        is_trained = np.array(list(counts.values())) > 0
        unit = functional.normalize(heads[f"{head}.proxies"], dim=1).numpy()
        arrays[f"{head}.proxies"] = unit[is_trained].astype(np.float16)
        arrays[f"{head}.labels"] = np.array(list(counts))[is_trained]
    return arrays


def _difference(answer: np.ndarray, due: Tensor) -> float:
    return float(np.abs(answer - due.numpy()).max())


def _drawn(height: int, width: int) -> Tensor:
    """Return four pictures of coloured patches, as the network takes them."""
    patches = np.random.default_rng(7).normal(size=(4, 3, 8, 8)).astype(np.float32)
    return functional.interpolate(torch.from_numpy(patches), size=(height, width), mode="bilinear")


def _sources(recipe: Recipe, provenance: Provenance) -> dict[str, object]:
    return {
        "sources": {
            name: {**asdict(facts), "about": recipe.sources[name].about} for name, facts in provenance.sources.items()
        },
        "n_labels": {head: sum(n > 0 for n in labels.values()) for head, labels in provenance.heads.items()},
    }


def _preprocessing(side: int) -> dict[str, object]:
    return {
        "size": side,
        "mode": "RGB",
        "mean": [MEAN / 255] * 3,
        "std": [DEVIATION / 255] * 3,
        "interpolation": "area",
        "resize_mode": "squash",
    }


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
