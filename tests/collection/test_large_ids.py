"""Numbers that no database has as ids of pictures: they are unknown, like any other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.collection import Collection
from lookalike.errors import ItemNotFound

Draw = Callable[..., Path]


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, -(2**63) - 1, 10**30])
def test_a_number_of_any_size_is_the_id_of_no_picture(
    number: int, collection: Collection, folder: Path, draw: Draw
) -> None:
    draw(folder / "1.png", 1)
    collection.add(folder)
    collection.make_album("all", [1])
    for ask in (
        lambda: collection.item(number),
        lambda: collection.remove([1, number]),
        lambda: collection.make_album("none", [number]),
        lambda: collection.add_to_album("all", [number]),
        lambda: collection.thumbnail(number),
    ):
        with pytest.raises(ItemNotFound, match=str(number)):
            ask()
    assert collection.remove_from_album("all", [number]) == 0
    assert [item.id for item in collection.items()] == [1]
