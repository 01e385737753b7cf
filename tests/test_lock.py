"""The writer lock: one holder, named, and gone with its process."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lookalike.errors import CollectionBusy
from lookalike.lock import writer_lock

HOLD = """
import sys, time
from pathlib import Path
from lookalike.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_holder_is_told_who_holds_it(tmp_path):
    with writer_lock(tmp_path / "lock"):
        told = pytest.raises(CollectionBusy, match=rf"process {os.getpid()} \(.+\) since \d{{4}}-.+; wait until")
        with told, writer_lock(tmp_path / "lock"):
            pass
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
    with writer_lock(tmp_path / "lock"):
        pass
    assert (tmp_path / "lock").read_text() == ""


def test_a_second_holder_is_told_what_the_first_one_does(tmp_path):
    deed = "the space shape is being pushed"
    with writer_lock(tmp_path / "lock", deed=deed):
        told = pytest.raises(CollectionBusy, match=rf"^{deed} by process {os.getpid()} \(.+\) since .+; wait until")
        with told, writer_lock(tmp_path / "lock", deed=deed):
            pass


def test_a_holder_that_fails_gives_it_back(tmp_path):
    with pytest.raises(ZeroDivisionError), writer_lock(tmp_path / "lock"):
        raise ZeroDivisionError
    with writer_lock(tmp_path / "lock"):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', "\udcff"])
def test_a_holder_that_left_no_name_is_another_process(tmp_path, content):
    path = tmp_path / "lock"
    with writer_lock(path):
        path.write_bytes(content.encode(errors="surrogateescape"))
        with pytest.raises(CollectionBusy, match="by another process; "), writer_lock(path):
            pass


def test_the_lock_of_a_killed_process_is_free_and_its_name_forgotten(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(CollectionBusy, match=f"process {holder.pid} "), writer_lock(path):
            pass
        holder.send_signal(signal.SIGKILL)
    with writer_lock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_the_lock_is_not_inherited_by_programs_that_the_holder_starts(tmp_path: Path) -> None:
    code = "import time; print('here', flush=True); time.sleep(600)"
    with writer_lock(tmp_path / "lock"):
        child = subprocess.Popen([sys.executable, "-c", code], close_fds=False, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        with writer_lock(tmp_path / "lock"):
            pass
        child.kill()


def test_of_many_who_wait_one_at_a_time_holds_a_lock_whose_file_vanishes(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "lock", 0, 0

    def hold() -> None:
        nonlocal inside, most
        with writer_lock(path, patience=60, leaves_file=False):
            inside += 1
            most = max(most, inside)
            time.sleep(0.002)
            inside -= 1

    with ThreadPoolExecutor(8) as threads:
        for held in [threads.submit(hold) for _ in range(40)]:
            held.result()
    assert most == 1
    assert not path.exists()
