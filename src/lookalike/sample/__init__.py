"""The drawn picture world: pictures with known truth, for the demo, the tests and the benchmarks."""

from lookalike.sample.composition import KINDS, draw_picture
from lookalike.sample.edits import EDITS
from lookalike.sample.manifest import Entry, Instance, Manifest, RunLengths, Word, read_manifest
from lookalike.sample.stage import Picture
from lookalike.sample.world import draw_world

__all__ = [
    "EDITS",
    "KINDS",
    "Entry",
    "Instance",
    "Manifest",
    "Picture",
    "RunLengths",
    "Word",
    "draw_picture",
    "draw_world",
    "read_manifest",
]
