"""A recipe: everything that decides what a network becomes, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import fsum, inf
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from lookalike.errors import BadRecipe


@dataclass(frozen=True)
class Source:
    """How the pictures of one source take part.

    Attributes
    ----------
    head : str
        Sources with the same head share its labels.
    share : float
        Of the samples, relative to the other sources; above 0.
    smallest_crop : float
        Share of the picture's area that a crop keeps at least, in (0, 1].
    flip : bool
        Whether a mirrored picture shows the same thing.
    colour : float
        How far brightness, contrast and saturation may change, in [0, 1); hue changes a quarter as much.
    grey : float
        Probability of losing all colour, in [0, 1].
    styles : bool
        Whether labels end in a style (``dog-sketch``) that is to be overlooked.
    leave_out : tuple of str
        Labels not to train on.
    about : str
        What the pictures are and whose terms they have, for the model card; decides nothing.
    """

    head: str
    share: float
    smallest_crop: float = 0.3
    flip: bool = True
    colour: float = 0.3
    grey: float = 0.1
    styles: bool = False
    leave_out: tuple[str, ...] = ()
    about: str = ""

    def __post_init__(self) -> None:
        _check(bool(self.head), "head is a name, got none")
        _check(0 < self.share < inf, f"share is above 0, got {self.share}")
        _check(0 < self.smallest_crop <= 1, f"smallest_crop is in (0, 1], got {self.smallest_crop}")
        _check(0 <= self.colour < 1, f"colour is in [0, 1), got {self.colour}")
        _check(0 <= self.grey <= 1, f"grey is in [0, 1], got {self.grey}")


@dataclass(frozen=True)
class Shape:
    """The architecture.

    Attributes
    ----------
    widths, blocks : tuple of int
        Channels and residual blocks of each stage, four each.
    n_colours : int
        Bins of the learned histogram of colours.
    n_dims : int
        D.
    """

    widths: tuple[int, ...] = (32, 64, 144, 320)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    n_colours: int = 48
    n_dims: int = 256

    def __post_init__(self) -> None:
        _check(len(self.widths) == len(self.blocks) == 4, "widths and blocks have four numbers each")
        _check(min(*self.widths, *self.blocks, self.n_colours, self.n_dims) > 0, "all sizes are above 0")


@dataclass(frozen=True)
class Phase:
    """A part of the training: until which share of the samples pictures have which side in pixels."""

    until: float
    side: int


@dataclass(frozen=True)
class Twins:
    """Second views of pictures, in another style: what makes a network find the thing and not the style.

    Attributes
    ----------
    share : float
        Of each batch, in (0, 0.5].
    contrast : float
        What the supervised contrastive loss counts beside the classification.
    temperature : float
        Of that loss.
    drawn, cut_out, staged : mapping of str to float
        By source, the probabilities that a twin is drawn as lines, cut out before a plain background, and staged before
        one as a shop shows its goods; all others are views like the first.
    """

    share: float
    contrast: float
    temperature: float = 0.1
    drawn: Mapping[str, float] = field(default_factory=dict)
    cut_out: Mapping[str, float] = field(default_factory=dict)
    staged: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(0 < self.share <= 0.5, f"share of twins is in (0, 0.5], got {self.share}")
        _check(0 <= self.contrast < inf, f"contrast is not below 0, got {self.contrast}")
        _check(0 < self.temperature < inf, f"temperature is above 0, got {self.temperature}")
        for source in self.sources:
            shares = [style.get(source, 0.0) for style in (self.drawn, self.cut_out, self.staged)]
            _check(min(shares) >= 0 and fsum(shares) <= 1, f"the styles of {source} are shares of 1")

    @property
    def sources(self) -> set[str]:
        """The sources some of whose twins have another style."""
        return {*self.drawn, *self.cut_out, *self.staged}


@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, for how long.

    Attributes
    ----------
    sources : mapping of str to Source
        By the name in the column ``source`` of the index.
    shape : Shape
    phases : tuple of Phase
        Ascending; the last is until 1.
    n_samples : int
        Pictures shown in all.
    batch : int
    learning_rate, weight_decay, warm_up : float
        The peak rate of stochastic gradient descent with Nesterov's momentum; the share of samples until it is reached.
    smoothing : float
        Probability that a label gives to all others, in [0, 1).
    scale : float
        What cosines are multiplied by at the start; learned from there.
    artefacts : float
        Probability of blur or JPEG artefacts.
    erase : float
        Probability that a rectangle is erased.
    averaging : float
        Memory of the running average of the weights, per step.
    validation : int
        One picture in so many is kept aside to draw the learning curve.
    seed : int
    twins : Twins or None
    before : Recipe or None
        Trained first; this one begins with its weights (Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with
        Warm Restarts", ICLR 2017). In a file, the table ``before`` has what is different there; it has no twins, and
        nothing before it, unless it says so.
    """

    sources: Mapping[str, Source]
    shape: Shape = field(default_factory=Shape)
    phases: tuple[Phase, ...] = (Phase(1.0, 64),)
    n_samples: int = 1_000_000
    batch: int = 192
    learning_rate: float = 0.3
    weight_decay: float = 5e-5
    warm_up: float = 0.05
    smoothing: float = 0.1
    scale: float = 16.0
    artefacts: float = 0.1
    erase: float = 0.1
    averaging: float = 0.999
    validation: int = 50
    seed: int = 7
    twins: Twins | None = None
    before: Recipe | None = None

    def __post_init__(self) -> None:
        _check(bool(self.sources), "a recipe names at least one source")
        for name in ("learning_rate", "scale"):
            _check(0 < getattr(self, name) < inf, f"{name} is above 0, got {getattr(self, name)}")
        for name in ("warm_up", "smoothing", "averaging", "weight_decay"):
            _check(0 <= getattr(self, name) < 1, f"{name} is in [0, 1), got {getattr(self, name)}")
        for name in ("artefacts", "erase"):
            _check(0 <= getattr(self, name) <= 1, f"{name} is in [0, 1], got {getattr(self, name)}")
        _check(self.validation > 1, f"validation is above 1, got {self.validation}")
        _check(0 <= self.seed < 2**63, f"seed has 63 bits and no sign, got {self.seed}")
        _check(self.batch > 1 and self.n_samples >= self.batch, "a recipe trains at least one batch of two")
        ends = [phase.until for phase in self.phases]
        _check(ends == sorted(ends) and ends[-1:] == [1.0], f"phases ascend to 1, got {ends}")
        _check(all(phase.side >= 32 for phase in self.phases), "pictures are at least 32 pixels")
        _check(self.before is None or self.before.shape == self.shape, "what is trained before has the same shape")
        _check(
            self.twins is None or self.n_twins > 0, "a batch has one twin or more: raise batch, or the share of twins"
        )
        styled = self.twins.sources if self.twins else set()
        _check(styled <= self.sources.keys(), f"twins name sources of the recipe, got {', '.join(sorted(styled))}")

    @property
    def n_twins(self) -> int:
        """How many of a batch are twins of its first pictures."""
        return int(self.batch * self.twins.share) if self.twins else 0

    @property
    def n_steps(self) -> int:
        """Batches in all."""
        return self.n_samples // self.batch

    @property
    def n_steps_before(self) -> int:
        """Batches of all that is trained first."""
        return self.before.n_steps + self.before.n_steps_before if self.before else 0

    def side_at(self, step: int) -> int:
        """Return the side of the pictures, in pixels, at a step."""
        share = step / self.n_steps
        return next(phase.side for phase in self.phases if share < phase.until or phase.until == 1)

    def to_json(self) -> dict[str, Any]:
        """Return all that decides what the network becomes as JSON values."""
        values = asdict(self)
        recipe: dict[str, Any] | None = values
        while recipe:
            for source in recipe["sources"].values():
                del source["about"]
            recipe = recipe["before"]
        return values


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    ``base = "other.toml"`` names another file in the same folder; what stands here is put over what stands there.

    Raises
    ------
    BadRecipe
        If the file is missing, is no TOML, or says something that cannot be done.
    """
    try:
        return recipe_from_json(_read(path))
    except (OSError, tomllib.TOMLDecodeError, TypeError, ValueError, RecursionError) as error:
        raise BadRecipe(f"{path} is no recipe ({error}): see recipes/general.toml for one.") from error


def recipe_from_json(values: Mapping[str, Any]) -> Recipe:
    """Make a recipe of what `Recipe.to_json` returns, or a part of it; raise TypeError or ValueError if it is none."""
    known = dict(values)
    if (before := known.pop("before", None)) is not None:
        if not isinstance(before, dict):
            raise TypeError("before is a table")
        first = {name: value for name, value in known.items() if name != "twins"}
        known["before"] = recipe_from_json(_put_over(first, before))
    if known.get("twins", ()) is None:
        del known["twins"]
    for name, kind in (("sources", Source), ("phases", Phase), ("shape", Shape), ("twins", Twins)):
        if name in known:
            known[name] = _all_made(kind, known[name])
    return _made(Recipe, known)


def _read(path: Path) -> dict[str, Any]:
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    base = values.pop("base", None)
    if base is None:
        return values
    if not isinstance(base, str) or Path(base).name != base:
        raise ValueError(f"base is the name of a file beside it, got {base!r}")
    beneath = tomllib.loads((path.parent / base).read_text(encoding="utf-8"))
    if "base" in beneath:
        raise ValueError(f"{base} has a base itself")
    return _put_over(beneath, values)


def _put_over(beneath: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return `beneath` with `values` put over it, table by table."""
    both = {
        name: _put_over(beneath[name], value)
        for name, value in values.items()
        if isinstance(value, dict) and isinstance(beneath.get(name), dict)
    }
    return {**beneath, **values, **both}


def _all_made(kind: type[Any], values: Any) -> Any:
    """Return one value, or all in a list or a table of tables."""
    if isinstance(values, list | tuple):
        return tuple(_made(kind, value) for value in values)
    if kind is Source and isinstance(values, dict):
        return {name: _made(kind, value) for name, value in values.items()}
    return _made(kind, values)


def _made(kind: type[Any], values: Any) -> Any:
    what = kind.__name__.lower()
    if not isinstance(values, dict):
        raise TypeError(f"{what} is a table, got {values!r}")
    types = get_type_hints(kind)
    if unknown := values.keys() - types.keys():
        raise ValueError(f"{what} has no {min(unknown)!r}, but {', '.join(sorted(types))}")
    made = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    for name, value in made.items():
        if not _is_a(value, types[name]):
            raise TypeError(f"{name} of {what} cannot be {value!r}")
    return kind(**made)


def _is_a(value: object, kind: Any) -> bool:
    """Whether a value is of a field's type; a whole number is a float too, a truth value no number."""
    if get_origin(kind) is UnionType:
        return any(_is_a(value, each) for each in get_args(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is_a(each, get_args(kind)[0]) for each in value)
    if kind is float:
        kind = (int, float)
    elif get_origin(kind):  # the sources, which are made by now
        kind = get_origin(kind)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _check(claim: bool, message: str) -> None:
    if not claim:
        raise ValueError(message)
