"""The commands of albums."""

from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.pictures import identity
from lookalike.cli.terminal import Terminal, count, printable, shortest, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from lookalike.collection.items import Item

Name = Annotated[str, typer.Argument(metavar="NAME", help="The album's name.")]
Ids = Annotated[
    list[int] | None, typer.Argument(metavar="ID", parser=identity, help="Pictures, as 42 or #42, in their order.")
]
Query = Annotated[
    str | None, typer.Option(metavar="QUERY", help="Also what this query answers now; see the query syntax.")
]
K = Annotated[int, typer.Option("-k", min=1, max=1000, help="Hits taken from a query that ranks.")]


def show_albums(terminal: Terminal) -> None:
    """List the albums."""
    with terminal.open() as pictures:
        albums = pictures.albums()
    rows = [(album.name, f"{album.n_items:,}", album.made_at[:10]) for album in albums]
    lines = [table(("album", "pictures", "made"), rows, numbers=(1,))] if rows else ["there are no albums yet"]
    terminal.show({"albums": [album.to_json() for album in albums]}, lines)


def make(terminal: Terminal, name: Name, ids: Ids = None, query: Query = None, k: K = 20) -> None:
    """Make an album of pictures, of what a query answers now, or an empty one."""
    with terminal.open() as pictures:
        n_items = pictures.make_album(name, ids or (), query=query, k=k)
    terminal.tell({"album": name, "added": n_items}, [f"made {printable(name)} of {count(n_items, 'picture')}"])


def add(terminal: Terminal, name: Name, ids: Ids = None, query: Query = None, k: K = 20) -> None:
    """Put pictures, and what a query answers now, at an album's end."""
    with terminal.open() as pictures:
        n_items = pictures.add_to_album(name, ids or (), query=query, k=k)
    terminal.tell({"album": name, "added": n_items}, [f"added {count(n_items, 'picture')} to {printable(name)}"])


def remove(terminal: Terminal, name: Name, ids: Ids = None) -> None:
    """Take pictures out of an album; they stay in the collection."""
    with terminal.open() as pictures:
        n_items = pictures.remove_from_album(name, ids or ())
    terminal.tell({"album": name, "removed": n_items}, [f"took {count(n_items, 'picture')} out of {printable(name)}"])


def rename(
    terminal: Terminal, name: Name, new_name: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]
) -> None:
    """Give an album another name."""
    with terminal.open() as pictures:
        pictures.rename_album(name, new_name)
    terminal.tell({"album": new_name}, [f"{printable(name)} is called {printable(new_name)} now"])


def delete(terminal: Terminal, name: Name) -> None:
    """Delete an album; its pictures stay in the collection."""
    with terminal.open() as pictures:
        pictures.delete_album(name)
    terminal.tell({"deleted": name}, [f"deleted the album {printable(name)}; its pictures are still here"])


def show(terminal: Terminal, name: Name) -> None:
    """Show the pictures of an album in its order."""
    with terminal.open() as pictures:
        items = list(pictures.album(name))
    terminal.show({"album": name, "items": [item.to_json() for item in items]}, _item_lines(items))


def _item_lines(items: "list[Item]") -> "Iterator[str | Table]":
    if not items:
        yield "the album is empty"
        return
    rows = [
        (f"#{item.id}", shortest(item.paths[0]) if item.paths else "no file holds it", (item.taken_at or "")[:10])
        for item in items
    ]
    yield table(("id", "picture", "taken"), rows)
