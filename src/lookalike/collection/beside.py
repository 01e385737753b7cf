"""Where something new is made: beside its place, to be renamed when it is complete."""

import os
from hashlib import blake2b
from pathlib import Path

from lookalike.collection.sizes import UNFINISHED
from lookalike.errors import LookalikeError


def part_beside(destination: Path) -> Path:
    """Return the hidden place at which a destination is made: always the same, and short however long its name is.

    Parameters
    ----------
    destination : Path
        In a folder that is there already.

    Raises
    ------
    LookalikeError
        If nothing can have the destination's name, which would else come out when all is written.
    """
    try:
        destination.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise LookalikeError(f"{destination} cannot be made ({error.strerror}); name another place") from error
    digest = blake2b(os.fsencode(destination.name), digest_size=8).hexdigest()
    return destination.with_name(f".{digest}{UNFINISHED}")
