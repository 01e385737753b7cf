"""Describing the same pictures in several spaces, each part computed once."""

from collections.abc import Mapping, Sequence

from lookalike.describers.combined import CombinedDescriber
from lookalike.types import Describer, Image, Mask, Vectors


def describe_all(
    images: Sequence[Image], describers: Mapping[str, Describer], masks: Sequence[Mask | None] | None = None
) -> dict[str, Vectors]:
    """Return the vectors (N, D) of each space; a combination takes those its parts already have."""
    vectors: dict[str, Vectors] = {}
    for name, describer in sorted(describers.items(), key=lambda pair: isinstance(pair[1], CombinedDescriber)):
        if isinstance(describer, CombinedDescriber) and all(part.name in vectors for part in describer.parts):
            vectors[name] = describer.combine(vectors)
        else:
            vectors[name] = describer.describe(images, masks)
    return vectors
