"""The rows of the reliability table: small in every run, at full size with `-m soak`.

`scripts/soak.py` prints as one table what the tests note with `figure`.
"""

import os
from collections.abc import Callable

import pytest


@pytest.fixture
def share(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Take a part of a full size, LOOKALIKE_SOAK_SHARE of it, to try the long run in a short time."""
    part = float(os.environ.get("LOOKALIKE_SOAK_SHARE", "1")) if request.node.get_closest_marker("soak") else 1.0

    def share(full: int) -> int:
        return max(1, round(part * full))

    return share
