"""Describers: pictures and masked regions in, vectors out whose dot product says how alike they look."""

from __future__ import annotations

import warnings
from importlib.metadata import entry_points

from lookalike.types import Describer

GROUP = "lookalike.describers"


def load_describers() -> dict[str, Describer]:
    """Make one describer of each entry point of the group ``lookalike.describers``, the built-in ones included.

    Returns
    -------
    describers : dict
        By name, in the order of the names.

    Warns
    -----
    RuntimeWarning
        If one cannot be made or is no describer, with its name and the package that brought it; the others work on.
    """
    describers: dict[str, Describer] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            describer = point.load()()
            if not isinstance(describer, Describer):
                raise TypeError("it lacks name, version, size, n_dims or describe()")
        except Exception as error:
            package = point.dist.name if point.dist else "unknown"
            warnings.warn(
                f"the describer {point.name!r} of the package {package!r} is left out, "
                f"because loading it failed ({error}): update or uninstall that package",
                RuntimeWarning,
                stacklevel=2,
            )
        else:
            describers[describer.name] = describer
    return describers
