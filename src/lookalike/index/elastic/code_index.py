"""The codes of one space in an engine: written, compared by version, searched, and put in another's place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import EngineRefused, EngineUnavailable
from lookalike.index.elastic.engine import Engine, check_whole, line
from lookalike.index.elastic.ingest import MOST_BYTES, Operation, PutReport, bulk
from lookalike.index.elastic.neighbours import LOOKUP, count, create, keyword
from lookalike.index.elastic.schemes import N_WORDS, SCHEMES, Scheme, query_of, subcodes

LARGEST_K = 100_000
"""Neighbours of one query; engines stop at 10,000 unless told otherwise."""

PAGE = 10_000
"""Versions that are read at once."""

ANSWER = "timed_out,_shards,hits.hits.sort,hits.hits.fields"
"""Parts of an answer that are sent; of a thousand hits the rest would be most of it."""

TEXTS = "texts"
"""The field of texts that words are looked for in."""

LARGEST_ID = (1 << 63) - 1
NO_VERSION: Mapping[str, Sequence[int]] = {"version": [0]}

Hits: TypeAlias = Sequence[Mapping[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Layout:
    """What an index holds beside the codes, and how it is spread.

    Attributes
    ----------
    fields : mapping of str to mapping
        Name and mapping of each field of metadata, in the words of the engine.
    n_tables : int
        4 sub-codes for two-stage search, 16 where the scheme "long" is asked too.
    n_shards : int
    n_replicas : int or None
        Copies of each shard; None means one where there is a second node.
    """

    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    n_tables: int = 4
    n_shards: int = 1
    n_replicas: int | None = None

    def to_json(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings and mappings of an index that notes `about` of itself."""
        copies = {"auto_expand_replicas": "0-1"} if self.n_replicas is None else {"number_of_replicas": self.n_replicas}
        # Sub-codes are looked up and words are compared, never the other way round: each is stored in one form only.
        subcode = {"type": "keyword", "doc_values": False}
        word = {"type": "long", "index": False}
        properties = {
            "id": {"type": "long"},
            "version": {"type": "long", "index": False},
            **{f"word{number}": word for number in range(N_WORDS)},
            **{f"sub{number}": subcode for number in range(self.n_tables)},
            TEXTS: {"type": "text", "norms": False},
            **self.fields,
        }
        return {
            "settings": {
                "number_of_shards": self.n_shards,
                **copies,
                "max_result_window": LARGEST_K,
                # What is alike lies side by side, and so do most of the words that a search compares.
                "sort.field": "word0",
            },
            "mappings": {
                "dynamic": "strict",
                "_source": {"enabled": False},  # all of it can be pushed again
                "_meta": dict(about),
                "properties": properties,
            },
        }


@dataclass(frozen=True)
class EngineMatches:
    """The nearest documents of Q queries.

    Attributes
    ----------
    ids : (Q, k) int64
        -1 where there are no more.
    distances : (Q, k) int64
        Hamming distances, ascending, ties by smaller id; one more than the number of bits where the id is -1.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int64]


class CodeIndex:
    """Ordered codes of 256 bits, each under an id, in one index of an engine.

    "Ordered" means that the first 64 bits are the short code: see `lookalike.index.code_segment.ordered`.

    Parameters
    ----------
    engine : Engine
    name : str
        Of the index, or of an alias that stands for one.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    def create(self, layout: Layout, about: Mapping[str, Any]) -> None:
        """Make the index, unless it is there; `about` is what `about` returns later."""
        create(self.engine, self.name, layout.to_json(about))

    def about(self) -> dict[str, Any] | None:
        """Return what the index notes of itself; None where there is no index.

        Raises
        ------
        EngineRefused
            If the name is an alias that stands for several indexes.
        """

        def meta(answer: Mapping[str, Any]) -> dict[str, Any]:
            return dict(answer[_only(self.engine, self.name, answer)]["mappings"].get("_meta", {}))

        try:
            return self.engine.ask(meta, "GET", f"/{self.name}/_mapping")
        except EngineRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    def put(
        self,
        ids: Sequence[int],
        codes: NDArray[np.uint64],
        values: Iterable[Mapping[str, Any]] | None = None,
        *,
        n_tables: int = 4,
        most_bytes: int = MOST_BYTES,
    ) -> PutReport:
        """Write codes and what is known about each; an id that is there is replaced.

        Parameters
        ----------
        ids : N of int
            From 0 on, each once.
        codes : (N, 4) uint64
            Ordered.
        values : N of mapping, or None
            The fields of each document, by name; `version`, a signed 64-bit number, is what `versions` returns.
        n_tables : int
            As in the layout.
        most_bytes : int
            In one request.

        Raises
        ------
        EngineUnavailable, EngineRefused
            As `bulk` does; documents that are refused alone are reported.
        """
        return self.write(operations(ids, codes, values, n_tables), most_bytes=most_bytes)

    def write(self, wanted: Iterable[Operation], *, most_bytes: int = MOST_BYTES) -> PutReport:
        """Write and delete documents, as `bulk` does."""
        return bulk(self.engine, self.name, wanted, most_bytes=most_bytes)

    def refresh(self) -> None:
        """Let searches see all that was written."""
        self.engine.request("POST", f"/{self.name}/_refresh")

    def count(self) -> int:
        """Return how many documents searches see; 0 where there is no index."""
        return count(self.engine, self.name)

    def n_bytes(self) -> int:
        """Return how large the index is on disk, without copies."""
        return self.engine.ask(
            lambda answer: int(answer["_all"]["primaries"]["store"]["size_in_bytes"]),
            "GET",
            f"/{self.name}/_stats/store",
        )

    def versions(self, first: int, end: int | None = None) -> dict[int, int]:
        """Return the versions of the documents with ids from `first` to below `end`, as searches see them.

        The version of a document that has none is 0.
        """
        found: dict[int, int] = {}
        while True:
            span = range(first, LARGEST_ID if end is None else end)
            body = {
                "size": PAGE,
                "query": {"range": {"id": {"gte": span.start, "lt": span.stop}}},
                "sort": [{"id": "asc"}],
                "stored_fields": "_none_",
                "docvalue_fields": ["version"],
                "track_total_hits": False,
            }
            page = self._search(partial(_versions, span=span), body)
            found |= dict(page)
            if len(page) < PAGE:
                return found
            first = page[-1][0] + 1

    def search(
        self,
        codes: NDArray[np.uint64],
        k: int,
        *,
        scheme: str = "two-stage",
        clauses: Sequence[Mapping[str, Any]] = (),
        words: str | None = None,
    ) -> EngineMatches:
        """Return the nearest of the documents that share a sub-code, or nearly, with a query.

        Parameters
        ----------
        codes : (Q, 4) uint64
            Ordered.
        k : int
            From 1 to 100,000.
        scheme : str
            A key of `SCHEMES`.
        clauses : sequence of mapping
            Conditions on metadata, in the query language of the engine, that all hits fulfil.
        words : str or None
            Words that all stand in the texts of each hit.

        Raises
        ------
        ValueError
            If k, the codes, or the scheme cannot be.
        EngineUnavailable
            If the engine, or a part of the index, cannot be asked now: there is no answer from a part.
        EngineRefused
            If there is no such index, or it does not understand a condition.

        References
        ----------
        Korfhage et al., "ElasticHash: Semantic Image Similarity Search by Deep Hashing with Elasticsearch", CAIP 2021.

        Notes
        -----
        Differs from the paper: sub-codes have no doc values and documents no source, equal distances are in the order
        of ids, and hits are not counted.
        """
        if codes.ndim != 2 or codes.shape[1] != N_WORDS or codes.dtype != np.uint64:
            raise ValueError(f"queries are (Q, {N_WORDS}) uint64, got {codes.shape} {codes.dtype}; encode them first")
        if not 1 <= k <= LARGEST_K:
            raise ValueError(f"k is from 1 to {LARGEST_K}, got {k}; narrow the search with a condition")
        if scheme not in SCHEMES:
            raise ValueError(f"a scheme is one of {', '.join(SCHEMES)}, got {scheme}")
        said = () if words is None else ({"match": {TEXTS: {"query": words, "operator": "and"}}},)
        n_bits = SCHEMES[scheme].n_bits
        ids = np.full((len(codes), k), -1, dtype=np.int64)
        distances = np.full((len(codes), k), n_bits + 1, dtype=np.int64)
        for query, code in enumerate(codes):
            found = self._nearest(code, k, SCHEMES[scheme], (*clauses, *said))
            ids[query, : len(found)] = [id_ for _, id_ in found]
            distances[query, : len(found)] = [distance for distance, _ in found]
        return EngineMatches(ids, distances)

    def _nearest(
        self, code: NDArray[np.uint64], k: int, scheme: Scheme, clauses: Sequence[Mapping[str, Any]]
    ) -> list[tuple[int, int]]:
        """Return the distance and id of each hit; what they are sorted by, so that nothing need be fetched."""
        body = {
            "size": k,
            "query": query_of(code, scheme, LOOKUP, clauses),
            "sort": [{"_score": "desc"}, {"id": "asc"}],
            "stored_fields": "_none_",
            "track_total_hits": False,
        }
        return self._search(partial(_distances, k=k, n_bits=scheme.n_bits), body)

    def _search(self, read: Callable[[Hits], T], body: Mapping[str, Any]) -> T:
        """Return what `read` makes of the hits of all parts of the index."""

        def hits(answer: Mapping[str, Any]) -> T:
            check_whole(self.engine, self.name, answer)
            return read(answer.get("hits", {}).get("hits", []))

        whole = {"allow_partial_search_results": "false", "filter_path": ANSWER}
        return self.engine.ask(hits, "POST", f"/{self.name}/_search", body, **whole)

    def drop(self) -> None:
        """Delete the index, if it is there."""
        try:
            self.engine.request("DELETE", f"/{self.name}")
        except EngineRefused as refusal:
            if refusal.status != 404:
                raise


def _distances(hits: Hits, k: int, n_bits: int) -> list[tuple[int, int]]:
    """Return the distance and id of each hit; raises `ValueError` where they are not the best k in order."""
    found = [(int(n_bits - score), id_) for score, id_ in (hit["sort"] for hit in hits)]
    is_sound = all(0 <= distance <= n_bits and _is_id(id_) for distance, id_ in found)
    if not is_sound or len(found) > k or found != sorted(found) or len({id_ for _, id_ in found}) < len(found):
        raise ValueError(f"{len(found)} hits for k = {k}")
    return found


def _versions(hits: Hits, span: range) -> list[tuple[int, int]]:
    """Return the id and version of each hit; raises `ValueError` where the ids are not in order, or not in a span."""
    found = [(hit["sort"][0], hit.get("fields", NO_VERSION)["version"][0]) for hit in hits]
    ids = [id_ for id_, _ in found]
    if not all(_is_id(id_) and id_ in span for id_ in ids) or ids != sorted(ids):
        raise ValueError(f"ids of {span}")
    return found


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_ID


def operations(
    ids: Sequence[int],
    codes: NDArray[np.uint64],
    values: Iterable[Mapping[str, Any]] | None = None,
    n_tables: int = 4,
) -> Iterator[Operation]:
    """Yield what writes documents; the parameters are those of `CodeIndex.put`."""
    words = codes.view(np.int64).tolist()
    tables = subcodes(codes, n_tables).tolist()
    known: Iterable[Mapping[str, Any]] = ({} for _ in ids) if values is None else values
    for id_, own_words, own_subcodes, own in zip(ids, words, tables, known, strict=True):
        document = {
            "id": id_,
            **{f"word{number}": word for number, word in enumerate(own_words)},
            **{f"sub{number}": keyword(subcode) for number, subcode in enumerate(own_subcodes)},
            **own,
        }
        yield Operation(id_, line(document))


def index_behind(engine: Engine, alias: str) -> str | None:
    """Return the index that an alias stands for, None if there is none.

    Raises
    ------
    EngineRefused
        If an index itself has the name.
    """
    try:
        index = engine.ask(partial(_only, engine, alias), "GET", f"/{alias}/_alias")
    except EngineRefused as refusal:
        if refusal.status == 404:
            return None
        raise
    if index == alias:
        raise EngineRefused(f"{alias} is an index of {engine.url} that others made; choose another name", 400)
    return index


def _only(engine: Engine, name: str, answer: Mapping[str, Any]) -> str:
    """Return the one index that an answer tells of."""
    names = sorted(answer.keys())
    if len(names) > 1:
        raise EngineRefused(
            f"{name} at {engine.url} stands for several indexes ({', '.join(names)}); take it from those that others "
            "made, or choose another name",
            400,
        )
    return names[0]


def switch(engine: Engine, alias: str, index: str, old: str | None) -> None:
    """Let an alias stand for an index, and delete the one that it stood for, both in one step.

    Parameters
    ----------
    old : str or None
        What `index_behind` says of the alias.

    Raises
    ------
    EngineUnavailable
        If the engine does not say that it is done.
    """
    if old == index:
        return
    actions: list[dict[str, Any]] = [{"add": {"index": index, "alias": alias}}]
    if old is not None:
        actions.append({"remove_index": {"index": old}})
    is_done = engine.ask(lambda answer: answer["acknowledged"], "POST", "/_aliases", {"actions": actions})
    if is_done is not True:
        raise EngineUnavailable(
            f"{engine.url} does not say that {alias} stands for {index} now; see its health, and try again"
        )
