"""What stands for a describer that made vectors and is not installed."""

from collections.abc import Sequence
from typing import NoReturn

from lookalike.collection.store import Space
from lookalike.errors import IncompatibleCollection, ModelNotFound
from lookalike.types import Image, Mask, Vectors


class GoneDescriber:
    """Has the name and the version of what made a generation, and says what to do when it shall describe.

    What is stored can still be compared: pictures of the collection with each other.

    Parameters
    ----------
    space : Space
        The generation.
    is_of_network : bool
        Whether a network made it.
    """

    def __init__(self, space: Space, *, is_of_network: bool) -> None:
        self.name = space.name
        self.version = space.version
        self.size = 1
        self.n_dims = space.n_dims
        self._is_of_network = is_of_network

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Refuse to describe.

        Raises
        ------
        ModelNotFound
            If a network made the generation.
        IncompatibleCollection
            If something else did.
        """
        self.refuse()

    def refuse(self) -> NoReturn:
        """Say that the describer is missing; raises as `describe` does."""
        if self._is_of_network:
            raise ModelNotFound(
                f"the network that described the space {self.name} (version {self.version}) is not installed; "
                "`lookalike models add FOLDER` or `lookalike models pull NAME` installs it, "
                "`lookalike models use NAME` describes the pictures by another"
            )
        raise IncompatibleCollection(
            f"the space {self.name} was described by version {self.version}, which is not installed any more; "
            "run `lookalike renew` to describe the pictures by the one that is"
        )
