"""The command that serves a collection to browsers and programs."""

import os
import re
import sys
import webbrowser
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal

if TYPE_CHECKING:
    from pydantic import SecretStr


def _names(names: list[str] | None) -> list[str]:
    for name in names or ():
        if not re.fullmatch("[A-Za-z0-9._-]+", name):
            raise typer.BadParameter(f"{name!r} is no name of a computer; names are like photos.local, without a port")
    return names or []


def serve(
    terminal: Terminal,
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", help="Folders to add once the server runs.", exists=True, file_okay=False),
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; one that others reach needs LOOKALIKE_PASSWORD or _TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port, 0 for any; otherwise 8177 or the next that is free.")
    ] = None,
    roots: Annotated[
        list[Path] | None,
        typer.Option(
            "--root",
            metavar="DIR",
            help="Folders below it may be added from the page; may be given again.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--host-name", metavar="NAME", help="A name the server is reached by; may be given again.", callback=_names
        ),
    ] = None,
    open_page: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open the page in a browser; otherwise if somebody sits at a screen."),
    ] = None,
) -> None:
    """Serve the collection as a page and a REST interface, until Ctrl-C."""
    from lookalike.api import server
    from lookalike.api.access import Access
    from lookalike.api.app import create_app
    from lookalike.jobs import Jobs

    settings = terminal.settings()
    access = Access(_plain(settings.password), _plain(settings.token))
    added = [Path(os.path.abspath(folder)) for folder in folders or ()]  # noqa: PTH100 - links stay as they are
    allowed = [*added, *(Path(os.path.abspath(root)) for root in roots or ())]  # noqa: PTH100
    listener = server.listen(host, port, access)

    def tell() -> None:
        if added:
            jobs.start("add", added)
        if pictures.is_renewal_due():
            jobs.start("renew")
        address = server.url_of(listener, names or ())
        link = None if access.is_open else f"{address}/login#key={access.make_key()}"
        _announce(terminal, address, link)
        if _sits_somebody() if open_page is None else open_page:
            Thread(target=webbrowser.open, args=(link or address,), daemon=True).start()

    with listener, terminal.open(make=True) as pictures, Jobs(pictures) as jobs:
        hosts = server.hosts_of(listener, host, names or ())
        server.serve(create_app(pictures, jobs, access=access, hosts=hosts, roots=allowed), listener, tell)


def _plain(secret: "SecretStr | None") -> str | None:
    return None if secret is None else secret.get_secret_value()


def _announce(terminal: Terminal, address: str, link: str | None) -> None:
    lines = [address] if link is None else [address, f"{link}  (opens once, within ten minutes)"]
    terminal.show({"address": address, "link": link}, lines)
    sys.stdout.flush()  # a program may wait for it at the other end of a pipe
    terminal.remark("Ctrl-C ends the server.")


def _sits_somebody() -> bool:
    """Tell whether somebody sits at this terminal, before a screen that can show a browser."""
    has_screen = sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return has_screen and sys.stdin.isatty() and sys.stdout.isatty()
