"""From a term of a query to the vector that is searched for."""

import os
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.gone import GoneDescriber
from lookalike.collection.items import unknown
from lookalike.collection.places import present_paths
from lookalike.collection.rank import Look, signed_leaves
from lookalike.collection.spaces import PICTURE, Spaces
from lookalike.collection.store import Space, Store
from lookalike.collection.uploads import Uploads
from lookalike.collection.view import SpaceView, judges
from lookalike.describers.colour import ColourDescriber
from lookalike.errors import BadModel, BadQuery, ItemNotFound, UnknownWords
from lookalike.media import read_picture
from lookalike.query import Box, Colour, Picture, Term, Upload, Words, leaves
from lookalike.types import Frame, Image, Mask, TextDescriber

SWATCH = 96


def looks_of(query: Term, store: Store, spaces: Spaces, uploads: Uploads) -> tuple[dict[Term, Look], list[str]]:
    """Return what to search for under each term that has a look, and why words have none where they should.

    Words that are asked of names and metadata too do without a look that cannot be had. Where nothing but words is
    asked, and only what is *not* to be found, they filter names and metadata: a look would have nothing to stand on.

    Raises
    ------
    BadQuery, ItemNotFound, UnknownWords, UnreadableMedia
        As `look_of` does.
    """
    looks: dict[Term, Look] = {}
    reasons: list[str] = []
    has_ground = any(sign > 0 for _, sign in signed_leaves(query))
    for term in dict.fromkeys(leaves(query)):
        try:
            if not isinstance(term, Words) or term.only == "look" or has_ground:
                look = look_of(term, store, spaces, uploads)
                looks.update({} if look is None else {term: look})
        except (UnknownWords, BadModel) as error:
            if not isinstance(term, Words) or term.only == "look":
                raise
            reasons.append(str(error))
    return looks, reasons


def look_of(term: Term, store: Store, spaces: Spaces, uploads: Uploads) -> Look | None:
    """Return what to search for, None for a term without a look.

    Raises
    ------
    BadQuery
        If the space is not there or takes no words, or a box lies outside its picture.
    ItemNotFound
        If a picture's id is not in the collection, or an upload is forgotten.
    UnknownWords
        If what describes the pictures does not understand the words.
    UnreadableMedia
        If a picture's file cannot be read.
    """
    if isinstance(term, Words):
        return _words_look(term, store, spaces)
    if isinstance(term, Colour):
        return _colour_look(term, spaces.view("colour"))
    if not isinstance(term, Picture):
        return None
    view = spaces.view(term.like or PICTURE)
    if isinstance(term.source, int) and term.box is None:
        return _stored_look(term.source, store, view)
    frame = _frame(term.source, store, uploads, view.describer.size)
    mask = None if term.box is None else _mask(term.box, frame)
    vector = view.describer.describe([frame.image], [mask])[0]
    shown = frame.image if mask is None else _cropped(frame.image, mask)
    of_things = _is_of_things(view)
    return Look(view, vector, judges(view.describer), shown, expands=of_things, refines=of_things)


def _is_of_things(view: SpaceView) -> bool:
    """Return whether a space is asked for things rather than for a look, by what ranks them and makes no claims."""
    return view.space.name == PICTURE and not judges(view.describer)


def _colour_look(term: Colour, view: SpaceView) -> Look:
    if isinstance(view.describer, GoneDescriber):
        view.describer.refuse()
    assert isinstance(view.describer, ColourDescriber)
    swatch = np.full((SWATCH, SWATCH, 3), term.rgb, dtype=np.uint8)
    # Chances were measured between pictures; a flat colour is another kind of query.
    return Look(view, view.describer.describe_colour(term.rgb), False, swatch)


def _words_look(term: Words, store: Store, spaces: Spaces) -> Look | None:
    if term.only == "text" or (term.only is None and not _reads(store, spaces)):
        return None
    view, describer = reading_view(spaces)
    # Chances were measured between pictures; words are another kind of query.
    vector = describer.describe_texts([" ".join(term.parts)])[0]
    return Look(view, vector, False, None, refines=_is_of_things(view))


def _reads(store: Store, spaces: Spaces) -> bool:
    """Return whether pictures are described by what takes words; opens no space for that."""
    is_there = any(space.name == PICTURE for space in store.generations())
    return is_there and isinstance(spaces.describers()[PICTURE], TextDescriber)


def reading_view(spaces: Spaces) -> tuple[SpaceView, TextDescriber]:
    """Return the space that words are looked for in, with its describer.

    Raises
    ------
    BadQuery
        If pictures are described without words, or there are none yet.
    ModelNotFound, IncompatibleCollection
        If what described them is not installed.
    """
    view = spaces.view(PICTURE)
    if isinstance(view.describer, GoneDescriber):
        view.describer.refuse()
    if not isinstance(view.describer, TextDescriber):
        raise BadQuery(
            "the pictures of this collection are described without words, so what they show cannot be asked in words; "
            "ask names and metadata, as text:boat does, or make a collection with a network that reads words"
        )
    return view, view.describer


def _stored_look(item_id: int, store: Store, view: SpaceView) -> Look:
    with translated(), store.engine.connect() as connection:
        sha256 = connection.scalar(sa.select(t.items.c.sha256).where(t.items.c.id == item_id))
        rows, _ = view.rows_of(connection, [item_id])
    if sha256 is None:
        raise unknown(item_id)
    if not len(rows):
        raise ItemNotFound(
            f"picture {item_id} is not described in generation {view.space.generation} of space {view.space.name}; "
            f"{_remedy(view.space, store)}"
        )
    row = int(rows[0])
    vector, thumbnail = view.vectors(rows[:1])[0], store.thumbnail_path(sha256)
    of_things = _is_of_things(view)
    return Look(view, vector, judges(view.describer), thumbnail, row, expands=of_things, refines=of_things)


def _remedy(space: Space, store: Store) -> str:
    """Return what to do about a picture that a generation does not describe."""
    if space.state == "retired":
        return "it is kept as it was, ask the one that serves"
    is_renewed = any(each.name == space.name and each.state == "building" for each in store.generations())
    return f"run `lookalike {'renew' if is_renewed else 'repair'}`"


def _frame(source: int | str | Upload | Image, store: Store, uploads: Uploads, size: int) -> Frame:
    if isinstance(source, Upload):
        return uploads.find(source).frame
    if isinstance(source, np.ndarray):
        return Frame(source, source.shape[:2])
    if isinstance(source, int):
        with translated(), store.engine.connect() as connection:
            path, _ = present_paths(connection, [source]).get(source, (None, True))
        if path is None:
            raise ItemNotFound(f"picture {source} is in no file of this collection, so a box of it cannot be looked at")
        return read_picture(path, size).frame
    return read_picture(Path(os.path.expanduser(source)), size).frame  # noqa: PTH111 - keeps "./" as it is


def _mask(box: Box, frame: Frame) -> Mask:
    """Return the box as a mask at the frame's working size, at least one pixel of it."""
    height, width = frame.size
    x0, y0, x1, y1 = box
    if x0 >= width or y0 >= height:
        raise BadQuery(
            f"the box {box} lies outside its picture of {width} x {height} pixels; give pixels of the original"
        )
    rows, columns = frame.image.shape[:2]
    mask = np.zeros((rows, columns), dtype=np.bool_)
    top, left = int(y0 * rows / height), int(x0 * columns / width)
    bottom, right = max(top + 1, round(y1 * rows / height)), max(left + 1, round(x1 * columns / width))
    mask[top:bottom, left:right] = True
    return mask


def _cropped(image: Image, mask: Mask) -> NDArray[np.uint8]:
    ys, xs = np.nonzero(mask)
    return image[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
