"""Writing many documents: in requests of bounded size, each document again where that may help, others reported."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lookalike.errors import EngineUnavailable
from lookalike.index.elastic.clients import is_passing, reason_of
from lookalike.index.elastic.engine import Engine, line

NOT_OF_ONE = (401, 403, 404)
"""Statuses that say of one document what is true of all: that nobody may write there, or that there is no index."""

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
        If it refuses whole requests, or to write into this index.
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
    results = engine.ask(
        lambda answer: _results(answer, len(operations)), "POST", f"/{index}/_bulk", lines, filter_path=wanted
    )
    again: list[Operation] = []
    reason = ""
    for operation, result in zip(operations, results, strict=True):
        if is_passing(result["status"]):
            again.append(operation)
            reason = f"{result['status']} {reason_of(result)}"
        elif "error" in result and result["status"] in NOT_OF_ONE:
            raise engine.refusal(f"to write into {index}", f"{result['status']} {reason_of(result)}", result["status"])
        else:
            _note(report, operation, result)
    return again, reason


def _results(answer: Mapping[str, Any], n: int) -> list[dict[str, Any]]:
    """Return what became of each of n documents; raises `ValueError` if an answer does not tell of each."""
    results = [result for item in answer["items"] for result in item.values()]
    if len(results) != n or not all(isinstance(result["status"], int) for result in results):
        raise ValueError(f"{len(results)} results for {n} documents")
    return results


def _note(report: PutReport, operation: Operation, result: dict[str, Any]) -> None:
    if "error" in result:
        report.failed.append((operation.id, reason_of(result)))
    elif operation.content is None:  # who was not there, 404 without an error, is as deleted as can be
        report.deleted += 1
    else:
        report.written += 1
