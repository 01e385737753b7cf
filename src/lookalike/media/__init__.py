"""Picture files: finding them, decoding them safely, and reading what they say about themselves."""

from lookalike.media.decoder import Decoded, Decoder, read_picture
from lookalike.media.files import Found, folders_beneath, open_beneath, sha256_of, walk
from lookalike.media.limits import Limits
from lookalike.media.metadata import Metadata

__all__ = [
    "Decoded",
    "Decoder",
    "Found",
    "Limits",
    "Metadata",
    "folders_beneath",
    "open_beneath",
    "read_picture",
    "sha256_of",
    "walk",
]
