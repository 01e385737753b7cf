"""What training leaves on disk: tensors by name, the step, and the recipe they belong to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lookalike.errors import BadRecipe, LookalikeError
from lookalike.learning.network import Embedder
from lookalike.learning.recipe import Recipe, recipe_from_json

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A step of a recipe's training, with everything that training goes on from, by name."""

    step: int
    recipe: Recipe
    tensors: Mapping[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors whose names begin with this part, by the rest of their names."""
        start = f"{name}."
        return {key.removeprefix(start): tensor for key, tensor in self.tensors.items() if key.startswith(start)}


def are_alike(some: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> bool:
    """Whether tensors have the same names, shapes and types."""
    one, other = ({name: (t.shape, t.dtype) for name, t in tensors.items()} for tensors in (some, others))
    return one == other


def averaged(checkpoint: Checkpoint) -> Embedder:
    """Return the averaged network of a checkpoint, ready to describe; raise BadRecipe if that lacks a part of it."""
    network, tensors = Embedder(checkpoint.recipe.shape), checkpoint.part("average")
    if not are_alike(network.state_dict(), tensors):
        raise BadRecipe("The checkpoint does not fit its recipe: take it from a copy.")
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one before, whole or not at all.

    Raises
    ------
    LookalikeError
        If the disk does not take it; the one before is still there.
    """
    tensors = {name: tensor.contiguous().clone() for name, tensor in checkpoint.tensors.items()}
    facts = {"step": str(checkpoint.step), "recipe": json.dumps(checkpoint.recipe.to_json())}
    growing = folder / f"{CHECKPOINT}.new"
    try:
        save_file(tensors, growing, metadata=facts)
        with growing.open("rb") as file:
            os.fsync(file.fileno())
        growing.replace(folder / CHECKPOINT)
    except (OSError, SafetensorError) as error:
        growing.unlink(missing_ok=True)
        raise LookalikeError(
            f"{folder / CHECKPOINT} cannot be written ({error}): make room, and run the same command again; it goes on "
            "from the checkpoint before, if there is one."
        ) from error


def read_checkpoint(folder: Path, recipe: Recipe) -> Checkpoint:
    """Read the checkpoint of a folder that was trained in.

    Raises
    ------
    BadRecipe
        If there is none, or it is damaged or of another recipe.
    """
    checkpoint = _read(folder)
    if checkpoint.recipe.to_json() != recipe.to_json():
        raise BadRecipe(f"{folder} has the checkpoint of another recipe: name another folder, or remove it.")
    return checkpoint


def _read(folder: Path) -> Checkpoint:
    path = folder / CHECKPOINT
    if not path.exists():
        raise BadRecipe(f"{folder} has no checkpoint: train there first.")
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        step, recipe = int(facts["step"]), recipe_from_json(json.loads(facts["recipe"]))
        if not 0 <= step <= recipe.n_steps:
            raise ValueError(f"it is of batch {step} of {recipe.n_steps}")
        return Checkpoint(step, recipe, tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadRecipe(f"{path} is damaged ({error}): remove it, or take it from a copy.") from error
