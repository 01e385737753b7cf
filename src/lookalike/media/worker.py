"""The process that decodes: it gives up what it can before it touches the first file, and needs no file of its own.

Started by `lookalike.media.decoder` with a socket as standard input. Each message is one byte with a file descriptor;
each answer a picture or a reason. It ends when the socket closes, so also when its parent dies.
"""

import ctypes
import json
import math
import os
import resource
import signal
import socket
import sys
from contextlib import suppress

from lookalike.errors import UnreadableMedia
from lookalike.media import wire
from lookalike.media.limits import Limits
from lookalike.media.pictures import decode, limit_pillow
from lookalike.media.terminal import give_up_terminal

_N_DESCRIPTORS = 16
_PR_SET_NO_NEW_PRIVS = 38


def main(arguments: str) -> None:
    """Answer until the socket closes."""
    given = json.loads(arguments)
    size, limits = given["size"], Limits(**given["limits"])
    channel = socket.socket(fileno=0)
    _restrict(limits)
    limit_pillow(limits)
    channel.sendall(wire.READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not message:
            return
        _allow_seconds(limits.seconds)
        wire.send(channel, _answer(descriptors[0], size, limits))


def _restrict(limits: Limits) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_up_terminal()
    os.dup2(1, 2)  # nobody reads what libraries have to say from now on; standard output is the null device
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _N_DESCRIPTORS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _limit(kind: int, value: int) -> None:
    with suppress(ValueError, OSError):  # a system that lacks a limit still has the others, and the parent's clock
        resource.setrlimit(kind, (value, value))


def _allow_seconds(seconds: float) -> None:
    """Let the processor time of this process grow: its limit counts over the whole life, and is there for orphans."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    with suppress(ValueError, OSError):
        limit = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(fd: int, size: int, limits: Limits) -> wire.Picture | wire.Refusal:
    with open(fd, "rb") as file:
        try:
            return decode(file, size, limits)
        except UnreadableMedia as error:
            return wire.Refusal(str(error))
        except MemoryError:
            mebibytes = limits.memory_bytes >> 20
            return wire.Refusal(f"decoding it needs more than {mebibytes:,} MiB of memory; save it at a smaller size")


if __name__ == "__main__":
    main(sys.argv[1])
