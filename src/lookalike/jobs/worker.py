"""The process that does one piece of long work, so that the server that asked for it stays quick and alive.

Its order is one line of JSON on standard input, its answers are lines of JSON on standard output. It stops at a safe
point when standard input closes, so also when its parent dies, and at SIGINT or SIGTERM; it ends with 130 then.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from lookalike.collection import Collection, Progress
from lookalike.collection.ingest import check_all_are_there, timed
from lookalike.errors import CollectionBusy, LookalikeError
from lookalike.jobs.job import GRACE_SECONDS, INTERRUPTED
from lookalike.media.terminal import give_up_terminal
from lookalike.settings import Settings

TELL_SECONDS = 0.25
SHOWN = 20
"""Entries of each list in a report that are told; a collection may have a hundred thousand problems."""

SAMPLE = "sample pictures"
"""The folder beside the collection that a sample is drawn into, unless it holds something else."""

Say = Callable[[dict[str, Any]], None]


def main() -> int:
    """Do what is ordered, tell how it goes, and return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    give_up_terminal()
    say = _channel()
    try:
        order = json.loads(sys.stdin.buffer.readline())
        sys.argv = ["lookalike serve", order["kind"]]  # what another writer is told about who holds the collection
        threading.Thread(target=_watch_parent, daemon=True).start()
        say(_outcome(order, say))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _interrupt(_number: int, _frame: object) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # once is enough, and clearing up should not be disturbed
    raise KeyboardInterrupt


def _channel() -> Say:
    """Return how to say something to the parent; what libraries print goes to standard error from now on."""
    channel = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(words: dict[str, Any]) -> None:
        content = f"{json.dumps(words)}\n".encode()
        with suppress(BrokenPipeError):  # nobody listens any more, and the watch over standard input ends the work
            while content:
                content = content[os.write(channel, content) :]

    return say


def _watch_parent() -> None:
    """Wait until the parent hangs up, then end the work: at a safe point or, if it does not come, at any."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE_SECONDS)
    os._exit(INTERRUPTED)


def _outcome(order: dict[str, Any], say: Say) -> dict[str, Any]:
    try:
        return {"report": _shortened(_report(order, say))}
    except CollectionBusy as error:
        # Another push may take hours and does the same; the work behind this one need not wait for it.
        return {"error" if order["kind"] == "push" else "busy": str(error)}
    except LookalikeError as error:
        return {"error": str(error)}


def _report(order: dict[str, Any], say: Say) -> dict[str, Any]:
    settings = Settings(**order["settings"])
    teller = _Teller(say)
    try:
        with Collection(Path(order["collection"]), make=False, settings=settings) as collection:
            if order["kind"] == "add":
                return _add(collection, [Path(path) for path in order["paths"]], teller.tell)
            if order["kind"] == "repair":
                return collection.repair(progress=teller.tell).to_json()
            if order["kind"] == "renew":
                return collection.renew(progress=teller.tell).to_json()
            if order["kind"] == "sample":
                return _add_sample(collection, teller.tell)
            if order["kind"] == "audit":
                audits = [collection.audit(name, progress=teller.tell) for name in collection.spaces()]
                return {"spaces": [audit.to_json() for audit in audits]}
            if order["kind"] == "graph":
                return {"vectors": collection.build_graph(progress=teller.tell)}
            if order["kind"] == "push":
                pushes = [collection.push(name, progress=teller.tell) for name in collection.spaces_to_push()]
                return {"spaces": [_shortened(push.to_json()) for push in pushes]}
            return collection.verify(progress=teller.tell).to_json()
    finally:
        teller.end()


def _add(collection: Collection, paths: Sequence[Path], tell: Callable[[Progress], None]) -> dict[str, Any]:
    report = collection.add(*paths, progress=tell)
    check_all_are_there(paths)
    return report.to_json()


def _add_sample(collection: Collection, tell: Callable[[Progress], None]) -> dict[str, Any]:
    """Draw what is missing of the sample, then add it: each picture counts twice."""
    from lookalike.sample import draw_world

    folder = collection.folder.absolute().parent / SAMPLE
    told = timed(tell)
    n = len(draw_world(folder, progress=lambda done, total: told(done, 2 * total)).pictures)
    report = collection.add(folder, progress=lambda added: told(n + added.done, n + added.total))
    return {"folder": str(folder), **report.to_json()}


class _Teller:
    """Tells the parent how far the work is: not more often than people can see, but the last of it always."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last: Progress | None = None
        self._told_at = 0.0

    def tell(self, progress: Progress) -> None:
        self._last = progress
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self.end()

    def end(self) -> None:
        if self._last is not None:
            self._say({"progress": vars(self._last)})
        self._last, self._told_at = None, time.monotonic()


def _shortened(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with the beginnings of its lists, and beside them how long they are: `skipped`, `n_skipped`."""
    lists = {name: value for name, value in report.items() if isinstance(value, list)}
    lengths = {f"n_{name}": len(value) for name, value in lists.items()}
    return report | {name: value[:SHOWN] for name, value in lists.items()} | lengths
