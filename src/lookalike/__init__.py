"""Lookalike finds pictures, regions of pictures, people, writing and moments of video by what they show."""

__version__ = "0.1.0"
