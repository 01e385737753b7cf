"""The commands about words: label pictures with them, list those that are known."""

from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, printable, table

if TYPE_CHECKING:
    from lookalike.collection import Collection, Labels


def label(
    terminal: Terminal,
    labels: Annotated[list[str], typer.Argument(metavar="WORD", help="At least two words or phrases.")],
    templates: Annotated[
        list[str] | None,
        typer.Option(
            "--template", metavar="TEXT", help="A sentence with {} for the word; may be repeated, and is averaged."
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Only what this query answers now; otherwise all pictures.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Hits taken from a query that ranks.")] = 20,
    margin: Annotated[
        float, typer.Option(min=0, max=2, help="Count only pictures whose label leads the next by this similarity.")
    ] = 0.0,
    albums: Annotated[
        bool, typer.Option("--albums", help="Put the pictures of each word into the album of its name.")
    ] = False,
) -> None:
    """Choose for each picture which of some words says best what it shows."""
    with terminal.open() as pictures:
        found = pictures.label(labels, templates=templates, query=query, k=k)
        chosen = {name: found.ids_of(name, margin) for name in found.labels}
        added = {name: _into_album(pictures, name, ids) for name, ids in chosen.items() if ids} if albums else {}
    terminal.show(
        {**found.to_json(), "albums": added},
        [
            table(("label", "pictures", "the surest"), _rows(found, chosen), numbers=(1,)),
            *(f"put {count(n_new, 'picture')} into the album {printable(name)}" for name, n_new in added.items()),
        ],
    )
    terminal.remark(f"{count(len(found), 'picture')} labelled; `--json` lists them all.")


def words(
    terminal: Terminal,
    begin: Annotated[str, typer.Argument(metavar="BEGINNING", help="Only words that begin so.")] = "",
) -> None:
    """List the words that can be searched for because what describes the pictures knows them."""
    with terminal.open() as pictures:
        found = [word for word in pictures.words() if word.startswith(begin.lower())]
    terminal.show({"words": found}, [printable(word) for word in found])
    if not found:
        terminal.remark("No such words: what describes these pictures takes free words, or none.")


def _into_album(pictures: "Collection", name: str, ids: list[int]) -> int:
    """Put pictures into an album, which is made if it is not there; return how many are new in it."""
    is_there = any(album.name == name for album in pictures.albums())
    return pictures.add_to_album(name, ids) if is_there else pictures.make_album(name, ids)


def _rows(found: "Labels", chosen: dict[str, list[int]]) -> list[tuple[str, str, str]]:
    return [(name, f"{len(ids):,}", " ".join(f"#{item_id}" for item_id in ids[:5])) for name, ids in chosen.items()]
