"""Which describers a collection uses, and its spaces as searches see them."""

from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.collection.facts import describer_of, write_facts
from lookalike.collection.store import Space, Store
from lookalike.collection.view import SpaceView
from lookalike.describers import load_describers
from lookalike.describers.combined import CombinedDescriber
from lookalike.errors import BadQuery, CollectionDamaged, IncompatibleCollection, ModelNotFound
from lookalike.finders.whole import WholeFrame
from lookalike.types import Describer


class Spaces:
    """The spaces of one collection, each with the describer that made it.

    Parameters
    ----------
    store : Store
    models : Path
        The folder of installed networks.
    model : str or None
        The network that describes the `picture` space of a new collection; None takes the combined classics.
    """

    def __init__(self, store: Store, models: Path, model: str | None) -> None:
        self._store = store
        self._models = models
        self._model = model
        self._views: dict[str, SpaceView] = {}
        self._describers: dict[str, Describer] | None = None

    def describers(self) -> Mapping[str, Describer]:
        """Return the describer of every space, the one that made it where the space exists.

        Raises
        ------
        IncompatibleCollection
            If a space was made by another version of its describer.
        ModelNotFound
            If the network that made `picture` is not installed.
        """
        for space in self._store.spaces():
            check_version(space, self.installed())
        return self.installed()

    def installed(self) -> Mapping[str, Describer]:
        """Return the describers to describe with from now on, whatever made the vectors that are there."""
        if self._describers is None:
            self._describers = {**load_describers(), "picture": self._picture_describer()}
        return self._describers

    def _picture_describer(self) -> Describer:
        known = {space.name: space for space in self._store.spaces()}.get("picture")
        combined = CombinedDescriber()
        if self._model is None and (known is None or known.version == combined.version):
            return combined
        from lookalike.describers.network import NetworkDescriber
        from lookalike.models import list_models

        installed = {model.name: NetworkDescriber(model) for model in list_models(self._models).models}
        made_it = [d for d in installed.values() if known is not None and d.version == known.version]
        if made_it:
            return made_it[0]
        if self._model in installed:
            return installed[self._model]
        if self._model is None and not self._is_of_network(known):
            return combined
        raise ModelNotFound(
            f"the network {self._model or 'that described this collection'} is not installed, "
            f"known are {', '.join(sorted(installed)) or 'none'}; "
            "`lookalike models add FOLDER` or `lookalike models pull NAME` installs one"
        )

    def _is_of_network(self, space: Space | None) -> bool:
        return space is not None and describer_of(self._store.folder / "spaces" / space.folder) == "NetworkDescriber"

    def ensure(self) -> list[Space]:
        """Make the spaces that are not there yet; return all of them. Only for the holder of the writer lock."""
        describers = self.installed()
        known = {space.name for space in self._store.spaces()}
        for name, describer in describers.items():
            if name not in known:
                self._make(name, describer)
        return [space for space in self._store.spaces() if space.name in describers]

    def _make(self, name: str, describer: Describer) -> None:
        folder = self._store.folder / "spaces" / name
        folder.mkdir(parents=True, exist_ok=True)
        write_facts(folder, name, describer)
        values = {
            "name": name,
            "generation": 1,
            "folder": name,
            "finder": WholeFrame.name,
            "version": describer.version,
            "n_dims": describer.n_dims,
            "n_rows": 0,
            "n_vectors": 0,
        }
        with self._store.changes.begin() as connection:
            connection.execute(sa.insert(t.spaces).values(values))

    def view(self, name: str) -> SpaceView:
        """Return a space as it is committed now.

        Raises
        ------
        BadQuery
            If the collection has no space of this name.
        """
        space = self._space(name)
        view = self._views.get(name)
        if view is None or view.space != space:
            view = self._views[name] = self._opened(space)
        return view

    def _space(self, name: str) -> Space:
        spaces = {space.name: space for space in self._store.spaces()}
        if name not in spaces:
            known = ", ".join(sorted(spaces)) or "none yet: add pictures first"
            raise BadQuery(f"this collection has no space {name}; known are {known}")
        return spaces[name]

    def _opened(self, space: Space) -> SpaceView:
        describers = self.describers()
        if space.name not in describers:
            raise IncompatibleCollection(
                f"the space {space.name} needs a plug-in that is not installed; install it again"
            )
        try:
            return SpaceView(space, self._store.vector_file(space), describers[space.name])
        except CollectionDamaged:
            newer = self._space(space.name)
            if newer == space:
                raise
            return self._opened(newer)  # no damage: a writer put other files in the place of these


def check_version(space: Space, describers: Mapping[str, Describer]) -> None:
    """Refuse a space whose vectors another version of the describer made: vectors of two versions never mix."""
    describer = describers.get(space.name)
    if describer is not None and describer.version != space.version:
        raise IncompatibleCollection(
            f"the space {space.name} was described by version {space.version}, installed is {describer.version}; "
            "run `lookalike repair` to describe the pictures again, or install what described them"
        )
