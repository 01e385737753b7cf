"""Working behind a terminal that is not one's own."""

import fcntl
import os
import termios
from contextlib import suppress


def give_up_terminal() -> None:
    """Have no terminal any more, if there was one: it neither stops nor ends this process, nor obeys it.

    A session of its own would do that too, but Linux shares the processor between sessions first (`sched_autogroup`):
    however nice a process is, alone in a session it would have as much as all of the server that it works for.
    """
    with suppress(OSError):
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(descriptor, termios.TIOCNOTTY)
        finally:
            os.close(descriptor)
