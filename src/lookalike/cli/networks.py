"""The commands of networks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, printable, size, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from lookalike.models import Download, Measurement, Model, Published


def show_models(terminal: Terminal) -> None:
    """List the networks that are installed, with what was measured, and some to fetch; asks nobody else."""
    from lookalike.describers.bundled import JOINT
    from lookalike.models import list_models, list_published

    beside = "beside the bundled one, " if JOINT.is_dir() else ""
    directory = terminal.settings().models
    installed = list_models(directory)
    names = {model.name for model in installed.models}
    others = [published for published in list_published() if published.name not in names]
    lines: list[str | Table] = [
        _known(installed.models) if names else f"{beside}no network is installed in {printable(directory)}",
        *(f"{printable(path)}: {printable(reason)}" for path, reason in installed.skipped),
    ]
    if others:
        lines += ["", "others that `lookalike models pull NAME` fetches:", _pullable(others)]
    terminal.show({**installed.to_json(), "published": [published.to_json() for published in others]}, lines)


def _known(models: "Sequence[Model]") -> "Table":
    headings = ("network", "numbers", "size", "reads words", "licence", "memory", "ms a picture", "ms a text", "mAP")
    rows = [
        (
            model.name,
            model.plug.n_dims or "",
            size(model.n_bytes),
            "yes" if model.has_text else "no",
            model.licence or "unknown",
            *_measured(model.measured),
        )
        for model in models
    ]
    return table(headings, rows, numbers=(1, 2, 5, 6, 7, 8))


def _measured(measured: "Measurement | None") -> tuple[str, str, str, str]:
    """Return memory, milliseconds and quality as cells; what was not measured is empty."""
    if measured is None:
        return "", "", "", ""
    per_text, quality = measured.milliseconds_per_text, measured.mean_average_precision
    return (
        size(measured.peak_bytes),
        f"{measured.milliseconds_per_picture:.1f}",
        "" if per_text is None else f"{per_text:.1f}",
        "" if quality is None else f"{quality:.3f}",
    )


def _pullable(published: "Sequence[Published]") -> "Table":
    rows = [(one.name, one.purpose, size(one.n_bytes) if one.n_bytes else "", one.licence) for one in published]
    return table(("network", "what for", "size", "licence"), rows, numbers=(2,))


def add(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A network's folder, in ONNX form.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Its name here; otherwise the folder's.")] = None,
) -> None:
    """Install a network by copying its folder."""
    from lookalike.models import add_model

    _tell_installed(terminal, add_model(folder, terminal.settings().models, name))


def pull(
    terminal: Terminal,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="One that `models list` names, or org/name, or local-dir:FOLDER."),
    ],
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION", help="A branch, tag or commit, whatever is there; otherwise the one that is known."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before downloading.")] = False,
) -> None:
    """Download a network from a hub, after saying how large it is and asking."""
    from lookalike.models import pull_model

    announced: list[Download] = []

    def confirm(download: "Download") -> bool:
        announced.append(download)
        what = f"{download.repository} is {size(download.n_bytes)}, licence {download.licence or 'unknown'}"
        return yes or typer.confirm(f"{printable(what)}. Download it?", err=True)

    model = pull_model(name, terminal.settings().models, confirm=confirm, revision=revision)
    if model is None:
        terminal.tell({"name": None}, ["nothing was downloaded"])
    else:
        _tell_installed(terminal, model, *_came(model, announced[0]) if announced else ())


def _came(model: "Model", download: "Download") -> "Iterator[str]":
    """Yield what came, and that it counts from now on where nobody knew what must come."""
    if download.n_unknown:
        of_all = f"{download.n_unknown} of {count(len(download.files), 'file')}"
        yield f"the checksums of {of_all} were not known before: what came now is what later pulls must bring"
    yield f"revision {download.revision}"
    yield from (f"{file.sha256}  {printable(file.name)}" for file in model.files)


def _tell_installed(terminal: Terminal, model: "Model", *others: str) -> None:
    how = f"`lookalike models use {model.name}` has the collection described by it"
    files = {file.name: file.sha256 for file in model.files}
    lines = [f"installed {model.name} in {printable(model.folder)}; {how}", *others]
    terminal.tell({**model.to_json(), "files": files}, lines)


def use(
    terminal: Terminal,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A network that is installed, or `bundled`, or `classics`.")
    ],
) -> None:
    """Have the collection described by another network; what serves now does so until that is complete."""
    with terminal.open() as pictures:
        generation = pictures.use_model(name)
    done = f"generation {generation.generation} of picture, by {printable(name)}, "
    if generation.state == "serving":
        done += "serves now"
    else:
        n_left = generation.pictures - generation.vectors
        done += (
            f"is begun: {count(n_left, 'picture')} to describe; "
            "`lookalike renew` does it now, `lookalike serve` in the background"
        )
    terminal.tell(generation.to_json(), [done])


def drop(
    terminal: Terminal,
    number: Annotated[int, typer.Argument(metavar="GENERATION", help="Its number, as `stats` lists them.")],
    space: Annotated[str, typer.Option(metavar="NAME", help="Its space.")] = "picture",
) -> None:
    """Delete a generation of a space that does not serve, with its vectors; one that is being built is given up."""
    with terminal.open() as pictures:
        pictures.drop_generation(space, number)
    terminal.tell({"dropped": {"space": space, "generation": number}}, [f"dropped generation {number} of {space}"])


def verify(
    terminal: Terminal,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Networks; otherwise all.")] = None,
) -> None:
    """Compare networks with their checksums and run each once; ends with 1 if anything is wrong."""
    from lookalike.models import list_models, read_model, verify_model

    directory = terminal.settings().models
    models = [read_model(directory / name) for name in names] if names else list_models(directory).models
    problems = [problem for model in models for problem in verify_model(model)]
    if not names:
        problems += [f"{path}: {reason}" for path, reason in list_models(directory).skipped]
    lines = [printable(problem) for problem in problems] or ["all is well"]
    terminal.show({"ok": not problems, "problems": problems}, lines)
    raise typer.Exit(1 if problems else 0)


def measure(
    terminal: Terminal,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Networks; otherwise all.")] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--pictures", metavar="FOLDER", help="Also how well it finds: one folder of pictures per class."),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of one run.")] = 1,
) -> None:
    """Measure memory, time and quality of networks on this computer, for `models list` to show."""
    from lookalike.models import list_models, read_model, write_measurement
    from lookalike.models.measurement import measure_network

    directory = terminal.settings().models
    models = [read_model(directory / name) for name in names] if names else list_models(directory).models
    measured: dict[str, Measurement] = {}
    for model in models:
        measurement = measure_network(model, threads)
        if folder is not None:
            measurement = _with_quality(terminal, model, measurement, folder)
        write_measurement(model.folder, model.sha256, measurement)
        measured[model.name] = measurement
    terminal.show(
        {"models": {name: measurement.to_json() for name, measurement in measured.items()}},
        [_known(models) if models else f"no network is installed in {printable(directory)}"],
    )


def _with_quality(terminal: Terminal, model: "Model", measurement: "Measurement", folder: Path) -> "Measurement":
    from lookalike.describers.network import network_describer
    from lookalike.evaluation import evaluate, read_data_set

    describers = {"picture": network_describer(model, measurement.n_threads)}
    with terminal.progress(f"evaluating {model.name}") as progress:
        evaluation = evaluate(
            read_data_set(folder), describers, n_workers=terminal.settings().workers, progress=progress
        )
    return measurement.with_quality(*evaluation.spaces["picture"].measures["map"], folder)
