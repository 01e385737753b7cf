"""What can go wrong, named by what the user met.

Every message is one sentence with the fact, the value and the remedy. Front ends catch `LookalikeError` once.
"""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of an `OSError` by which a system says that there is no room, for anybody or for this user."""


class LookalikeError(Exception):
    """The root of everything this package raises on purpose."""


class UnreadableMedia(LookalikeError):
    """A file is not a picture that can be decoded within the limits."""


class BadQuery(LookalikeError):
    """A query cannot be understood, or asks for something this collection does not have."""


class CollectionNotFound(LookalikeError):
    """There is no collection at this place."""


class CollectionBusy(LookalikeError):
    """Another process holds a lock of the collection, or of what is being installed or trained."""


class CollectionDamaged(LookalikeError):
    """Stored bytes are not the bytes that were written."""


class IncompatibleCollection(LookalikeError):
    """The collection was made by a newer version, or with another describer."""


class ItemNotFound(LookalikeError):
    """No item, album, or space of this name or id is in the collection."""


class ModelNotFound(LookalikeError):
    """No network of this name is installed."""


class UnknownWords(LookalikeError):
    """What describes pictures does not understand these words."""


class BadModel(LookalikeError):
    """A network's folder is damaged, malicious, or not what its manifest says."""


class BadRecipe(LookalikeError):
    """A recipe for training, or the pictures it names, cannot be used."""


class StorageFull(LookalikeError):
    """The disk has no room for what should be written."""


class EngineUnavailable(LookalikeError):
    """The search engine gives no answer now."""


class EngineRefused(LookalikeError):
    """The search engine answered that it does not do what was asked."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
