"""Which describers a collection uses, and its spaces as searches see them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Self

from lookalike.collection.facts import describer_of
from lookalike.collection.generations import begin, choose, drop, revive
from lookalike.collection.gone import GoneDescriber
from lookalike.collection.space_files import usable_coder
from lookalike.collection.space_indexes import IndexFiles, Wishes
from lookalike.collection.store import Space, Store
from lookalike.collection.view import SpaceView
from lookalike.describers import load_describers
from lookalike.describers.combined import CombinedDescriber
from lookalike.errors import BadQuery, CollectionDamaged, ModelNotFound
from lookalike.models import Model
from lookalike.types import Describer

PICTURE = "picture"
"""The space whose describer can be chosen."""

BUNDLED, CLASSICS = "bundled", "classics"
"""Names of what describes pictures without a network of the user's: that of the package; colour, texture and shape."""


def largest_size(describers: Iterable[Describer]) -> int:
    """Return the longer side that describers want at most, in pixels."""
    return max((describer.size for describer in describers), default=1)


def _generation_by(describer: Describer, generations: Iterable[Space]) -> Space | None:
    """Return the generation that a describer made: of several the one that serves or is built, or else the newest."""
    made = [space for space in generations if space.version == describer.version]
    return max(made, key=lambda space: (space.state == "serving", space.state == "building", space.id), default=None)


class Spaces:
    """The spaces of one collection: what describes them, what should, and their views.

    Parameters
    ----------
    store : Store
    models : Path
        The folder of installed networks.
    model : str or None
        The network to describe the space `picture` by, unless the collection was told another; None takes the network
        that described it, or the bundled one, or the combined classics.
    wishes : Wishes or None
        Which index shall answer; None chooses by size.
    """

    def __init__(self, store: Store, models: Path, model: str | None, wishes: Wishes | None = None) -> None:
        self._store = store
        self._models = models
        self._model = model
        self._wishes = wishes or Wishes()
        self._generation: int | None = None
        self._views: dict[int, SpaceView] = {}
        self._index_files: dict[int, IndexFiles] = {}
        self._classical: dict[str, Describer] = {}
        self._built_in: dict[str, Describer] = {}
        self._networks_seen: dict[Model, Describer] = {}
        self._made_by: dict[tuple[str, str], Describer] = {}

    def at(self, generation: int | None) -> Self:
        """Return the same spaces, of which `picture` is seen in another generation than the one that serves."""
        if generation is None:
            return self
        self.find(PICTURE, generation)
        other = copy(self)
        other._generation = generation
        return other

    def describers(self) -> Mapping[str, Describer]:
        """Return what described each space that is searched; what is not installed stands there but cannot describe."""
        return {space.name: self.describer(space) for space in self._searched()} or self.wished()

    def wished(self) -> Mapping[str, Describer]:
        """Return what should describe each space.

        Raises
        ------
        ModelNotFound
            If the network for `picture` is not installed.
        """
        return {**self._classics(), PICTURE: self.named(self.wish())}

    def describer(self, space: Space) -> Describer:
        """Return what made a generation; if it is not installed, a stand-in that says so when it shall describe."""
        key = (space.name, space.version)
        if key not in self._made_by:
            made_it = next((each for each in self._candidates(space) if each.version == space.version), None)
            if made_it is None:
                return GoneDescriber(space, is_of_network=self._is_of_network(space))
            self._made_by[key] = made_it
        return self._made_by[key]

    def targets(self) -> dict[Space, Describer]:
        """Return the generations that pictures are described in, those that serve or are being built."""
        return {
            space: describer
            for space in self._store.generations()
            if space.state != "retired" and not isinstance(describer := self.describer(space), GoneDescriber)
        }

    def _searched(self) -> list[Space]:
        return [
            space
            for space in self._store.generations()
            if self._is_searched(space, self._generation if space.name == PICTURE else None)
        ]

    @staticmethod
    def _is_searched(space: Space, generation: int | None) -> bool:
        return space.state == "serving" if generation is None else space.generation == generation

    def find(self, name: str, generation: int | None = None) -> Space:
        """Return a generation of a space, None for the one that serves.

        Raises
        ------
        BadQuery
            If there is no such space or generation.
        """
        return self._found(self._store.generations(), name, generation)

    def _found(self, spaces: Sequence[Space], name: str, generation: int | None) -> Space:
        found = [space for space in spaces if space.name == name and self._is_searched(space, generation)]
        if found:
            return found[0]
        numbers = [space.generation for space in spaces if space.name == name]
        if numbers:
            raise BadQuery(f"the space {name} has no generation {generation}; known are {', '.join(map(str, numbers))}")
        known = ", ".join(sorted({space.name for space in spaces})) or "none yet: add pictures first"
        raise BadQuery(f"this collection has no space {name}; known are {known}")

    def _candidates(self, space: Space) -> Iterator[Describer]:
        """Yield what may have made a generation, the likeliest first, each made when it is asked for."""
        if space.name != PICTURE:
            yield from (describer for name, describer in self._classics().items() if name == space.name)
            return
        if space.model not in (None, BUNDLED, CLASSICS):
            yield from self._networks().values()
        for name in dict.fromkeys([space.model or CLASSICS, CLASSICS, BUNDLED]):
            if name == CLASSICS or (name == BUNDLED and self._has_bundled()):
                yield self.named(name)
        yield from self._networks().values()

    def wish(self) -> str:
        """Return the name of what should describe `picture`.

        It is what somebody chose for this collection, or else the setting, or else the user's own network that made
        it, or else the bundled network, or else the classics.

        Raises
        ------
        ModelNotFound
            If a network made it whose name nobody knows any more.
        """
        generations = [space for space in self._store.generations() if space.name == PICTURE]
        for space in generations:
            if space.is_chosen:
                return self.model_of(space)
        if self._model is not None:
            return self._model
        serving = [self.model_of(space) for space in generations if space.state == "serving"]
        if serving and serving[0] not in (BUNDLED, CLASSICS):
            return serving[0]
        return BUNDLED if self._has_bundled() else CLASSICS

    def model_of(self, space: Space) -> str:
        """Return the name of what described a generation of `picture`; raises `ModelNotFound` as `wish` does."""
        if space.model is not None:
            return space.model
        if not self._is_of_network(space):
            return CLASSICS
        for name, network in self._networks().items():
            if network.version == space.version:
                return name
        raise self._not_found("that described this collection")

    def named(self, name: str) -> Describer:
        """Return what describes pictures under a name: `bundled`, `classics`, or that of an installed network.

        Raises
        ------
        ModelNotFound
            If there is none.
        """
        if name == CLASSICS:
            if name not in self._built_in:
                self._built_in[name] = CombinedDescriber()
            return self._built_in[name]
        if name == BUNDLED and self._has_bundled():
            return self._built_in[name]
        networks = self._networks()
        if name not in networks:
            raise self._not_found(name)
        return networks[name]

    def names(self) -> list[str]:
        """Return what `named` takes."""
        return [*sorted(self._networks()), *([BUNDLED] if self._has_bundled() else []), CLASSICS]

    def _not_found(self, which: str) -> ModelNotFound:
        return ModelNotFound(
            f"the network {which} is not installed, known are {', '.join(sorted(self._networks())) or 'none'}; "
            "`lookalike models add FOLDER` or `lookalike models pull NAME` installs one, "
            "`lookalike models use NAME` takes another"
        )

    def _classics(self) -> Mapping[str, Describer]:
        """Return the describers of the other spaces, which are loaded once."""
        if not self._classical:
            self._classical.update(load_describers())
        return self._classical

    def _has_bundled(self) -> bool:
        from lookalike.describers.bundled import bundled_describer

        if BUNDLED not in self._built_in and (bundled := bundled_describer()) is not None:
            self._built_in[BUNDLED] = bundled
        return BUNDLED in self._built_in

    def _networks(self) -> dict[str, Describer]:
        """Return the networks that are installed now, by name; each is made once, and again if its folder changes."""
        from lookalike.describers.network import network_describer
        from lookalike.models import list_models

        seen, networks = self._networks_seen, {}
        models = list_models(self._models).models
        for model in models:
            networks[model.name] = seen[model] = seen.get(model) or network_describer(model)
        for gone in seen.keys() - set(models):
            seen.pop(gone, None)
        return networks

    def _is_of_network(self, space: Space) -> bool:
        return (describer_of(self._store.folder_of(space)) or "").endswith("NetworkDescriber")

    def ensure(self) -> dict[Space, Describer]:
        """Make the spaces that are not there yet, and begin a generation where another version should describe.

        One of that version that was kept is gone on with. What is being built already goes on, whoever wished for it.
        Only for the holder of the writer lock.

        Returns
        -------
        targets : dict of Space to Describer
            As `targets` returns them.
        """
        generations = self._store.generations()
        wish = self.wish()
        for name, describer in self.wished().items():
            model = wish if name == PICTURE else None
            mine = [space for space in generations if space.name == name]
            states = {space.state: space for space in mine}
            serving = states.get("serving")
            if serving is None:
                begin(self._store, name, describer, model, "serving")
            elif serving.version != describer.version and "building" not in states:
                kept = _generation_by(describer, mine)
                if kept is None:
                    begin(self._store, name, describer, model, "building")
                else:
                    revive(self._store, kept, model)
        return self.targets()

    def use(self, name: str) -> Space:
        """Have `picture` described by something else from now on; return the generation that it made or will make.

        One that is complete serves at once, another when `Renewal` has completed it. Only for the holder of the writer
        lock.

        Raises
        ------
        ModelNotFound
            If nothing of this name is installed.
        """
        describer = self.named(name)
        generations = [space for space in self._store.generations() if space.name == PICTURE]
        wanted = _generation_by(describer, generations)
        for space in generations:
            if space.state == "building" and space != wanted:
                drop(self._store, space)
        if wanted is None:
            wanted = begin(self._store, PICTURE, describer, name, "building" if generations else "serving")
        choose(self._store, wanted, name)
        return next(space for space in self._store.generations() if space.is_chosen and space.name == PICTURE)

    def drop(self, name: str, generation: int) -> None:
        """Delete a generation that does not serve; only for the holder of the writer lock.

        Where it was being built, what serves counts as chosen: nobody wants the other one begun again.

        Raises
        ------
        BadQuery
            If there is no such generation, or it serves.
        """
        space = self.find(name, generation)
        drop(self._store, space)
        self._forget_dropped(self._store.generations())
        if space.state == "building":
            serving = self.find(name)
            choose(self._store, serving, serving.model)

    def view(self, name: str) -> SpaceView:
        """Return a space as it is committed now.

        Raises
        ------
        BadQuery
            If the collection has no space of this name.
        """
        spaces = self._store.generations()
        self._forget_dropped(spaces)
        space = self._found(spaces, name, self._generation if name == PICTURE else None)
        view = self._views.get(space.id)
        if view is None or view.space != space:
            view = self._views[space.id] = self._opened(space)
        view.indexes.notice()
        return view

    def _forget_dropped(self, spaces: Sequence[Space]) -> None:
        """Let go of generations that are there no more: what is mapped of them keeps its room on the disk."""
        known = {space.id for space in spaces}
        for kept in (self._views, self._index_files):
            for gone in kept.keys() - known:
                kept.pop(gone, None)

    def _opened(self, space: Space) -> SpaceView:
        describer = self.describer(space)
        vectors, codes = self._store.files(space)
        try:
            folder = self._store.folder_of(space)
            files = self._index_files.get(space.id)
            if files is None or files.folder != folder:
                files = self._index_files[space.id] = IndexFiles(folder)
            return SpaceView(
                space, vectors, codes, describer, partial(usable_coder, folder, describer), files, self._wishes
            )
        except CollectionDamaged:
            newer = self.find(space.name, space.generation)
            if newer == space:
                raise
            return self._opened(newer)  # no damage: a writer put other files in the place of these
