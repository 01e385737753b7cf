"""Programs that work behind a terminal and have none."""

import os
import pty
import sys
from pathlib import Path

import lookalike

PROGRAM = """
import os
from lookalike.media.terminal import give_up_terminal
os.close(os.open("/dev/tty", os.O_RDWR))
if os.fork() == 0:  # who leads a session takes the terminal from all in it
    give_up_terminal()
    give_up_terminal()
    try:
        os.open("/dev/tty", os.O_RDWR)
        os._exit(1)
    except OSError:
        os._exit(0)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_who_gives_up_the_terminal_cannot_reach_it_any_more() -> None:
    pid, descriptor = pty.fork()
    if pid == 0:
        packages = str(Path(lookalike.__file__).parents[1])
        os.execve(sys.executable, [sys.executable, "-c", PROGRAM], os.environ | {"PYTHONPATH": packages})
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(descriptor)
