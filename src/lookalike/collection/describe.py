"""Describing the same pictures in several spaces, each part computed once."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from lookalike.types import CompositeDescriber, Describer, Image, Mask, Vectors

Key = TypeVar("Key", bound=Hashable)
"""What tells spaces, or generations of them, apart."""


def describe_all(
    images: Sequence[Image], describers: Mapping[Key, Describer], masks: Sequence[Mask | None] | None = None
) -> dict[Key, Vectors]:
    """Return the vectors (N, D) of each space; what several of them are combined of is described once."""
    known: dict[tuple[str, str], Vectors] = {}

    def described(describer: Describer) -> Vectors:
        identity = describer.name, describer.version
        if identity not in known:
            if isinstance(describer, CompositeDescriber):
                known[identity] = describer.combine({part.name: described(part) for part in describer.parts})
            else:
                known[identity] = describer.describe(images, masks)
        return known[identity]

    return {key: described(describer) for key, describer in describers.items()}
