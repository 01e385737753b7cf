"""Searches in threads, a few at a time, whose answers are kept for a moment."""

import asyncio
from collections import OrderedDict
from time import monotonic

import anyio
from anyio.to_thread import run_sync

from lookalike.api.answers import Json
from lookalike.collection import Collection
from lookalike.query import parse

N_SEARCHES = 4
"""At once: each keeps a core busy, and those who wait in line are answered sooner than those who share."""

CACHE_BYTES = 32 << 20
CACHE_SECONDS = 60.0
"""How long an answer is given again while the collection does not change: files may go offline unnoticed."""

Asked = tuple[str, int, int, float | None, int | None]
"""The line, k, start, the cut-off and the generation."""


class Answers:
    """Answers to searches that may come again soon, as bytes; for one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[float, bytes]] = OrderedDict()
        self._n_bytes = 0

    def find(self, key: tuple[object, ...]) -> bytes | None:
        """Return the answer to a question, if it was given a moment ago."""
        known = self._kept.get(key)
        if known is None or monotonic() - known[0] > CACHE_SECONDS:
            return None
        return known[1]

    def keep(self, key: tuple[object, ...], answer: bytes) -> None:
        """Keep an answer; the oldest make room."""
        if key in self._kept:
            self._n_bytes -= len(self._kept.pop(key)[1])
        self._kept[key] = (monotonic(), answer)
        self._n_bytes += len(answer)
        while self._n_bytes > CACHE_BYTES:
            self._n_bytes -= len(self._kept.popitem(last=False)[1][1])


class Searcher:
    """Answers the searches of a collection, a few at a time."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._answers = Answers()
        self._underway: dict[tuple[object, ...], asyncio.Task[bytes]] = {}
        self._turns = anyio.CapacityLimiter(N_SEARCHES)

    async def answer(self, line: str, k: int, start: int, cutoff: float | None, generation: int | None) -> bytes:
        """Return the JSON of a search."""
        asked = (line, k, start, cutoff, generation)
        key = (self._collection.version(), *asked)
        content = self._answers.find(key)
        if content is not None:
            return content
        task = self._underway.get(key)
        if task is None:  # whoever asks the same meanwhile waits for the same answer
            task = self._underway[key] = asyncio.create_task(self._worked_out(key, asked))
            task.add_done_callback(lambda task: self._end(key, task))
        return await asyncio.shield(task)

    def _end(self, key: tuple[object, ...], task: asyncio.Task[bytes]) -> None:
        del self._underway[key]
        if not task.cancelled():
            task.exception()  # heard here, for nobody may be left who waits for it

    async def _worked_out(self, key: tuple[object, ...], asked: Asked) -> bytes:
        content = await run_sync(self._searched, *asked, limiter=self._turns)
        self._answers.keep(key, content)
        return content

    def _searched(self, line: str, k: int, start: int, cutoff: float | None, generation: int | None) -> bytes:
        hits = self._collection.search(parse(line), k=k, start=start, cutoff=cutoff, generation=generation)
        return bytes(Json(hits.to_json()).body)
