"""The queue of long work: one job at a time, each in a process of its own, steered from any thread."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition, Lock, Thread
from types import TracebackType
from typing import Any, Self, get_args

from lookalike.collection import Collection
from lookalike.collection.engine import engine_url
from lookalike.collection.store import now
from lookalike.errors import ItemNotFound, LookalikeError
from lookalike.jobs.job import ENDED, GRACE_SECONDS, INTERRUPTED, TO_DO, UNDERWAY, Job, Kind, State
from lookalike.settings import SECRETS, Settings

KEPT = 50
"""Jobs that are remembered; the oldest that have ended are forgotten first."""

SAVE_SECONDS = 2.0
"""Between two writings of progress; memory has the live numbers, and a job goes on by what the collection holds."""

RETRY_SECONDS = 3.0
"""Between two tries when a command line is writing to the collection, or another server does the jobs."""

PATIENT: Kind = "renew"
"""Work that may take days, and that nobody waits for."""

NICE = 10
"""How far the work stands back behind searches; the processes that decode for it stand there too."""

# Before anything is imported: a thread keeps the priority it was born with, and when those of NumPy, which wait in busy
# loops, stand before the one that they wait for, its work may take ten times as long.
WORKER = f"import os; os.nice({NICE}); from lookalike.jobs.worker import main; raise SystemExit(main())"

INTERRUPTIONS = (INTERRUPTED, -signal.SIGINT, -signal.SIGTERM)
"""Exit statuses of a worker that somebody asked to end, as a system does with all processes when it shuts down."""


@dataclass
class _Work:
    """The job that is worked on now.

    Attributes
    ----------
    wish : State or None
        What the job shall be once its process has ended, if somebody asked for that.
    answer : dict
        The last thing the process said: its report, or why there is none.
    """

    job_id: int
    done_before: int
    process: subprocess.Popen[str] | None = None
    wish: State | None = None
    answer: dict[str, Any] = field(default_factory=dict)

    def end(self, wish: State) -> None:
        """Have the process end at a safe point, and the job be something else then."""
        self.wish = wish
        self.hang_up()

    def hang_up(self) -> None:
        """Close the process's standard input, which tells it to stop; one that has ended does not mind."""
        if self.process is not None and self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()


class Jobs:
    """The long work of one collection. Any thread may call it; no call waits for work.

    What was running or waiting when the last `Jobs` of this collection ended, however it ended, is taken up again.
    Which jobs there are and what they are is written to the catalogue at once, how far they are every two seconds.
    Of several `Jobs`, in several servers, one works at a time; all of them show, take and steer the same jobs.

    Parameters
    ----------
    collection : Collection
        Stays the caller's, and open until this is closed.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._log = collection.job_log
        self._changed = Condition()  # guards all that follows
        self._newer: dict[int, Job] = {}  # of which more is known than their rows say: the one that is worked on
        self._work: _Work | None = None
        self._watchers: list[Callable[[], None]] = []
        self._is_closing = False
        self._writing = Lock()  # from looking at a job to having written what it is now; taken before the condition
        self._saved_at = 0.0
        self._supervisor = Thread(target=self._supervise, name="jobs", daemon=True)
        self._supervisor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop working at a safe point; what was running or waiting goes on when there is a `Jobs` again."""
        with self._changed:
            self._is_closing = True
            if self._work is not None:
                self._work.end(self._work.wish or "waiting")
            self._changed.notify_all()
        self._supervisor.join(2 * GRACE_SECONDS)
        with self._changed:
            process = None if self._work is None else self._work.process
        if process is not None:
            process.kill()  # it did not end by itself, so something holds it that it cannot shake off
        self._supervisor.join()

    def start(self, kind: Kind, paths: Iterable[str | os.PathLike[str]] = ()) -> Job:
        """Put work at the end of the queue.

        Parameters
        ----------
        kind : str
            "add", "audit", "graph" (build that of pictures), "push" (bring the search engine up to date), "renew",
            "repair", "sample" (draw pictures to play with, and add them) or "verify". A renewal lets all others pass,
            also while it runs; one that has not ended is not started twice.
        paths : iterable of path
            What to add; none means to look again at all that was ever added.

        Raises
        ------
        ValueError
            If there is no such kind, or it takes no paths.
        BadQuery
            If something shall be pushed, and no search engine is set.
        CollectionBusy, StorageFull
            If the job cannot be written down.
        """
        places = tuple(Path(os.path.expanduser(path)).absolute() for path in paths)  # noqa: PTH111 - "~nobody"
        if kind not in get_args(Kind) or (places and kind != "add"):
            raise ValueError(f"there is no job {kind!r} with {len(places)} paths; 'add' takes some, others none")
        if kind == "push":
            engine_url(self._collection.settings)
        with self._writing:
            underway = [job for job in self.all() if job.kind == kind == PATIENT and not job.has_ended]
            if underway:
                return underway[0]
            asked = Job(0, kind, places, "waiting", now())
            job = replace(asked, id=self._log.insert(asked.to_row()))
        with self._changed:
            if self._work is not None:
                self._let_pass(self._work)
            self._changed.notify_all()
        self._forget_old()
        self._tell_watchers()
        return job

    def all(self) -> list[Job]:
        """Return all jobs that are remembered, the newest first."""
        with self._changed:
            jobs = map(Job.from_row, self._log.rows())
            return sorted((self._newer.get(job.id, job) for job in jobs), key=lambda job: -job.id)

    def job(self, job_id: int) -> Job:
        """Return one job.

        Raises
        ------
        ItemNotFound
            If there is none of this id, or it is forgotten.
        """
        for job in self.all():
            if job.id == job_id:
                return job
        raise ItemNotFound(f"there is no job {job_id}; the last {KEPT} are remembered")

    def pause(self, job_id: int) -> Job:
        """Interrupt a job at a safe point, and let the next ones pass; what has ended stays as it is."""
        return self._steer(job_id, "paused")

    def resume(self, job_id: int) -> Job:
        """Let a paused job go on when its turn comes; any other stays as it is."""
        return self._steer(job_id, "waiting")

    def stop(self, job_id: int) -> Job:
        """End a job for good; what it has done stays done, and what has ended stays as it is."""
        return self._steer(job_id, "stopped")

    def _steer(self, job_id: int, wish: State) -> Job:
        with self._writing:
            job = self.job(job_id)
            with self._changed:
                is_here = self._work is not None and self._work.job_id == job_id
                if is_here:
                    self._wish(wish)
            # Another server that works on it ends that work when it finds what the row says now.
            if not is_here and not job.has_ended and (job.state, wish) != ("running", "waiting"):
                self._log.update(job_id, _settled(job, wish).to_row(), UNDERWAY)
                self._newer.pop(job_id, None)
        with self._changed:
            self._changed.notify_all()
        self._tell_watchers()
        return self.job(job_id)

    def _wish(self, wish: State) -> None:
        """Have the job that is worked on be something else soon. The caller holds the condition."""
        work = self._work
        # One that runs need not be told to go on, and one that is being stopped shall stay so.
        if work is not None and work.wish != "stopped" and (work.wish or wish != "waiting"):
            work.end(wish)
            self._newer[work.job_id] = replace(self._newer[work.job_id], message=_steering(wish))

    def _let_pass(self, work: _Work) -> None:
        """End work that nobody waits for, for a while, if other work waits. The caller holds the condition."""
        if self._newer[work.job_id].kind == PATIENT:
            first = self._first_waiting()
            if first is not None and first.kind != PATIENT:
                work.end(work.wish or "waiting")

    def watch(self, callback: Callable[[], None]) -> None:
        """Call back after each change, in the thread that made it: quick, and without raising anything."""
        with self._changed:
            self._watchers.append(callback)

    def unwatch(self, callback: Callable[[], None]) -> None:
        """Call back no more."""
        with self._changed:
            self._watchers.remove(callback)

    def _tell_watchers(self) -> None:
        with self._changed:
            watchers = list(self._watchers)
        for callback in watchers:
            callback()

    def _forget_old(self) -> None:
        with suppress(LookalikeError):  # what stays in the catalogue is found and deleted another time
            jobs = self.all()
            ended = [job.id for job in jobs if job.has_ended]
            self._log.delete(ended[max(0, KEPT - (len(jobs) - len(ended))) :])

    def _supervise(self) -> None:
        while self._is_needed():
            is_refused = True  # as long as another server works, or the disk is full
            with suppress(LookalikeError, OSError), self._log.working():
                is_refused = self._work_off()
            if is_refused:
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closing, timeout=RETRY_SECONDS)

    def _is_needed(self) -> bool:
        """Wait until there is a job to begin, or one whose server may have died; false when there shall be no more."""
        with self._changed:
            while not self._is_closing:
                with suppress(LookalikeError):
                    if any(job.state in TO_DO for job in self.all()):
                        return True
                self._changed.wait(RETRY_SECONDS)  # others write to the catalogue without a word
            return False

    def _work_off(self) -> bool:
        """Do the first job in the queue, as the only one who works; return whether to wait a while before the next."""
        work = self._begin()
        if work is None:
            return False
        self._tell_watchers()
        for words in self._said(work):
            self._hear(work, words)
        self._save(work)
        return self._finish(work)

    def _begin(self) -> _Work | None:
        """Make the first job in the queue the one that is worked on, if there still is one."""
        with self._writing:
            for left in self.all():
                if left.state == "running":  # its server has died
                    self._log.update(left.id, _settled(left, "waiting").to_row(), ["running"])
            first = self._first_waiting()
            if first is None:
                return None
            job = replace(first, state="running")
            is_begun = self._log.update(job.id, job.to_row(), TO_DO)
            with self._changed:
                self._newer.pop(job.id, None)
                if not is_begun:
                    return None
                self._newer[job.id] = job
                # What an interrupted `add` or `renew` did before, it finds done, and does not count again.
                self._work = _Work(job.id, done_before=job.done if job.kind in ("add", PATIENT) else 0)
                if self._is_closing:
                    self._work.end("waiting")
                return self._work

    def _first_waiting(self) -> Job | None:
        waiting = (job for job in self.all() if job.state == "waiting")
        return min(waiting, key=lambda job: (job.kind == PATIENT, job.id), default=None)

    def _said(self, work: _Work) -> Iterator[dict[str, Any]]:
        """Start the process and yield what it says until it has ended."""
        # Its own group, so that Ctrl-C in the terminal reaches the server alone, which then ends it safely.
        command = [sys.executable, "-P", "-c", WORKER]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0
            )
        except OSError as error:
            yield {"error": f"the process that does the work did not start: {error}; make room for it, and start again"}
            return
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it has ended already, which its exit status tells
            process.stdin.write(f"{self._order(work.job_id)}\n")
            process.stdin.flush()
        with self._changed:
            work.process = process
            if work.wish is not None:
                work.hang_up()
        with process.stdout:
            # What does not end with its line was cut off by the death of the process.
            yield from (json.loads(line) for line in process.stdout if line.endswith("\n"))
        process.wait()
        with self._changed:
            work.hang_up()

    def _order(self, job_id: int) -> str:
        job, folder = self._newer[job_id], self._collection.folder.absolute()
        settings = self._collection.settings.model_dump(exclude=set(SECRETS))
        if job.kind == "push":
            settings |= _rights(self._collection.settings)
        order = {"collection": folder, "settings": settings, "kind": job.kind, "paths": job.paths}
        return json.dumps(order, default=str)

    def _hear(self, work: _Work, words: dict[str, Any]) -> None:
        if "progress" not in words:
            work.answer = words
            return
        with self._changed:
            progress, job = words["progress"], self._newer[work.job_id]
            counts = {name: work.done_before + progress.pop(name) for name in ("done", "total")}
            self._newer[job.id] = replace(job, **counts, **progress, message=job.message if work.wish else "")
        if time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self._save(work)
        self._tell_watchers()

    def _save(self, work: _Work) -> None:
        """Write down how far the work is, and heed what other servers have written about it or beside it."""
        with self._writing, suppress(LookalikeError):  # what cannot be written now will be in two seconds
            self._saved_at = time.monotonic()
            job = self._newer[work.job_id]
            is_steered = not self._log.update(job.id, job.to_row(), TO_DO)
            with self._changed:
                if is_steered:
                    states = {row["id"]: row["state"] for row in self._log.rows()}
                    self._wish(states.get(job.id, "stopped"))
                self._let_pass(work)

    def _finish(self, work: _Work) -> bool:
        """Give the job the state it has now that its process has ended; return whether it should wait a while."""
        with self._writing:
            with self._changed:
                self._work = None
                job = self._newer[work.job_id] = _finished(self._newer[work.job_id], work)
            # Should this not be written, and the server die, the job is taken up again and finds its work done.
            with suppress(LookalikeError):
                self._log.update(job.id, job.to_row(), UNDERWAY)
                with self._changed:
                    del self._newer[job.id]
        self._tell_watchers()
        return job.state == "waiting" and work.wish is None


def _rights(settings: Settings) -> dict[str, str]:
    """Return, in plain, the secrets by which the search engine is used."""
    secrets = {"engine_password": settings.engine_password, "engine_api_key": settings.engine_api_key}
    return {name: secret.get_secret_value() for name, secret in secrets.items() if secret is not None}


def _settled(job: Job, state: State, message: str = "") -> Job:
    """Return a job that does not run any more."""
    ended_at = now() if state in ENDED else None
    return replace(job, state=state, ended_at=ended_at, message=message, rate=0.0, seconds_left=None)


def _finished(job: Job, work: _Work) -> Job:
    """Return a job whose process has ended, by what it said, what was wished, and how it ended."""
    if "report" in work.answer:
        told = "it was interrupted, and the report counts from there on" if work.done_before else ""
        return replace(_settled(job, "done", told), report=work.answer["report"])
    if work.wish is not None:
        return _settled(job, work.wish)
    if "busy" in work.answer:
        return _settled(job, "waiting", _printable(work.answer["busy"]))
    if "error" in work.answer:
        return _settled(job, "failed", _printable(work.answer["error"]))
    assert work.process is not None
    status = work.process.returncode
    if status in INTERRUPTIONS:
        return _settled(job, "waiting", "the process that does the work was told to end; it begins again in a moment")
    cause = signal.Signals(-status).name if -status in set(signal.Signals) else f"exit status {status}"
    return _settled(
        job, "failed", f"the process that does the work ended by {cause}; what it did is safe, start it again to go on"
    )


def _steering(wish: State) -> str:
    return {"paused": "pausing", "stopped": "stopping"}.get(wish, "")


def _printable(text: str) -> str:
    """Return a sentence that the catalogue takes, with what is no Unicode in the name of a file written as escapes."""
    return text.encode(errors="backslashreplace").decode()
