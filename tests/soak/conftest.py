"""The rows of the reliability table: small in every run, at full size with `-m soak`.

A test gives `figure` the row, the figure to reach and the one reached; `scripts/soak.py` prints them as one table.
"""

import os
from collections.abc import Callable

import pytest

Figure = Callable[[str, str, str], None]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Note what a test reached, for the table."""

    def figure(row: str, to_reach: str, reached: str) -> None:
        record_property("row", row)
        record_property("to_reach", to_reach)
        record_property("reached", reached)

    return figure


@pytest.fixture
def share(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Take a part of a full size, LOOKALIKE_SOAK_SHARE of it, to try the long run in a short time."""
    part = float(os.environ.get("LOOKALIKE_SOAK_SHARE", "1")) if request.node.get_closest_marker("soak") else 1.0

    def share(full: int) -> int:
        return max(1, round(part * full))

    return share
