"""The simplest finder: one instance, the whole frame."""

from collections.abc import Sequence

import numpy as np

from lookalike.types import Frame, Instances


class WholeFrame:
    """Finds each frame itself, with full confidence."""

    name = "whole"
    version = "1"

    def find(self, frames: Sequence[Frame]) -> list[Instances]:
        """Return one instance per frame: the box of the upright original."""
        return [
            Instances(
                boxes=np.array([[0, 0, frame.size[1], frame.size[0]]], dtype=np.float32),
                scores=np.ones(1, dtype=np.float32),
                masks=(None,),
            )
            for frame in frames
        ]
