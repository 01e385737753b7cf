"""Answers: hits with their evidence, as values, JSON, a contact sheet and a notebook's HTML."""

import base64
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from lookalike.errors import LookalikeError
from lookalike.types import Image

SHEET_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Evidence:
    """Why a hit is there, for one term of the query.

    Attributes
    ----------
    term : str
        As the one-line syntax writes it, with a minus where it is not wanted.
    space : str
        Where it was looked for: a space's name, or "metadata".
    similarity : float or None
        As the space measures it; None where a term holds or does not.
    chance : float or None
        How likely an unrelated picture is at least as close.
    box : (x0, y0, x1, y1) or None
        What earned it, in pixels of the upright original; None where it is no place.
    text : str or None
        The words that matched, with their source.
    """

    term: str
    space: str
    similarity: float | None = None
    chance: float | None = None
    box: tuple[float, float, float, float] | None = None
    text: str | None = None

    def sentence(self) -> str:
        """Return the evidence as people read it."""
        if self.text is not None:
            return f"{self.term}: {self.text}"
        if self.chance is None or self.similarity is None:
            return f"{self.term}: matches"
        return f"{self.term}: {self.space} {self.similarity:.2f}, {_chance(self.chance)} are as close by chance"

    def to_json(self) -> dict[str, Any]:
        """Return the evidence as JSON values."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value is not None}


def _chance(chance: float) -> str:
    if chance < 1e-6:
        return "fewer than 1 in 1,000,000"
    return f"1 in {1 / chance:,.0f}"


@dataclass(frozen=True)
class Hit:
    """One answer.

    Attributes
    ----------
    rank : int
        From 1.
    id : int
        The item's, never used for another.
    path : Path or None
        One of its files; None if no file holds it any more.
    score : float
        In [0, 1]: how likely it is there for a reason and not by chance.
    width, height : int
        Of the upright original.
    evidence : tuple of Evidence
        One per positive or negative term.
    copies : tuple of Hit
        Near-copies of this hit that the answer holds too, in their order.
    is_offline : bool
        Whether the file cannot be reached now.
    thumbnail : Path
        WebP.
    sha256 : str
        Of the file's bytes, hexadecimal.
    colours : str
        Of the picture's quarters, as `Item` has them.
    """

    rank: int
    id: int
    path: Path | None
    score: float
    width: int
    height: int
    evidence: tuple[Evidence, ...]
    thumbnail: Path = field(repr=False)
    copies: "tuple[Hit, ...]" = ()
    is_offline: bool = False
    sha256: str = ""
    colours: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the hit as JSON values."""
        return {
            "rank": self.rank,
            "id": self.id,
            "path": None if self.path is None else str(self.path),
            "score": round(self.score, 4),
            "width": self.width,
            "height": self.height,
            "offline": self.is_offline,
            "sha256": self.sha256,
            "colours": self.colours,
            "evidence": [evidence.to_json() for evidence in self.evidence],
            "copies": [copy.to_json() for copy in self.copies],
        }


@dataclass(frozen=True)
class Hits(Sequence[Hit]):
    """The answer to one query: a sequence of hits, best first.

    Attributes
    ----------
    query : str
        The query in the one-line syntax, or a description where it holds an array.
    hits : tuple of Hit
    judged : bool
        Whether the scores are calibrated, so that hits below the cut-off were left out; otherwise "ranked, not judged".
    cutoff : float
        The smallest score shown.
    n_below : int
        How many ranked pictures were left out for their score.
    n_found : int or None
        How many pictures answer the query, copies apart; None where that is not known: nothing was judged, or all that
        was ranked is good, and there may be more.
    note : str
        A sentence for the reader where there is something to say; otherwise empty.
    seconds : float
        Time taken.
    pictures : tuple of (H, W, 3) uint8 or Path
        The pictures of the query, for the contact sheet.
    """

    query: str
    hits: tuple[Hit, ...]
    judged: bool
    cutoff: float
    n_below: int
    n_found: int | None
    note: str
    seconds: float
    pictures: tuple[Image | Path, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...

    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values, the same from every front end (but for the time taken)."""
        return {
            "query": self.query,
            "hits": [hit.to_json() for hit in self.hits],
            "judged": self.judged,
            "cutoff": self.cutoff,
            "below": self.n_below,
            "found": self.n_found,
            "note": self.note,
            "seconds": round(self.seconds, 4),
        }

    def sheet(self, path: Path | str) -> Path:
        """Write a contact sheet of the query and its hits, with scores and evidence; return its path.

        Raises
        ------
        LookalikeError
            If the path does not end like a picture.
        """
        from lookalike.collection.sheet import draw_sheet

        destination = Path(path)
        if destination.suffix.lower() not in SHEET_SUFFIXES:
            kinds = ", ".join(SHEET_SUFFIXES)
            raise LookalikeError(f"a sheet is a picture ({kinds}), got {destination.name}; give it such an ending")
        draw_sheet([self]).save(destination)
        return destination

    def _repr_html_(self) -> str:
        cards = "".join(_card(hit) for hit in self.hits)
        claim = "scores are calibrated" if self.judged else "ranked, not judged"
        head = html.escape(f"{self.query} · {len(self)} hits · {claim} · {self.seconds * 1000:.0f} ms. {self.note}")
        return f'<div><p>{head}</p><div style="display:flex;flex-wrap:wrap;gap:6px">{cards}</div></div>'


def _card(hit: Hit) -> str:
    try:
        data = base64.b64encode(hit.thumbnail.read_bytes()).decode()
    except OSError:
        data = ""
    name = html.escape(hit.path.name.encode(errors="replace").decode() if hit.path else f"#{hit.id}")
    why = html.escape("; ".join(evidence.sentence() for evidence in hit.evidence))
    copies = f" +{len(hit.copies)}" if hit.copies else ""
    return (
        f'<figure style="margin:0" title="{why}">'
        f'<img alt="{name}" src="data:image/webp;base64,{data}" style="height:140px;border-radius:6px">'
        f"<figcaption>{hit.rank}. {name} {hit.score:.2f}{copies}</figcaption></figure>"
    )
