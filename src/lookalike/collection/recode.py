"""Codes made from the vectors that are stored, where they are missing or another coder made them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from lookalike.catalog import tables as t
from lookalike.codes.coder import Coder
from lookalike.collection.facts import write_facts
from lookalike.collection.space_files import codes_of, usable_coder
from lookalike.collection.store import Space, Store, record_rows
from lookalike.errors import CollectionDamaged
from lookalike.types import Describer

PORTION = 1 << 16
"""Rows that are encoded at once."""

Turn = Callable[[], AbstractContextManager[None]]
"""Makes its caller the writer for a moment."""


def are_codes_due(store: Store, space: Space, describer: Describer) -> bool:
    """Return whether rows of a generation have no code by the coder that it has now."""
    coder = usable_coder(store.folder_of(space), describer)
    return coder is not None and (space.coder != coder.version or space.n_codes < space.n_rows)


def fill_codes(store: Store, space: Space, describer: Describer, turn: Turn = nullcontext) -> int:
    """Give a code to every row of a generation that has none by its coder; return to how many.

    Parameters
    ----------
    turn : callable
        Makes the writer of who is not; only for moments, so that others can write meanwhile.

    Raises
    ------
    CollectionDamaged
        If the vectors are not what was written.
    """
    coder = usable_coder(store.folder_of(space), describer)
    if coder is None:
        return 0
    if space.coder != coder.version:
        with turn():
            if (now := store.as_it_is(space)) is None:
                return 0  # dropped meanwhile
            # Facts first: whoever is killed before the codes are forgotten has all of this to do again.
            write_facts(store.folder_of(now), now.name, describer, coder)
            forget_codes(store, now, coder.version)
    n_coded = 0
    while (now := store.as_it_is(space)) is not None and _lacks_codes_of(coder, now):
        try:
            rows = _stored(store, now)
        except CollectionDamaged:
            if store.as_it_is(now) == now:
                raise
            continue  # no damage: somebody removed pictures, and other files lie in the place of these
        codes = codes_of(coder, rows)
        with turn():
            if store.as_it_is(now) != now:
                continue  # somebody added or removed pictures meanwhile
            vectors, file = store.load_files(now)
            file.append(codes)
            file.flush()
            with store.changes.begin() as connection:
                record_rows(connection, now, vectors, file, n_new=0)
        n_coded += len(codes)
    return n_coded


def _lacks_codes_of(coder: Coder, space: Space) -> bool:
    return space.coder == coder.version and space.n_codes < space.n_rows


def _stored(store: Store, space: Space) -> NDArray[np.float16]:
    """Return the next vectors (n, D) float16 that have no code."""
    file, _ = store.files(space)
    number, first = divmod(space.n_codes, file.rows_per_segment)
    return file.segments()[number][first : first + PORTION]


def forget_codes(store: Store, space: Space, coder: str | None = None) -> None:
    """Delete all codes of a generation, for those of another coder if one is named; only for the writer."""
    c = t.spaces.c
    with store.changes.begin() as connection:
        connection.execute(sa.delete(t.blocks).where(t.blocks.c.space_id == space.id, t.blocks.c.contents == "codes"))
        values = {"n_codes": 0, "coder": space.coder if coder is None else coder}
        connection.execute(sa.update(t.spaces).where(c.id == space.id).values(values))
    now = store.as_it_is(space)
    if now is not None:  # deleted, not overwritten: a reader may still have them mapped
        _, file = store.load_files(now)
        file.cut()
