"""Terms as JSON: objects tagged by "term", whose other keys are the arguments of the Python function of that name."""

from __future__ import annotations

from typing import Any

from lookalike.errors import BadQuery
from lookalike.query.checks import shown
from lookalike.query.filters import FIELDS, Where, plain, where
from lookalike.query.looks import Colour, Picture, Upload, Words, colour, image, local, words
from lookalike.query.terms import MAX_NESTING, And, Not, Or, Term, Weighted

VERSION = 1
REQUIRED = {
    "and": {"of"},
    "or": {"of"},
    "not": {"of"},
    "weighted": {"weight", "of"},
    "image": set[str](),
    "colour": {"rgb"},
    "words": {"text"},
    "where": set[str](),
}
OPTIONAL = {"image": {"id", "path", "upload", "box", "like"}, "words": {"only"}, "where": set(FIELDS)}


def to_json(term: Term) -> dict[str, Any]:
    """Return the term as what `json.dumps` takes, with the version of the form at its root.

    A path that is not UTF-8 holds surrogate escapes, which `json.dumps` writes and `json.loads` reads in ASCII.

    Raises
    ------
    BadQuery
        If a picture in it is an array.
    """
    return {"version": VERSION, "query": _written(term)}


def from_json(obj: object, *, paths: bool = False) -> Term:
    """Return the term that `to_json` wrote, in canonical form also if somebody else wrote another.

    Parameters
    ----------
    obj : object
        As `json.loads` gives it.
    paths : bool
        Whether a picture may be the path of a file: for the command line and Python, never over the network.

    Raises
    ------
    BadQuery
        If a key is missing or unknown, or a value not of its form; the sentence says where.
    """
    if not isinstance(obj, dict) or set(obj) != {"version", "query"}:
        raise BadQuery(f'a query is {{"version": {VERSION}, "query": {{...}}}} without other keys, got {shown(obj)}')
    if obj["version"] != VERSION:
        raise BadQuery(
            f"this program reads queries of version {VERSION}, got {shown(obj['version'])}; update the older"
        )
    return _read(obj["query"], "query", paths, 0)


def _written(term: Term) -> dict[str, Any]:
    match term:
        case And(children):
            return {"term": "and", "of": [_written(child) for child in children]}
        case Or(children):
            return {"term": "or", "of": [_written(child) for child in children]}
        case Not(child):
            return {"term": "not", "of": _written(child)}
        case Weighted(weight, child):
            return {"term": "weighted", "weight": weight, "of": _written(child)}
        case Picture():
            return {"term": "image", **_picture_written(term)}
        case Colour():
            return {"term": "colour", "rgb": term.hex}
        case Words(_, only):
            return {"term": "words", "text": term.text, **({"only": only} if only else {})}
        case Where(field, value):
            known = plain(value)
            return {"term": "where", field: list(known) if isinstance(known, tuple) else known}
    raise BadQuery(f"JSON holds terms, got {shown(term)}; make one with image, colour, words or where")


def _picture_written(picture: Picture) -> dict[str, Any]:
    match picture.source:
        case int(identity):
            written: dict[str, Any] = {"id": identity}
        case str(path):
            written = {"path": path}
        case Upload(handle):
            written = {"upload": handle}
        case array:
            raise BadQuery(f"JSON holds no pixels, got {array.shape}; save the picture and ask with its path or id")
    if picture.box is not None:
        written["box"] = list(picture.box)
    if picture.like is not None:
        written["like"] = picture.like
    return written


def _read(node: object, at: str, paths: bool, nesting: int) -> Term:
    if nesting > MAX_NESTING:
        raise BadQuery(f"a query nests at most {MAX_NESTING} deep, got more at {at[:60]}; write it flatter")
    tag, arguments = _tag_and_arguments(node, at)
    of = arguments.get("of")
    if tag in ("and", "or"):
        if not isinstance(of, list):
            raise BadQuery(f"{at}.of is a list of terms, got {shown(of)}")
        children = tuple(_read(child, f"{at}.of[{number}]", paths, nesting + 1) for number, child in enumerate(of))
        arguments["of"] = children
    elif tag in ("not", "weighted"):
        arguments["of"] = _read(of, f"{at}.of", paths, nesting + 1)
    try:
        return _made(tag, arguments, paths)
    except BadQuery as error:
        raise BadQuery(f"{at}: {error}") from None


def _tag_and_arguments(node: object, at: str) -> tuple[str, dict[str, Any]]:
    tag = node.get("term") if isinstance(node, dict) else None
    if not isinstance(node, dict) or not isinstance(tag, str) or tag not in REQUIRED:
        raise BadQuery(f'{at} is an object whose "term" is one of {", ".join(REQUIRED)}, got {shown(node)}')
    arguments = {key: value for key, value in node.items() if key != "term"}
    missing = REQUIRED[tag] - set(arguments)
    unknown = set(arguments) - REQUIRED[tag] - OPTIONAL.get(tag, set())
    if missing or unknown:
        known = ", ".join(sorted(REQUIRED[tag] | OPTIONAL.get(tag, set())))
        raise BadQuery(f"{at}: the keys of {tag} are {known}, got {shown(list(arguments))}; add or leave out keys")
    return tag, arguments


def _made(tag: str, arguments: dict[str, Any], paths: bool) -> Term:
    match tag:
        case "and":
            return And(arguments["of"])
        case "or":
            return Or(arguments["of"])
        case "not":
            return ~arguments["of"]
        case "weighted":
            return arguments["of"] * arguments["weight"]
        case "image":
            return _picture(arguments, paths)
        case "colour":
            return colour(arguments["rgb"])
        case "words":
            return words(**arguments)
    return where(**arguments)


def _picture(arguments: dict[str, Any], paths: bool) -> Picture:
    region = {key: arguments[key] for key in ("box", "like") if key in arguments}
    match {key: arguments[key] for key in arguments.keys() - region.keys()}:
        case {"id": int(identity), **others} if not others:
            return image(identity, **region)
        case {"path": str(path), **others} if not others:
            return image(local(path, paths), **region)
        case {"upload": str(handle), **others} if not others:
            return image(Upload(handle), **region)
    raise BadQuery(f"an image has either an id, a whole number, or a path or an upload, a text, got {shown(arguments)}")
