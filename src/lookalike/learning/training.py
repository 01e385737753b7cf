"""The training loop: views, one step, a running average, a learning curve, and a place to go on from."""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lookalike.errors import BadRecipe
from lookalike.learning.augment import damage, random_views, render, whole_views
from lookalike.learning.checkpoint import (
    CHECKPOINT,
    Checkpoint,
    are_alike,
    averaged,
    read_checkpoint,
    write_checkpoint,
)
from lookalike.learning.corpus import Corpus
from lookalike.learning.curve import PICTURE, Point, add_point, draw_curve, mean_average_precision, read_curve
from lookalike.learning.losses.cosine_softmax import CosineSoftmax
from lookalike.learning.losses.supervised_contrastive import supervised_contrastive
from lookalike.learning.network import Embedder, as_input
from lookalike.learning.provenance import provenance_of, write_provenance
from lookalike.learning.recipe import Recipe
from lookalike.learning.restyle import restyle
from lookalike.learning.sampler import ClassUniform
from lookalike.learning.whole_file import write_whole

BEFORE = "before"
"""The folder, within a training's, of what is trained before it."""
CHECKPOINT_EVERY, MEASURE_EVERY = 250, 500
"""Steps."""
AHEAD = 4
"""Batches made while the network works on another."""


class Training:
    """A network being trained in a folder, which holds its checkpoint, its curve, and what it is trained on.

    It trains on a GPU if PyTorch sees one, otherwise on the CPU; either in half precision where that costs nothing.

    Parameters
    ----------
    recipe : Recipe
    corpus : Corpus
    folder : Path
        Made if missing; where it holds a checkpoint of this recipe, training goes on from there.
        What the recipe has before was trained to its end in the folder ``before`` of it.

    Raises
    ------
    BadRecipe
        If the folder holds the checkpoint of another recipe, or of other pictures, or what was to be trained before
        was not.
    """

    def __init__(self, recipe: Recipe, corpus: Corpus, folder: Path) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.corpus = corpus
        self.folder = folder
        self.step = 0
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = Embedder(recipe.shape).to(memory_format=torch.channels_last)
        self.heads = {
            head: CosineSoftmax(len(labels), recipe.shape.n_dims, recipe.scale, recipe.smoothing).to(self._device)
            for head, labels in corpus.heads.items()
        }
        self.network.to(self._device)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self._optimizer = torch.optim.SGD(self._groups(), lr=1.0, momentum=0.9, nesterov=True)
        folder.mkdir(parents=True, exist_ok=True)
        read_curve(folder)  # what is damaged is said now, and not after hours
        if (folder / CHECKPOINT).exists():
            self._go_on()
        elif recipe.before:
            self._begin_with(recipe.before)
        write_provenance(provenance_of(corpus, recipe), folder, is_begun=self.step > 0)

    def _groups(self) -> list[dict[str, Any]]:
        """Return the parameters in groups: vectors do not decay; single numbers, on which all hangs, move slowly."""
        of_heads = [parameter for head in self.heads.values() for parameter in head.parameters()]
        parameters = [*self.network.parameters(), *of_heads]
        return [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.recipe.weight_decay, "pace": 1.0},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0, "pace": 1.0},
            {"params": [p for p in parameters if p.ndim == 0], "weight_decay": 0.0, "pace": 0.02},
        ]

    def run(self, told: Callable[[Point | None, int], None]) -> None:
        """Train until the recipe ends.

        Parameters
        ----------
        told : callable
            Hears the newest point of the curve, or None, and the step. It may raise to stop: the folder keeps the last
            checkpoint, from which another `Training` goes on to the same weights.

        Raises
        ------
        BadRecipe
            If the loss grows beyond all numbers; the last checkpoint is from before.
        """
        losses: list[float] = []
        since = time.perf_counter()
        for rows, images in self._batches():
            losses.append(self._learn(rows, images))
            if not math.isfinite(losses[-1]):
                raise BadRecipe(
                    f"The loss is {losses[-1]} at batch {self.step}: start anew with a lower learning_rate."
                )
            self.step += 1
            is_last = self.step == self.recipe.n_steps
            point = None
            if self.step % MEASURE_EVERY == 0 or is_last:
                rate = len(losses) * self.recipe.batch / (time.perf_counter() - since)
                point = Point(self.step, float(np.mean(losses)), self.measure(), rate)
                add_point(point, self.folder)
                write_whole(self.folder / PICTURE, draw_curve(read_curve(self.folder), self.recipe.n_steps))
                losses, since = [], time.perf_counter()
            if self.step % CHECKPOINT_EVERY == 0 or is_last:
                write_checkpoint(self.folder, Checkpoint(self.step, self.recipe, self._tensors()))
            told(point, self.step)

    def _batches(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Yield the batches that are left, made ahead in a thread of their own."""
        sampler = ClassUniform(self.corpus, self.recipe)
        steps = iter(range(self.step, self.recipe.n_steps))
        with ThreadPoolExecutor(1, thread_name_prefix="views") as pool:
            made = deque(pool.submit(self._batch, sampler, step) for step in islice(steps, AHEAD))
            while made:
                batch = made.popleft().result()
                made.extend(pool.submit(self._batch, sampler, step) for step in islice(steps, 1))
                yield batch

    def _batch(self, sampler: ClassUniform, step: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        rows = sampler.batch(step)
        n_twins = self.recipe.n_twins
        rows[len(rows) - n_twins :] = rows[:n_twins]
        rng = np.random.default_rng([self.recipe.seed, step, 1])
        images = render(self.corpus, random_views(self.corpus, rows, self.recipe, rng), self.recipe.side_at(step))
        if self.recipe.twins:
            restyle(images[-n_twins:], [self.corpus.sources[row] for row in rows[:n_twins]], self.recipe.twins, rng)
        damage(images, self.recipe.artefacts, rng)
        return rows, images

    def _learn(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> float:
        self.network.train()
        for group in self._optimizer.param_groups:
            group["lr"] = group["pace"] * self._rate()
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            vectors = self.network(as_input(images, self._device))
        loss = self._loss(vectors, rows)
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimizer.step()
        self._average()
        return float(loss.detach())

    def _rate(self) -> float:
        """Return the learning rate: a straight line up, then half a cosine down."""
        share = self.step / self.recipe.n_steps
        if share < self.recipe.warm_up:
            return self.recipe.learning_rate * share / self.recipe.warm_up
        rest = (share - self.recipe.warm_up) / (1 - self.recipe.warm_up)
        return self.recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * rest))

    def _loss(self, vectors: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Return the mean loss of a batch, each picture under the head of its source, among those of the same head."""
        twins = self.recipe.twins
        heads = np.array([self.recipe.sources[self.corpus.sources[row]].head for row in rows])
        total = vectors.new_zeros(())
        for head in np.unique(heads):
            chosen = np.nonzero(heads == head)[0]
            labels = torch.from_numpy(self.corpus.labels[rows[chosen]]).to(self._device)
            these = vectors[torch.from_numpy(chosen).to(self._device)]
            total = total + self.heads[head](these, labels).sum()
            if twins:
                contrast = supervised_contrastive(these, labels, twins.temperature)
                total = total + twins.contrast * len(chosen) * contrast
        return total / len(rows)

    @torch.no_grad()
    def _average(self) -> None:
        """Draw the running average towards the weights; faster at first, while they still change much."""
        keep = min(self.recipe.averaging, (1 + self.step) / (10 + self.step))
        for mean, now in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def measure(self) -> float:
        """Return the mAP of the averaged network on the pictures kept aside, among those of the same head."""
        rows = np.nonzero(self.corpus.is_kept_aside)[0]
        heads = np.array([self.recipe.sources[self.corpus.sources[row]].head for row in rows])
        return mean_average_precision(self.describe(rows), self.corpus.labels[rows], heads)

    @torch.no_grad()
    def describe(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors (R, D) that the averaged network gives whole pictures at the last phase's side."""
        side = self.recipe.phases[-1].side
        vectors = np.empty((len(rows), self.recipe.shape.n_dims), dtype=np.float32)
        for start in range(0, len(rows), self.recipe.batch):
            chosen = rows[start : start + self.recipe.batch]
            images = render(self.corpus, whole_views(self.corpus, chosen), side)
            vectors[start : start + len(chosen)] = self.average(as_input(images, self._device)).cpu().numpy()
        return vectors

    def _head_tensors(self) -> dict[str, Tensor]:
        return {f"{head}.{name}": t for head, layer in self.heads.items() for name, t in layer.state_dict().items()}

    def _tensors(self) -> dict[str, Tensor]:
        """Return everything that training goes on from, by name."""
        named = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        named |= {f"average.{name}": tensor for name, tensor in self.average.state_dict().items()}
        named |= {f"heads.{name}": tensor for name, tensor in self._head_tensors().items()}
        for group, values in enumerate(self._optimizer.param_groups):
            for n, parameter in enumerate(values["params"]):
                momentum = self._optimizer.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))
                named[f"momentum.{group}.{n}"] = momentum
        return named

    @torch.no_grad()
    def _begin_with(self, recipe: Recipe) -> None:
        """Take up the averaged network, and the heads, of what was trained before."""
        folder = self.folder / BEFORE
        done = read_checkpoint(folder, recipe)
        if done.step < recipe.n_steps:
            raise BadRecipe(f"{folder} is not trained to its end: do that first.")
        heads, trained = done.part("heads"), averaged(done)
        if not are_alike(self._head_tensors(), heads):
            raise BadRecipe(f"{folder} was trained on other labels: name another folder, or remove it.")
        for name, tensor in self._head_tensors().items():
            tensor.copy_(heads[name])
        for network in (self.network, self.average):
            network.load_state_dict(trained.state_dict())

    @torch.no_grad()
    def _go_on(self) -> None:
        """Take up the checkpoint in the folder."""
        checkpoint = read_checkpoint(self.folder, self.recipe)
        tensors = self._tensors()
        if not are_alike(tensors, checkpoint.tensors):
            raise BadRecipe(f"{self.folder} has a checkpoint of other pictures: name another folder, or remove it.")
        for name, tensor in tensors.items():
            tensor.copy_(checkpoint.tensors[name])
        self.step = checkpoint.step
