"""One piece of long work, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

Kind = Literal["add", "audit", "graph", "push", "renew", "repair", "sample", "verify"]
State = Literal["waiting", "running", "paused", "done", "failed", "stopped"]

TO_DO = ("waiting", "running")
UNDERWAY = (*TO_DO, "paused")
ENDED = ("done", "failed", "stopped")

INTERRUPTED = 130
"""The exit status of a worker that was told to stop."""

GRACE_SECONDS = 20.0
"""How long it may take to stop: a batch is rolled back, and the files in work are read to their end."""


@dataclass(frozen=True)
class Job:
    """Long work and how far it is.

    Attributes
    ----------
    id : int
        The newer, the larger.
    kind : str
        "add", "audit", "graph", "push", "renew", "repair", "sample" or "verify".
    paths : tuple of Path
        What to add, absolute; none means to look again at all that was ever added.
    state : str
        "waiting", "running", "paused", "done", "failed" or "stopped"; of the last three it never leaves again.
    started_at, ended_at : str
        ISO 8601, UTC: when it was asked for, and when it ended.
    done, total : int
        Files, or pictures.
    rate : float
        Files per second; 0 when it does not run.
    seconds_left : float or None
        None when nobody knows.
    report : dict or None
        What was done, of long lists the beginning; only when the state is "done".
    message : str
        A sentence on why it failed, or on what it waits for.
    """

    id: int
    kind: Kind
    paths: tuple[Path, ...]
    state: State
    started_at: str
    ended_at: str | None = None
    done: int = 0
    total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None
    report: dict[str, Any] | None = None
    message: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it is done, failed or stopped."""
        return self.state in ENDED

    def to_json(self) -> dict[str, Any]:
        """Return the job as JSON values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"paths": [str(path) for path in self.paths]}

    def to_row(self) -> dict[str, Any]:
        """Return what the catalogue keeps of it, but for its id."""
        values = self.to_json()
        for name in ("id", "rate", "seconds_left"):
            del values[name]
        return values | {"arguments": {"paths": values.pop("paths")}}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the job that `to_row` was made of."""
        values = dict(row)
        paths = values.pop("arguments").get("paths", [])
        return cls(**values, paths=tuple(Path(path) for path in paths))
