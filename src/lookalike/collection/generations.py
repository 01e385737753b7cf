"""The generations of spaces: begun, built beside the one that serves, put in its place, kept or dropped."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.collection.facts import write_facts
from lookalike.collection.sizes import bytes_below
from lookalike.collection.space_files import coder_of
from lookalike.collection.store import Space, State, Store, read_generations
from lookalike.errors import BadQuery
from lookalike.finders.whole import WholeFrame
from lookalike.types import Describer


@dataclass(frozen=True)
class Generation:
    """One generation of a space, for people.

    Attributes
    ----------
    space : str
    generation : int
        From 1; as `search` takes it.
    state : str
        "serving", "building" or "retired".
    model : str or None
        The network that describes `picture`, "bundled" or "classics"; None in other spaces.
    version : str
        Of the describer.
    is_installed : bool
        Whether the describer is here, so that it can describe what is asked.
    is_chosen : bool
        Whether somebody chose it for this collection.
    vectors, pictures : int
        How many pictures it describes, of how many.
    stand_ins : int
        How many of `vectors` are of thumbnails, because the original was away.
    codes : int
        How many rows have a code.
    dims, n_bytes : int
        Numbers in a vector; bytes on disk.
    """

    space: str
    generation: int
    state: State
    model: str | None
    version: str
    is_installed: bool
    is_chosen: bool
    vectors: int
    pictures: int
    stand_ins: int
    codes: int
    dims: int
    n_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the generation as JSON values."""
        return asdict(self)


def begin(store: Store, name: str, describer: Describer, model: str | None, state: State) -> Space:
    """Make an empty generation of a space and return it."""
    c = t.spaces.c
    with store.changes.begin() as connection:
        number = (connection.scalar(sa.select(sa.func.max(c.generation)).where(c.name == name)) or 0) + 1
        values = {
            "name": name,
            "generation": number,
            "folder": "",
            "finder": WholeFrame.name,
            "version": describer.version,
            "n_dims": describer.n_dims,
            "n_rows": 0,
            "n_vectors": 0,
            "state": state,
            "model": model,
        }
        space_id = connection.execute(sa.insert(t.spaces).values(values)).lastrowid
        # `@` stands in no name of a space, and an id is never used again: no other generation ever has this folder.
        folder = store.folder / "spaces" / (name if number == 1 else f"{name}@{space_id}")
        shutil.rmtree(folder, ignore_errors=True)  # left behind if somebody killed us here
        folder.mkdir(parents=True)
        coder = coder_of(folder, describer)
        write_facts(folder, name, describer, coder)
        made = {"folder": folder.name, "coder": coder.version}
        connection.execute(sa.update(t.spaces).where(c.id == space_id).values(made))
        return next(space for space in read_generations(connection) if space.id == space_id)


def revive(store: Store, space: Space, model: str | None) -> None:
    """Go on building a generation that was kept, which serves at once if it is complete.

    Parameters
    ----------
    model : str or None
        The name that its describer has now.
    """
    with store.changes.begin() as connection:
        _go_on(connection, space, model)


def choose(store: Store, space: Space, model: str | None) -> None:
    """Note that a generation is the one that somebody wants, and have it serve as `revive` does."""
    c = t.spaces.c
    with store.changes.begin() as connection:
        connection.execute(sa.update(t.spaces).where(c.name == space.name).values(is_chosen=c.id == space.id))
        _go_on(connection, space, model)


def _go_on(connection: Connection, space: Space, model: str | None) -> None:
    state = "serving" if space.state == "serving" else "building"
    this = sa.update(t.spaces).where(t.spaces.c.id == space.id)
    connection.execute(this.values(state=state, model=model))
    if state == "building" and not len(items_without(connection, space.id)):
        switch(connection, space.name)


def switch(connection: Connection, name: str) -> None:
    """Let the generation that was built serve, and keep the one that served until now."""
    c = t.spaces.c
    for old, new in (("serving", "retired"), ("building", "serving")):
        connection.execute(sa.update(t.spaces).where(c.name == name, c.state == old).values(state=new))


def drop(store: Store, space: Space) -> None:
    """Delete a generation that does not serve.

    Raises
    ------
    BadQuery
        If it serves.
    """
    if space.state == "serving":
        raise BadQuery(
            f"generation {space.generation} of {space.name} serves; let another serve first, with "
            "`lookalike models use NAME`"
        )
    with store.changes.begin() as connection:
        connection.execute(sa.delete(t.spaces).where(t.spaces.c.id == space.id))
    shutil.rmtree(store.folder_of(space), ignore_errors=True)  # the next writer deletes what is left


def items_without(connection: Connection, space_id: int) -> NDArray[np.int64]:
    """Return the items (n,) that a generation does not describe, ascending."""
    described = sa.select(t.vectors.c.item_id).where(t.vectors.c.space_id == space_id)
    # Not with EXISTS: SQLite would look through the whole space for each item.
    query = sa.select(t.items.c.id).except_(described)
    return np.sort(np.fromiter(connection.scalars(query), dtype=np.int64))


def generations(store: Store, spaces: Sequence[tuple[Space, bool]]) -> list[Generation]:
    """Return generations for people.

    Parameters
    ----------
    spaces : sequence of (Space, bool)
        Each with whether its describer is installed.
    """
    c = t.vectors.c
    with store.engine.connect() as connection:
        n_pictures = connection.scalar(sa.select(sa.func.count()).select_from(t.items)) or 0
        query = sa.select(c.space_id, sa.func.count().label("n")).where(c.is_stand_in.is_(True)).group_by(c.space_id)
        stand_ins = {row.space_id: row.n for row in connection.execute(query)}
    return [
        Generation(
            space=space.name,
            generation=space.generation,
            state=space.state,
            model=space.model,
            version=space.version,
            is_installed=is_installed,
            is_chosen=space.is_chosen,
            vectors=space.n_vectors,
            pictures=n_pictures,
            stand_ins=stand_ins.get(space.id, 0),
            codes=space.n_codes,
            dims=space.n_dims,
            n_bytes=bytes_below(store.folder_of(space)),
        )
        for space, is_installed in spaces
    ]
