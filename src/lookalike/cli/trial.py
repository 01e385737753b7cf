"""The commands that draw a sample and measure how well spaces find what belongs together."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, printable, table
from lookalike.errors import BadQuery

if TYPE_CHECKING:
    from rich.table import Table

    from lookalike.evaluation import Evaluation, SpaceEvaluation
    from lookalike.settings import Settings
    from lookalike.types import Describer

PAGES = (".html", ".htm")


def evaluate(
    terminal: Terminal,
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Holds one folder of pictures per class; or a CSV that names them.")
    ],
    spaces: Annotated[
        list[str] | None, typer.Option("--space", metavar="NAME", help="Only this space; may be repeated.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Another folder or CSV, which asks; otherwise each picture.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the paths in a CSV begin; otherwise beside it.")
    ] = None,
    ks: Annotated[
        list[int] | None,
        typer.Option(
            "-k",
            metavar="K",
            min=1,
            max=1_000_000,
            help="First places for the measures @k; may be repeated. Default: 1, 10 and 100.",
        ),
    ] = None,
    precision: Annotated[float, typer.Option(min=0.01, max=1, help="What recall at a given precision asks for.")] = 0.9,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write a page with the best and worst queries.")
    ] = None,
) -> None:
    """Measure how well each space finds pictures of the same class: mean average precision with a 95 % interval."""
    from lookalike.evaluation import Cuts, read_data_set, write_page
    from lookalike.evaluation import evaluate as evaluated
    from lookalike.media.limits import limits_of

    if page is not None and (page.suffix.lower() not in PAGES or not page.absolute().parent.is_dir()):
        raise typer.BadParameter(f"a page is one of *{', *'.join(PAGES)} in a folder that is there, got {page}")
    settings = terminal.settings()
    describers = _describers(settings, spaces or [])
    data = read_data_set(source, queries=queries, root=root)
    cuts = Cuts(tuple(sorted(set(ks))), precision) if ks else Cuts(precision=precision)
    limits = limits_of(settings)
    with terminal.progress("evaluating") as progress:
        evaluation = evaluated(
            data, describers, cuts=cuts, n_workers=settings.workers, limits=limits, progress=progress
        )
    terminal.show(evaluation.to_json(), _evaluation_lines(evaluation, everything=terminal.is_verbose))
    if page is not None:
        with terminal.progress("drawing the page") as progress:
            write_page(evaluation, page, n_workers=settings.workers, limits=limits, progress=progress)
        terminal.remark(f"The page is {page}.")


def _describers(settings: "Settings", names: list[str]) -> "Mapping[str, Describer]":
    from lookalike.collection.spaces import PICTURE
    from lookalike.describers import load_describers

    describers = load_describers()
    describers[PICTURE] = _picture_describer(settings)
    unknown = set(names) - set(describers)
    if unknown:
        raise BadQuery(f"there is no space {min(unknown)}; known are {', '.join(sorted(describers))}")
    return {name: describer for name, describer in describers.items() if name in names or not names}


def _picture_describer(settings: "Settings") -> "Describer":
    from lookalike.collection.spaces import BUNDLED, CLASSICS
    from lookalike.describers.bundled import bundled_describer
    from lookalike.describers.combined import CombinedDescriber

    if settings.model in (None, BUNDLED) and (bundled := bundled_describer()) is not None:
        return bundled
    if settings.model in (None, CLASSICS):
        return CombinedDescriber()
    from lookalike.describers.network import network_describer
    from lookalike.models import read_model

    return network_describer(read_model(settings.models / settings.model))


def _evaluation_lines(evaluation: "Evaluation", *, everything: bool) -> "Iterator[str | Table]":
    spaces = evaluation.spaces
    yield f"{evaluation.n_queries:,} queries, {count(evaluation.n_pictures, 'picture')} to be found"
    headings = ("space", "mAP", "95 % interval", "of its codes", "its scores")
    yield table(headings, map(_space_row, spaces, spaces.values()), numbers=(1, 3))
    for lead in evaluation.leads_of_best():
        yield (
            f"{printable(lead.better)} is {lead.difference:.3f} better than {printable(lead.other)}, "
            f"95 % interval {lead.low:.3f} to {lead.high:.3f}"
        )
    groups = {"domain": {name: space.domains for name, space in spaces.items()}}
    if everything:
        groups["measure"] = {
            name: {measure: mean for measure, (mean, _, _) in space.measures.items()} for name, space in spaces.items()
        }
        groups["class"] = {name: space.classes for name, space in spaces.items()}
    for what, of_spaces in groups.items():
        if rows := _rows(of_spaces):
            yield ""
            yield table((what, *spaces), rows, numbers=range(1, len(spaces) + 1))
    for path, reason in evaluation.skipped:
        yield f"skipped {printable(path)}: {printable(reason)}"


def _space_row(name: str, space: "SpaceEvaluation") -> tuple[str, ...]:
    mean, low, high = space.measures["map"]
    return (
        name,
        f"{mean:.3f}",
        f"{low:.3f} to {high:.3f}",
        f"{space.codes.measures['map'][0]:.3f}",
        _judgement(space.judged),
    )


def _rows(of_spaces: "Mapping[str, Mapping[str, float]]") -> list[tuple[str, ...]]:
    names = next(iter(of_spaces.values()))
    return [(name, *(f"{values[name]:.3f}" for values in of_spaces.values())) for name in names]


def _judgement(judged: bool) -> str:
    return "are judged" if judged else "only rank"


def sample(
    terminal: Terminal,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new directory, or one begun with the same seed.")],
    n_pictures: Annotated[int, typer.Option("-n", "--pictures", min=1, help="Pictures to draw.")] = 360,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same pictures.")] = 7,
) -> None:
    """Draw a world of pictures with known truth, to try things out."""
    from lookalike.collection.ingest import timed
    from lookalike.sample import draw_world

    with terminal.progress("drawing") as progress:
        manifest = draw_world(directory, n_pictures=n_pictures, seed=seed, progress=timed(progress))
    n_drawn = len(manifest.pictures)
    terminal.tell(
        {"path": str(directory), "pictures": n_drawn, "seed": seed},
        [f"drew {count(n_drawn, 'picture')}; `lookalike add {printable(directory)}` indexes them"],
    )
