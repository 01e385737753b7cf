from importlib.metadata import EntryPoint, EntryPoints, entry_points

import numpy as np
import pytest

from lookalike import describers
from lookalike.describers import fitted


def offering(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Let the environment offer one describer more, as an installed plug-in would."""
    points = [*entry_points(group=describers.GROUP), EntryPoint("stripes", value, describers.GROUP)]
    monkeypatch.setattr(describers, "entry_points", lambda group: EntryPoints(points))


def test_the_three_built_in_describers_are_registered() -> None:
    assert {"colour", "texture", "shape"} <= describers.load_describers().keys()


@pytest.mark.parametrize("value", ["no_such_module:Stripes", "json:NoSuchThing", "fractions:Fraction"])
def test_a_broken_plug_in_is_named_and_the_others_work(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    before = describers.load_describers().keys()
    offering(monkeypatch, value)
    with pytest.warns(RuntimeWarning, match=r"the describer 'stripes' of the package .* is left out"):
        assert describers.load_describers().keys() == before


def test_there_is_no_calibration_without_a_file() -> None:
    assert fitted.load_calibration("no-such-describer") is None


def test_fitted_arrays_survive_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(fitted, "FOLDER", tmp_path / "fitted")
    fitted.save_fitted("trial", {"matrix": np.eye(3)})
    arrays, fingerprint = fitted.load_fitted("trial")
    np.testing.assert_array_equal(arrays["matrix"], np.eye(3))
    assert arrays["matrix"].dtype == np.float32
    fitted.save_fitted("trial", {"matrix": np.eye(4)})
    assert fitted.load_fitted("trial")[1] != fingerprint
    fitted.load_fitted.cache_clear()


def test_a_calibration_survives_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(fitted, "FOLDER", tmp_path)
    line = np.linspace(0, 1, 5, dtype=np.float32)
    names = ("reference", "tail_z", "tail_log_p", "log_rates", "precisions")
    np.savez(tmp_path / "trial.npz", judges=np.array(True), **dict.fromkeys(names, line))
    calibration = fitted.load_calibration("trial")
    assert calibration is not None
    assert calibration.judges is True
    np.testing.assert_array_equal(calibration.precisions, line)
    fitted.load_calibration.cache_clear()


def test_a_vector_of_zeros_points_along_all_axes_alike() -> None:
    found = fitted.normalized(np.zeros((2, 4), np.float32))
    np.testing.assert_allclose(found, 0.5)
