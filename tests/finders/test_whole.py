"""The whole frame is one instance."""

import numpy as np

from lookalike.finders.whole import WholeFrame
from lookalike.types import Finder, Frame


def test_each_frame_is_one_box_of_the_upright_original() -> None:
    frame = Frame(np.zeros((30, 40, 3), np.uint8), size=(300, 400))
    (found,) = WholeFrame().find([frame])
    assert found.boxes.tolist() == [[0, 0, 400, 300]]
    assert found.scores.tolist() == [1]
    assert found.masks == (None,)


def test_no_frames_have_no_instances() -> None:
    assert WholeFrame().find([]) == []


def test_it_fulfils_the_contract() -> None:
    assert isinstance(WholeFrame(), Finder)
