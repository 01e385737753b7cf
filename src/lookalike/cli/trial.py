"""The commands that draw a sample and measure how well spaces find what belongs together."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, printable, table
from lookalike.errors import BadQuery

if TYPE_CHECKING:
    from rich.table import Table

    from lookalike.collection import Progress
    from lookalike.evaluation import Evaluation
    from lookalike.settings import Settings
    from lookalike.types import Describer


def evaluate(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds one folder of pictures per class.")],
    spaces: Annotated[
        list[str] | None, typer.Option("--space", metavar="NAME", help="Only this space; may be repeated.")
    ] = None,
) -> None:
    """Measure how well each space finds pictures of the same class: mean average precision with a 95 % interval."""
    from lookalike.evaluation import evaluate_folder

    settings = terminal.settings()
    describers = _describers(settings, spaces or [])
    with terminal.progress("evaluating") as progress:
        evaluation = evaluate_folder(folder, describers, n_workers=settings.workers, progress=progress)
    terminal.show(evaluation.to_json(), _evaluation_lines(evaluation))


def _describers(settings: "Settings", names: list[str]) -> "Mapping[str, Describer]":
    from lookalike.describers import load_describers

    describers = load_describers()
    describers["picture"] = _picture_describer(settings)
    unknown = set(names) - set(describers)
    if unknown:
        raise BadQuery(f"there is no space {min(unknown)}; known are {', '.join(sorted(describers))}")
    return {name: describer for name, describer in describers.items() if name in names or not names}


def _picture_describer(settings: "Settings") -> "Describer":
    if settings.model is None:
        from lookalike.describers.combined import CombinedDescriber

        return CombinedDescriber()
    from lookalike.describers.network import NetworkDescriber
    from lookalike.models import read_model

    return NetworkDescriber(read_model(settings.models / settings.model))


def _evaluation_lines(evaluation: "Evaluation") -> "Iterator[str | Table]":
    yield f"{evaluation.n_queries:,} of {count(evaluation.n_pictures, 'picture')} were queries"
    rows = [
        (name, f"{space.mean_average_precision:.3f}", f"{space.low:.3f} to {space.high:.3f}", _judgement(space.judged))
        for name, space in evaluation.spaces.items()
    ]
    yield table(("space", "mAP", "95 % interval", "its scores"), rows, numbers=(1,))
    for path, reason in evaluation.skipped:
        yield f"skipped {printable(path)}: {printable(reason)}"


def _judgement(judged: bool) -> str:
    return "are judged" if judged else "only rank"


def sample(
    terminal: Terminal,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory, or one begun with the same seed.")],
    n_pictures: Annotated[int, typer.Option("-n", "--pictures", min=1, help="Pictures to draw.")] = 360,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same pictures.")] = 7,
) -> None:
    """Draw a world of pictures with known truth, to try things out."""
    from lookalike.sample import draw_world

    with terminal.progress("drawing") as progress:
        manifest = draw_world(directory, n_pictures=n_pictures, seed=seed, progress=progress and _timed(progress))
    n_drawn = len(manifest.pictures)
    terminal.tell(
        {"path": str(directory), "pictures": n_drawn, "seed": seed},
        [f"drew {count(n_drawn, 'picture')}; `lookalike add {printable(directory)}` indexes them"],
    )


def _timed(progress: "Callable[[Progress], None]") -> Callable[[int, int], None]:
    """Return what is told how much is done and tells how long the rest will take."""
    from lookalike.collection import Progress

    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        progress(Progress.since(started, done, total))

    return tell
