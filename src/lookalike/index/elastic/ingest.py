"""Writing many documents: in requests of bounded size, each document again where that may help, others reported."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.errors import EngineRefused, EngineUnavailable
from lookalike.index.elastic.clients import is_passing, reason_of
from lookalike.index.elastic.engine import Engine, line

MOST_BYTES = 8 << 20
"""In one request; engines take 100 MB at most, unless told otherwise, and advise 5 to 15."""


@dataclass(frozen=True)
class Operation:
    """One document to be written, or with no content to be deleted. Its id makes writing it twice harmless."""

    id: int
    content: bytes | None

    def lines(self) -> list[bytes]:
        """Return the lines of JSON that a bulk request has for it."""
        if self.content is None:
            return [line({"delete": {"_id": str(self.id)}})]
        return [line({"index": {"_id": str(self.id)}}), self.content]


@dataclass
class PutReport:
    """What became of documents.

    Attributes
    ----------
    written, deleted : int
        How many the engine acknowledged.
    failed : list of (int, str)
        The ids that it refused, each with its reason: sending those again does not help.
    """

    written: int = 0
    deleted: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)

    def join(self, other: "PutReport") -> None:
        """Add what became of others."""
        self.written += other.written
        self.deleted += other.deleted
        self.failed += other.failed


def bulk(engine: Engine, index: str, operations: Iterable[Operation], *, most_bytes: int = MOST_BYTES) -> PutReport:
    """Write and delete documents, each id at most once, in requests of bounded size.

    Parameters
    ----------
    most_bytes : int
        In one request; a document that is larger goes alone.

    Raises
    ------
    EngineUnavailable
        If it can write nothing now; what was acknowledged before stays.
    EngineRefused
        If it refuses whole requests.
    """
    report = PutReport()
    for portion in _portions(operations, most_bytes):
        report.join(_write(engine, index, portion))
    return report


def _portions(operations: Iterable[Operation], most_bytes: int) -> Iterator[list[Operation]]:
    portion: list[Operation] = []
    n_bytes = 0
    for operation in operations:
        size = sum(map(len, operation.lines()))
        if portion and n_bytes + size > most_bytes:
            yield portion
            portion, n_bytes = [], 0
        portion.append(operation)
        n_bytes += size
    if portion:
        yield portion


def _write(engine: Engine, index: str, operations: Sequence[Operation]) -> PutReport:
    """Send operations until each is acknowledged or refused."""
    report = PutReport()
    left = list(operations)
    attempt = 1
    while left:
        left, reason = _once(engine, index, left, report)
        if left and attempt == engine.patience.n_attempts:
            raise EngineUnavailable(
                f"the search engine at {engine.url} did not take {len(left)} documents ({reason}, after {attempt} "
                "attempts); what it took is safe, run the same command again to go on"
            )
        if left:
            attempt += 1
            engine.patience.wait(attempt)
    return report


def _once(
    engine: Engine, index: str, operations: Sequence[Operation], report: PutReport
) -> tuple[list[Operation], str]:
    """Send operations once, report what became of them, and return those to be sent again, and why."""
    lines = (part for operation in operations for part in operation.lines())
    wanted = "items.*.status,items.*.error"
    answer = engine.request("POST", f"/{index}/_bulk", lines, filter_path=wanted)
    items = answer.get("items", [])
    if len(items) != len(operations):
        raise EngineRefused(f"the search engine at {engine.url} told of {len(items)} of {len(operations)} documents", 0)
    again: list[Operation] = []
    reason = ""
    for operation, item in zip(operations, items, strict=True):
        ((_, result),) = item.items()
        if is_passing(result["status"]):
            again.append(operation)
            reason = f"{result['status']} {reason_of(result)}"
        else:
            _note(report, operation, result)
    return again, reason


def _note(report: PutReport, operation: Operation, result: dict[str, Any]) -> None:
    if operation.content is None and result["status"] in (200, 404):  # who was not there is as deleted as can be
        report.deleted += 1
    elif "error" in result:
        report.failed.append((operation.id, reason_of(result)))
    else:
        report.written += 1
