"""Long work beside a server: real collections, real processes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lookalike.collection import Collection
from lookalike.errors import BadQuery, ItemNotFound
from lookalike.jobs import Job, Jobs
from lookalike.lock import writer_lock
from lookalike.settings import Settings

SECONDS = 60.0
"""For what takes about a second on an idle machine."""

Draw = Callable[..., Path]
Wait = Callable[[Callable[[], bool]], None]


@contextmanager
def watching(*servers: Jobs) -> Iterator[Wait]:
    """Wait until something holds, looking at it whenever a job changes."""
    changed = threading.Event()
    for jobs in servers:
        jobs.watch(changed.set)

    def wait(is_so: Callable[[], bool]) -> None:
        while not is_so():
            assert changed.wait(SECONDS), f"nothing happens any more: {servers[0].all()}"
            changed.clear()

    yield wait
    for jobs in servers:
        jobs.unwatch(changed.set)


def finished(jobs: Jobs, job: Job, *others: Jobs) -> Job:
    """Wait for a job's end, whoever works on it, and return it."""
    with watching(jobs, *others) as wait:
        wait(lambda: jobs.job(job.id).has_ended)
    return jobs.job(job.id)


def pid_of_worker(jobs: Jobs) -> int:
    """Return the process that works now."""
    with watching(jobs) as wait:
        wait(lambda: jobs._work is not None and jobs._work.process is not None and jobs._work.process.pid > 0)
    assert jobs._work is not None
    assert jobs._work.process is not None
    return jobs._work.process.pid


@pytest.fixture
def jobs(collection: Collection) -> Iterator[Jobs]:
    """The long work of a new collection."""
    with Jobs(collection) as jobs:
        yield jobs


@pytest.fixture
def many(folder: Path, draw: Draw) -> Path:
    """A folder of 200 pictures: four batches, and a second or two of work."""
    for number in range(200):
        draw(folder / f"{number}.png", number)
    return folder


def test_a_job_runs_and_reports(jobs: Jobs, collection: Collection, folder: Path, draw: Draw) -> None:
    for number in range(3):
        draw(folder / f"{number}.png", number)
    (folder / "broken.png").write_bytes(b"no picture")
    asked = jobs.start("add", [folder])
    assert (asked.state, asked.kind, asked.paths) == ("waiting", "add", (folder,))
    job = finished(jobs, asked)
    assert (job.state, job.done, job.total, job.message) == ("done", 4, 4, "")
    assert job.report is not None
    assert (job.report["added"], job.report["n_skipped"]) == (3, 1)
    assert job.report["skipped"][0]["path"] == str(folder / "broken.png")
    assert job.ended_at is not None
    assert job.seconds_left is None
    assert len(collection) == 3


def test_a_collection_is_verified_and_repaired(jobs: Jobs, collection: Collection, many: Path) -> None:
    collection.add(many)
    for path in (collection.folder / "thumbs").glob("*/*"):
        path.unlink()
    found = finished(jobs, jobs.start("verify"))
    assert found.report is not None
    assert found.report["n_problems"] == 200
    assert len(found.report["problems"]) == 20
    assert (found.done, found.total) == (200, 200)
    mended = finished(jobs, jobs.start("repair"))
    assert mended.report is not None
    assert mended.report["thumbnails"] == 200
    assert (mended.done, mended.total) == (400, 400)  # looked at, and made again
    assert collection.verify().ok


def test_searches_and_albums_do_not_wait_for_a_job(jobs: Jobs, collection: Collection, many: Path) -> None:
    job = jobs.start("add", [many])
    with watching(jobs) as wait:
        wait(lambda: jobs.job(job.id).done > 0)
        assert len(collection.search("#1")) > 0
        assert collection.make_album("early", [1]) == 1
        assert jobs.job(job.id).state == "running"
    assert finished(jobs, job).state == "done"
    assert len(collection) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the priority of a thread")
def test_all_threads_of_a_job_stand_back_behind_searches(jobs: Jobs, many: Path) -> None:
    job = jobs.start("add", [many])
    with watching(jobs) as wait:
        wait(lambda: jobs.job(job.id).done > 0)
        threads = [int(path.name) for path in Path(f"/proc/{pid_of_worker(jobs)}/task").iterdir()]
        assert len(threads) > 1
        assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads} == {10}


def test_a_job_stays_in_the_session_of_the_server_where_niceness_counts(jobs: Jobs, many: Path) -> None:
    jobs.start("add", [many])
    pid = pid_of_worker(jobs)
    assert os.getsid(pid) == os.getsid(0)
    assert os.getpgid(pid) == pid  # so Ctrl-C in the terminal does not reach it


def test_a_sample_is_drawn_beside_the_collection_and_added_once(jobs: Jobs, collection: Collection) -> None:
    job = jobs.start("sample")
    with watching(jobs) as wait:
        wait(lambda: jobs.job(job.id).done > 0)
        jobs.pause(job.id)
        wait(lambda: jobs.job(job.id).state == "paused")
    jobs.resume(job.id)
    first = finished(jobs, job)
    assert first.report is not None, first.message
    assert first.report["folder"] == str(collection.folder.parent / "sample pictures")
    assert first.report["n_skipped"] == 0
    assert first.done == first.total == 720  # drawn, and read
    assert len(collection) == first.report["added"] > 300
    again = finished(jobs, jobs.start("sample"))
    assert again.report is not None
    assert (again.report["added"], again.report["unchanged"], again.report["removed"]) == (0, 360, 0)
    assert len(collection) == first.report["added"]


def test_a_sample_leaves_files_of_others_alone(jobs: Jobs, collection: Collection) -> None:
    own = collection.folder.parent / "sample pictures" / "own.txt"
    own.parent.mkdir()
    own.write_text("not a sample")
    job = finished(jobs, jobs.start("sample"))
    assert job.state == "failed"
    assert "is not empty and not a sample" in job.message
    assert list(own.parent.iterdir()) == [own]
    assert len(collection) == 0


def test_a_job_that_was_paused_goes_on_where_it_stopped(jobs: Jobs, collection: Collection, many: Path) -> None:
    job = jobs.start("add", [many])
    seen: list[Job] = []
    jobs.watch(lambda: seen.append(jobs.job(job.id)))
    with watching(jobs) as wait:
        wait(lambda: jobs.job(job.id).done > 0)
        jobs.pause(job.id)
        wait(lambda: jobs.job(job.id).state == "paused")
        paused = jobs.job(job.id)
        assert 0 < paused.done < 200
        assert (paused.rate, paused.ended_at) == (0.0, None)
        n_before = len(collection)
        assert paused.done <= n_before < 200
        with writer_lock(collection.folder / "lock"):
            pass  # a paused job leaves the collection to others
        jobs.resume(job.id)
    done = finished(jobs, job)
    assert (done.state, len(collection)) == ("done", 200)
    assert done.report is not None
    assert (done.report["added"], done.report["unchanged"]) == (200 - n_before, n_before)
    assert "counts from there on" in done.message
    counts = [job.done for job in seen]
    assert counts == sorted(counts)
    assert collection.verify().ok
    assert collection.add(many).added == 0


def test_a_job_that_is_told_to_go_on_while_it_is_being_paused_goes_on(jobs: Jobs, many: Path) -> None:
    job = jobs.start("add", [many])
    pid_of_worker(jobs)
    assert jobs.pause(job.id).message == "pausing"
    jobs.resume(job.id)
    assert finished(jobs, job).state == "done"


def test_a_job_that_was_stopped_never_goes_on(jobs: Jobs, collection: Collection, many: Path) -> None:
    job = jobs.start("add", [many])
    pid_of_worker(jobs)
    jobs.stop(job.id)
    assert jobs.pause(job.id).message == "stopping"
    assert finished(jobs, job).state == "stopped"
    assert [steer(job.id).state for steer in (jobs.resume, jobs.pause, jobs.stop)] == ["stopped"] * 3
    assert len(collection) < 200
    assert finished(jobs, jobs.start("verify")).report == {"ok": True, "problems": [], "n_problems": 0}


def test_jobs_work_one_after_the_other_but_a_paused_one_lets_others_pass(jobs: Jobs, many: Path) -> None:
    order: list[int] = []
    jobs.watch(lambda: order.extend(job.id for job in jobs.all() if job.state == "running"))
    first, second, third = jobs.start("add", [many]), jobs.start("verify"), jobs.start("add")
    jobs.pause(second.id)
    assert [job.id for job in jobs.all()] == [third.id, second.id, first.id]
    assert finished(jobs, third).state == "done"
    assert jobs.job(first.id).state == "done"
    assert jobs.job(second.id).state == "paused"
    jobs.resume(second.id)
    assert finished(jobs, second).state == "done"
    assert list(dict.fromkeys(order)) == [first.id, third.id, second.id]
    assert order == sorted(order, key=[first.id, third.id, second.id].index)  # never two at once


def test_a_process_that_is_killed_fails_its_job_alone(jobs: Jobs, collection: Collection, many: Path) -> None:
    job = jobs.start("add", [many])
    os.kill(pid_of_worker(jobs), signal.SIGKILL)
    failed = finished(jobs, job)
    assert failed.state == "failed"
    assert failed.message == (
        "the process that does the work ended by SIGKILL; what it did is safe, start it again to go on"
    )
    assert finished(jobs, jobs.start("add", [many])).state == "done"
    assert len(collection) == 200


def test_a_process_that_is_told_to_end_by_others_begins_again(
    jobs: Jobs, collection: Collection, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.jobs.queue.RETRY_SECONDS", 0.1)
    job = jobs.start("add", [many])
    with watching(jobs) as wait:
        wait(lambda: jobs.job(job.id).done > 0)
        os.kill(pid_of_worker(jobs), signal.SIGTERM)
        wait(lambda: jobs.job(job.id).state == "waiting")
        assert "begins again in a moment" in jobs.job(job.id).message
    assert finished(jobs, job).state == "done"
    assert len(collection) == 200


def test_a_job_says_why_it_fails(tmp_path: Path, folder: Path) -> None:
    settings = Settings(workers=1, model="\udcff", models=tmp_path / "none")
    with Collection(tmp_path / "collection", settings=settings) as collection, Jobs(collection) as jobs:
        job = finished(jobs, jobs.start("add", [folder]))
        assert job.state == "failed"
        assert "\\udcff" in job.message
        assert job.report is None


def test_a_job_with_a_path_that_is_not_there_fails_after_the_others_were_added(
    jobs: Jobs, collection: Collection, folder: Path, draw: Draw
) -> None:
    draw(folder / "1.png", 1)
    job = finished(jobs, jobs.start("add", [folder / "none", folder]))
    assert (job.state, job.report) == ("failed", None)
    assert job.message == f"{folder / 'none'} is not there, and whatever else was named was looked at; correct its name"
    assert len(collection) == 1


def test_a_busy_collection_is_waited_for(
    jobs: Jobs, collection: Collection, folder: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.jobs.queue.RETRY_SECONDS", 0.1)
    draw(folder / "1.png", 1)
    with watching(jobs) as wait:
        with collection._store.writing():
            job = jobs.start("add", [folder])
            wait(lambda: "the collection is being written by" in jobs.job(job.id).message)
            assert jobs.job(job.id).state in ("waiting", "running")
        wait(lambda: jobs.job(job.id).has_ended)
    assert (jobs.job(job.id).state, jobs.job(job.id).message) == ("done", "")


def test_a_folder_whose_name_is_not_utf_8_is_added(
    jobs: Jobs, collection: Collection, folder: Path, draw: Draw
) -> None:
    odd = folder / os.fsdecode(b"caf\xe9")
    draw(odd / "1.png", 1)
    job = finished(jobs, jobs.start("add", [odd]))
    assert (job.state, job.paths) == ("done", (odd,))
    assert len(collection) == 1
    with Jobs(collection) as later:
        assert later.job(job.id) == job
        assert json.loads(json.dumps(later.job(job.id).to_json()))["paths"] == [str(odd)]


def test_a_server_that_closes_leaves_its_work_to_the_next(collection: Collection, many: Path) -> None:
    with Jobs(collection) as jobs:
        first, second, third = jobs.start("add", [many]), jobs.start("verify"), jobs.start("verify")
        jobs.pause(third.id)
        with watching(jobs) as wait:
            wait(lambda: jobs.job(first.id).done > 0)
    left = jobs.job(first.id)
    assert (left.state, jobs.job(second.id).state) == ("waiting", "waiting")
    assert collection.verify().ok
    with Jobs(collection) as jobs:
        assert jobs.job(first.id).done >= left.done > 0
        assert finished(jobs, second).state == "done"
        assert (jobs.job(first.id).state, jobs.job(third.id).state) == ("done", "paused")
    assert len(collection) == 200


SERVER = """
import sys, time
from pathlib import Path
from lookalike.collection import Collection
from lookalike.jobs import Jobs
from lookalike.settings import Settings

jobs = Jobs(Collection(Path(sys.argv[1]), settings=Settings(workers=1, model=None)))
job = jobs.start("add", [sys.argv[2]])
while not jobs.job(job.id).done:
    time.sleep(0.01)
print(jobs._work.process.pid, flush=True)
time.sleep(600)
"""


def test_work_ends_with_a_server_that_dies_and_the_next_takes_it_up(collection: Collection, many: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(collection.folder), str(many)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        os.kill(worker, signal.SIGSTOP)  # so that it cannot finish before its server dies
        server.kill()
    os.kill(worker, signal.SIGCONT)
    with writer_lock(collection.folder / "lock", patience=SECONDS):
        assert len(collection) < 200
    with Jobs(collection) as jobs:
        (job,) = jobs.all()
        assert job.state in ("waiting", "running")
        assert finished(jobs, job).state == "done"
    assert len(collection) == 200
    assert collection.verify().ok


@pytest.fixture
def two(collection: Collection, fast: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Jobs, Jobs]]:
    """The long work of one collection in two servers."""
    monkeypatch.setattr("lookalike.jobs.queue.RETRY_SECONDS", 0.1)
    monkeypatch.setattr("lookalike.jobs.queue.SAVE_SECONDS", 0.0)
    with (
        Collection(collection.folder, settings=fast) as same,
        Jobs(collection) as first,
        Jobs(same) as second,
    ):
        yield first, second


def test_of_two_servers_one_works_and_both_know_the_same_jobs(two: tuple[Jobs, Jobs], many: Path) -> None:
    first, second = two
    seen: list[list[bool]] = []
    for jobs in two:
        jobs.watch(lambda: seen.append([each._work is not None for each in two]))
    added = first.start("add", [many])
    with watching(*two) as wait:
        wait(lambda: all(jobs.job(added.id).done > 0 for jobs in two))
    assert {jobs.job(added.id).state for jobs in two} == {"running"}
    for job in [jobs.start("verify") for jobs in (second, first)]:
        finished(first, job, second)
    assert first.all() == second.all()
    assert [job.state for job in first.all()] == ["done"] * 3
    assert [job.report["added"] for job in first.all() if job.report and job.kind == "add"] == [200]
    assert [True, True] not in seen


def test_a_job_is_steered_from_a_server_that_does_not_work_on_it(two: tuple[Jobs, Jobs], many: Path) -> None:
    added = two[0].start("add", [many])
    with watching(*two) as wait:
        wait(lambda: all(jobs.job(added.id).done > 0 for jobs in two))
        other, worker = sorted(two, key=lambda jobs: jobs._work is not None)
        assert other.pause(added.id).state == "paused"
        wait(lambda: worker._work is None)
        assert [jobs.job(added.id).state for jobs in two] == ["paused", "paused"]
    other.resume(added.id)
    assert finished(other, added, worker).state == "done"
    assert worker.stop(added.id).state == "done"


def test_a_server_takes_over_from_one_that_was_killed(
    collection: Collection, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.jobs.queue.RETRY_SECONDS", 0.1)
    command = [sys.executable, "-c", SERVER, str(collection.folder), str(many)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        os.kill(worker, signal.SIGSTOP)  # so that it cannot finish before its server dies
        with Jobs(collection) as jobs:
            (job,) = jobs.all()
            assert job.state == "running"
            assert jobs._work is None
            server.kill()
            os.kill(worker, signal.SIGCONT)
            assert finished(jobs, job).state == "done"
    assert len(collection) == 200
    assert collection.verify().ok


def test_the_last_fifty_jobs_are_remembered(
    jobs: Jobs, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.jobs.queue.KEPT", 2)
    paused = jobs.pause(jobs.start("verify").id)
    ended = [finished(jobs, jobs.stop(jobs.start("verify").id)) for _ in range(3)]
    last = finished(jobs, jobs.start("verify"))
    assert [job.id for job in jobs.all()] == [last.id, paused.id]
    with pytest.raises(ItemNotFound, match="there is no job"):
        jobs.job(ended[0].id)
    with Jobs(collection) as later:
        assert later.all() == jobs.all()


def test_only_known_work_is_taken(jobs: Jobs, folder: Path) -> None:
    with pytest.raises(ValueError, match="'verify' with 1 paths"):
        jobs.start("verify", [folder])
    with pytest.raises(ValueError, match="no job 'dance'"):
        jobs.start("dance")  # type: ignore[arg-type]
    assert jobs.all() == []


def test_a_renewal_lets_other_work_pass_and_goes_on_after_it(
    jobs: Jobs, collection: Collection, many: Path, folder: Path, draw: Draw, rows: Callable[..., object]
) -> None:
    collection.add(many)
    with collection._store.writing():
        rows(collection, "UPDATE spaces SET version = 'older' WHERE name = 'texture'")
    renewal = jobs.start("renew")
    assert jobs.start("renew").id == renewal.id
    with watching(jobs) as wait:
        wait(lambda: jobs.job(renewal.id).done > 0)
        draw(folder / "later.png", 1000)
        added = jobs.start("add", [folder])
        wait(lambda: jobs.job(added.id).has_ended)
    assert jobs.job(added.id).report is not None
    assert jobs.job(added.id).report["added"] == 1
    renewed = finished(jobs, renewal)
    assert renewed.report is not None
    assert renewed.report["switched"] == ["texture"]
    [texture] = [each for each in collection.generations() if (each.space, each.state) == ("texture", "serving")]
    assert texture.vectors == 201
    assert collection.verify().ok


def test_indexes_are_measured_and_built_as_jobs(jobs: Jobs, collection: Collection, many: Path) -> None:
    collection.add(many)
    built = finished(jobs, jobs.start("graph"))
    assert built.report == {"vectors": 200}
    audited = finished(jobs, jobs.start("audit"))
    assert audited.report is not None
    found = {each["space"]: each for each in audited.report["spaces"]}
    assert set(found) == {"colour", "picture", "shape", "texture"}
    assert "graph" in {finding["index"] for finding in found["picture"]["findings"]}
    assert audited.done == audited.total


def test_a_push_without_a_search_engine_is_refused_when_it_is_asked_for(jobs: Jobs) -> None:
    with pytest.raises(BadQuery, match=r"no search engine is set; give its URL, .* as LOOKALIKE_ENGINE"):
        jobs.start("push")
    assert jobs.all() == []


def test_a_push_beside_another_one_of_the_same_space_ends_and_keeps_nobody_waiting(
    tmp_path: Path, folder: Path, fast: Settings, draw: Draw
) -> None:
    draw(folder / "1.png", 1)
    settings = fast.model_copy(update={"engine": "http://127.0.0.1:9"})
    with Collection(tmp_path / "c", settings=settings) as collection, Jobs(collection) as jobs:
        collection.add(folder)
        with writer_lock(collection.folder / "push-picture.lock"):
            pushed, added = jobs.start("push"), jobs.start("add")
            assert finished(jobs, added).state == "done"
        job = jobs.job(pushed.id)
    assert job.state == "failed"
    assert f"the space picture is being pushed by process {os.getpid()} " in job.message
    assert job.message.endswith("; wait until it has ended, or stop it")
