"""The commands of networks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, printable, size, table

if TYPE_CHECKING:
    from lookalike.models import Download, Model


def show_models(terminal: Terminal) -> None:
    """List the networks that are installed; asks nobody else."""
    from lookalike.models import list_models

    directory = terminal.settings().models
    installed = list_models(directory)
    rows = [
        (model.name, model.n_dims, size(model.n_bytes), "yes" if model.has_text else "no", model.licence or "unknown")
        for model in installed.models
    ]
    known = table(("network", "numbers", "size", "reads words", "licence"), rows, numbers=(1, 2))
    terminal.show(
        installed.to_json(),
        [
            known if rows else f"no network is installed in {printable(directory)}",
            *(f"{printable(path)}: {printable(reason)}" for path, reason in installed.skipped),
        ],
    )


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
        str, typer.Argument(metavar="NAME", help="For instance ViT-B-32__openai, org/name, or local-dir:FOLDER.")
    ],
    revision: Annotated[
        str | None, typer.Option(metavar="REVISION", help="A branch, tag or commit; otherwise the main branch.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before downloading.")] = False,
) -> None:
    """Download a network from a hub, after saying how large it is and asking."""
    from lookalike.models import pull_model

    def confirm(download: "Download") -> bool:
        what = f"{download.repository} is {size(download.n_bytes)}, licence {download.licence or 'unknown'}"
        return yes or typer.confirm(f"{printable(what)}. Download it?", err=True)

    model = pull_model(name, terminal.settings().models, confirm=confirm, revision=revision)
    if model is None:
        terminal.tell({"name": None}, ["nothing was downloaded"])
    else:
        _tell_installed(terminal, model)


def _tell_installed(terminal: Terminal, model: "Model") -> None:
    how = f"`LOOKALIKE_MODEL={model.name}` lets new collections use it"
    terminal.tell(model.to_json(), [f"installed {model.name} in {printable(model.folder)}; {how}"])


def verify(
    terminal: Terminal,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Networks; otherwise all.")] = None,
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
