"""The command that trains a network."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, printable, size
from lookalike.errors import LookalikeError

if TYPE_CHECKING:
    from lookalike.learning.curve import Point
    from lookalike.learning.recipe import Recipe

NETWORK, LOCK = "network", "training.lock"
NEEDED = ("torch", "safetensors", "onnx")


def train(
    terminal: Terminal,
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file; recipes/general.toml is one.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="What is trained goes there, and is gone on with.")],
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="INDEX.csv", help="Shard, path, source and label of each picture; shards lie beside."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For decoded pictures, about 22 kB each; otherwise in --into.")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads on a CPU; otherwise one per core. Beside other work, fewer are faster."),
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(min=32, help="Pixels a side that the network sees; otherwise a fifth over the last phase's."),
    ] = None,
    export_only: Annotated[bool, typer.Option("--export-only", help="Export what is trained so far.")] = False,
) -> None:
    """Train a network by a recipe, or go on where that stopped, then export it. Ctrl-C keeps what is done."""
    from lookalike.learning.recipe import read_recipe

    plan = read_recipe(recipe)
    if not export_only:
        if pictures is None:
            raise typer.BadParameter("training needs --pictures INDEX.csv")
        _train(terminal, plan, pictures, into, cache or into / "cache", threads)
    try:
        from lookalike.learning.export import export
    except ModuleNotFoundError as error:
        raise _explained(error) from error
    made = export(into, into / NETWORK, plan, side)
    terminal.tell(
        {"path": str(made.folder), "bytes": made.n_bytes, "largest_difference": made.largest_difference},
        [
            f"the network is {printable(made.folder)}, {size(made.n_bytes)}; its vectors differ from PyTorch's by "
            f"{made.largest_difference:.1g} at most; `lookalike models add {printable(made.folder)}` installs it"
        ],
    )


def _train(terminal: Terminal, plan: "Recipe", index: Path, into: Path, cache: Path, threads: int | None) -> None:
    from lookalike.lock import writer_lock

    into.mkdir(parents=True, exist_ok=True)
    with writer_lock(into / LOCK, deed=f"{into} is being trained in"):
        _train_alone(terminal, plan, index, into, cache, threads)


def _train_alone(terminal: Terminal, plan: "Recipe", index: Path, into: Path, cache: Path, threads: int | None) -> None:
    from lookalike.collection.ingest import timed
    from lookalike.learning.corpus import read_corpus

    try:
        import torch

        from lookalike.learning.checkpoint import CHECKPOINT
        from lookalike.learning.training import BEFORE, Training
    except ModuleNotFoundError as error:
        raise _explained(error) from error
    if threads is not None:
        torch.set_num_threads(threads)
    if plan.before and not (into / CHECKPOINT).exists():
        _train(terminal, plan.before, index, into / BEFORE, cache, threads)
    with terminal.progress("decoding") as progress:
        corpus = read_corpus(index, plan, cache, timed(progress))
    training = Training(plan, corpus, into)
    terminal.remark(f"{printable(into)}: {len(corpus):,} pictures; at batch {training.step:,} of {plan.n_steps:,}.")
    with terminal.progress("training") as progress:
        training.run(_watch(terminal, plan, training.step, progress))


def _watch(
    terminal: Terminal, plan: "Recipe", begun: int, progress: Callable[..., None] | None
) -> "Callable[[Point | None, int], None]":
    """Return what moves the bar; where there is none, it says every point of the curve."""
    from lookalike.collection import Progress

    started = time.monotonic()

    def told(point: "Point | None", step: int) -> None:
        rate = (step - begun) * plan.batch / max(time.monotonic() - started, 1e-6)
        if progress is not None:
            left = (plan.n_steps - step) * plan.batch
            progress(Progress(step * plan.batch, plan.n_steps * plan.batch, rate, left / rate))
        elif point is not None:
            terminal.remark(
                f"batch {step:,} of {plan.n_steps:,}: loss {point.loss:.3f}, mAP {point.mean_average_precision:.3f}, "
                f"{rate:,.0f} pictures a second"
            )

    return told


def _explained(error: ModuleNotFoundError) -> Exception:
    """Return what to say when a package is missing: which extra brings it, if it is one of that."""
    if (error.name or "").partition(".")[0] not in NEEDED:
        return error
    return LookalikeError(f"Training needs {error.name}, which is not installed: pip install 'lookalike[train]'.")
