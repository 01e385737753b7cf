"""Reading candidates: open without following links, recognise known content, decode what is new."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from lookalike.catalog import tables as t
from lookalike.collection.scan import Candidate, sentence_of
from lookalike.errors import UnreadableMedia
from lookalike.media import Decoded, Decoder, open_beneath, sha256_of

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Read:
    """What reading a candidate came to: a known item, a decoded picture, or a reason for neither."""

    candidate: Candidate
    item_id: int | None = None
    decoded: Decoded | None = None
    reason: str | None = None
    is_final: bool = True
    """Whether the same bytes would fail again under the same limits; what could not be opened is tried next time."""


def read_candidate(candidate: Candidate, engine: Engine, decoder: Decoder, *, asked: bool) -> Read:
    """Read one file; every failure becomes a reason.

    Parameters
    ----------
    asked : bool
        Whether the file itself was named, which brings back a picture that was once removed.
    """
    try:
        descriptor = open_beneath(candidate.root.path, candidate.found.path)
    except (UnreadableMedia, OSError) as error:
        return Read(candidate, reason=sentence_of(error), is_final=False)
    try:
        sha256 = sha256_of(descriptor)
        item_id, is_removed = _recognise(engine, sha256)
        if item_id is not None:
            return Read(candidate, item_id=item_id)
        if is_removed and not asked:
            return Read(
                candidate, reason="it was removed from this collection; add the file by its name to bring it back"
            )
        return Read(candidate, decoded=decoder.decode(descriptor))
    except UnreadableMedia as error:
        return Read(candidate, reason=sentence_of(error))
    except OSError as error:
        return Read(candidate, reason=sentence_of(error), is_final=False)
    finally:
        os.close(descriptor)


def _recognise(engine: Engine, sha256: str) -> tuple[int | None, bool]:
    removed = sa.select(t.decisions.c.id).where(t.decisions.c.kind == "removed", t.decisions.c.sha256 == sha256)
    with engine.connect() as connection:
        item_id = connection.scalar(sa.select(t.items.c.id).where(t.items.c.sha256 == sha256))
        return item_id, item_id is None and connection.scalar(removed) is not None


def in_order(work: Callable[[In], Out], inputs: Iterable[In], pool: ThreadPoolExecutor, ahead: int) -> Iterator[Out]:
    """Yield the results in the inputs' order, with at most `ahead` of them in work or waiting."""
    waiting: deque[Future[Out]] = deque()
    try:
        for value in inputs:
            waiting.append(pool.submit(work, value))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
