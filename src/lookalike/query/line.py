"""Terms as one line, for the command line and the search box; docs/query-syntax.md has the grammar.

`printed` and `parse` are inverse: whatever a word could be mistaken for, printing puts it in quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NoReturn, TypeVar

from lookalike.errors import BadQuery
from lookalike.query.checks import shown
from lookalike.query.filters import FIELDS, Range, Where, where
from lookalike.query.looks import Colour, Picture, Upload, Words, colour, image, local, quoted, unquoted, words_of
from lookalike.query.terms import MAX_NESTING, MAX_TERMS, And, Not, Or, Term, Weighted, leaves

END = r"(?=[\s()|]|\Z)"
NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
WHITE = re.compile(r"\s*")
OPEN = re.compile(r"\(")
CLOSE = re.compile(r"\)")
QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
BARE = re.compile(r'[^\s"()|]+')
BOUNDARY = re.compile(r"(?=[\s)|])|\Z")
OR = re.compile(rf"\||OR{END}")
END_OF_AND = re.compile(rf"\)|\Z|{OR.pattern}")
AND = re.compile(rf"(?:&|AND){END}")
NO_TERM = re.compile(rf"{BOUNDARY.pattern}|{OR.pattern}|{AND.pattern}")
NOT = re.compile(rf"-|NOT{END}\s*")
WEIGHT = re.compile(rf"({NUMBER}):")
MAYBE_TIME = re.compile(r"\.?[0-9]")
NAME = re.compile(r"([^\W\d][\w-]*):")
PATH = re.compile(r"~?/|\.\.?/")
SPECIAL = re.compile(rf"[-#]|{PATH.pattern}|{NAME.pattern}|{WEIGHT.pattern}|(?:AND|OR|NOT|&)\Z")
BOX = rf"\[({NUMBER}),({NUMBER}),({NUMBER}),({NUMBER})\]"
PICTURE = re.compile(rf"\A(.*?)(?:{BOX})?(?:@([A-Za-z][A-Za-z0-9_-]*))?\Z", re.DOTALL)
IDENTITY = re.compile(r"#([0-9]{1,19})")
SAFE = re.compile(r"(?!(?:AND|OR|NOT)\Z)\w[\w.,;!?'’/+*=%$-]*")

RANGED = ("added", "date", "height", "megapixels", "width", "year")
SPELLINGS = {"color": "colour"}
WORDS = {"text": "text", "shows": "look"}
"""What the name before words says of where they are looked for."""
NAME_OF = {only: name for name, only in WORDS.items()}
KNOWN = ("image", "upload", "colour", *WORDS, *FIELDS)

T = TypeVar("T", bound=Term)


def parse(line: str, *, paths: bool = False) -> Term:
    """Read a query written in one line.

    Parameters
    ----------
    line : str
        For instance ``red boat -blue 2:#42 year:1970..1979``.
    paths : bool
        Whether a picture may be the path of a file: for the command line and Python, never over the network.

    Raises
    ------
    BadQuery
        If the line does not follow the grammar; the sentence says at which character.

    Examples
    --------
    >>> parse("red boat -2:#42")
    And(children=(words('red boat'), Weighted(weight=2.0, child=Not(child=image(42)))))
    """
    return _Reader(line, paths).query()


def to_line(term: Term) -> str:
    """Return the line that `parse` reads as this term, with paths allowed.

    Raises
    ------
    BadQuery
        If a picture in it is an array, which `str` shows as its shape alone.
    """
    for leaf in leaves(term):
        if isinstance(leaf, Picture) and not isinstance(leaf.source, int | str | Upload):
            raise BadQuery(f"a line holds no pixels, got {leaf!r}; save the picture and ask with its path or id")
    return printed(term)


def printed(term: Term) -> str:
    """Return the line of a term; an array in it stands as its shape, which does not read back."""
    match term:
        case And(children):
            return _printed_and(children)
        case Or(children):
            return " | ".join(map(printed, children))
        case Not(child):
            return f"-{_operand(child)}"
        case Weighted(weight, child):
            operand = _operand(child)
            return f"{_decimal(weight)}:{quoted(operand) if MAYBE_TIME.match(operand) else operand}"
        case Words(parts, None):
            return " ".join(map(_safe, parts))
        case Words(parts, str(only)):
            together = " ".join(map(_safe, parts))
            return f"{NAME_OF[only]}:" + (together if len(parts) == 1 else f"({together})")
        case Colour():
            return f"colour:{term.hex}"
        case Picture(source):
            return _printed_source(source) + _printed_region(term)
        case Where(field, str(text)):
            return f"{field}:{_safe(text)}"
        case Where(field, Range() as values):
            return _printed_range(field, values)
    raise BadQuery(f"a line holds terms, got {shown(term)}; make one with image, colour, words or where")


def _printed_and(children: tuple[Term, ...]) -> str:
    line = ""
    for number, child in enumerate(children):
        # Words side by side would read back as one term.
        side_by_side = number and _is_bare(child) and _is_bare(children[number - 1])
        line += " & " if side_by_side else " " if number else ""
        line += f"({printed(child)})" if isinstance(child, Or) else printed(child)
    return line


def _is_bare(term: Term) -> bool:
    """Return whether a term is words without a name before them."""
    return isinstance(term, Words) and term.only is None


def _operand(term: Term) -> str:
    is_one = not isinstance(term, And | Or) and not (isinstance(term, Words) and _is_bare(term) and len(term.parts) > 1)
    return printed(term) if is_one else f"({printed(term)})"


def _safe(text: str) -> str:
    return text if SAFE.fullmatch(text) else quoted(text)


def _decimal(value: float) -> str:
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _printed_source(source: object) -> str:
    match source:
        case int():
            return f"#{source}"
        case str():
            return f"image:{_safe(source)}"
        case Upload(handle):
            return f"upload:{handle}"
    return f"image:<{'x'.join(map(str, source.shape))}>"  # type: ignore[attr-defined]


def _printed_region(picture: Picture) -> str:
    box = f"[{','.join(map(_decimal, picture.box))}]" if picture.box else ""
    return box + (f"@{picture.like}" if picture.like else "")


def _printed_range(field: str, values: Range) -> str:
    low, high = values.low, values.high
    if field == "date" and _is_year_end(low, 1, 1) and _is_year_end(high, 12, 31):
        field = "year"
        low, high = (end.year if isinstance(end, date) else end for end in (low, high))
    ends = ["" if end is None else end.isoformat() if isinstance(end, date) else _decimal(end) for end in (low, high)]
    return f"{field}:{ends[0]}" if low == high else f"{field}:{'..'.join(ends)}"


def _is_year_end(end: object, month: int, day: int) -> bool:
    return not isinstance(end, date) or (end.month, end.day) == (month, day)


class _Reader:
    """Reads one line from left to right, by recursive descent as deep as the parentheses."""

    def __init__(self, line: str, paths: bool) -> None:
        self.line = line
        self.paths = paths
        self.position = 0
        self.nesting = 0
        self.n_terms = 0

    def query(self) -> Term:
        self._take(WHITE)
        if self.position == len(self.line):
            raise BadQuery("the query is empty; write words, #42, colour:red, or a filter such as year:1970")
        term = self._alternatives()
        if self.position < len(self.line):
            self._fail(self.position, "this parenthesis closes none; delete it or open one before")
        return term

    def _alternatives(self) -> Term:
        start = self.position
        terms = [self._together()]
        while self._take(OR):
            terms.append(self._together())
        return terms[0] if len(terms) == 1 else self._made(start, lambda: Or(tuple(terms)))

    def _together(self) -> Term:
        start = self.position
        terms = [self._signed()]
        while self._take(AND) or not END_OF_AND.match(self.line, self.position):
            terms.append(self._signed())
        return terms[0] if len(terms) == 1 else self._made(start, lambda: And(tuple(terms)))

    def _signed(self) -> Term:
        """Read a term with its minus and its weight, and the white space around it."""
        self._take(WHITE)
        start, is_not, weight = self.position, False, 1.0
        while sign := self._take(NOT) or self._take(WEIGHT):
            if sign[0].endswith(":"):
                self._refuse_time(sign)
                weight *= float(sign[1])
            else:
                is_not = not is_not
        if NO_TERM.match(self.line, self.position):
            self._fail(self.position, "a term is missing; write one here, or put the sign before it in quotation marks")
        term = self._one(is_single=self.position > start)
        self._take(WHITE)
        return self._made(start, lambda: (~term if is_not else term) * weight)

    def _one(self, *, is_single: bool) -> Term:
        """Read a parenthesis, words (only one of them if `is_single`), or a named term."""
        start = self.position
        if self._take(OPEN):
            return self._group(start)
        self.n_terms += 1
        if self.n_terms > MAX_TERMS:  # here already, so that no line takes long to refuse
            self._fail(start, f"a query has at most {MAX_TERMS} terms, got one more; ask in several queries")
        part = self._part()
        if part is None:
            return self._named()
        parts = [part]
        while not is_single and (part := self._part()) is not None:
            parts.append(part)
        return self._made(start, lambda: words_of(parts))

    def _group(self, start: int) -> Term:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self._fail(start, f"parentheses nest at most {MAX_NESTING} deep; write the query flatter")
        term = self._alternatives()
        if not self._take(CLOSE):
            self._fail(start, "this parenthesis is not closed; close it or delete it")
        self.nesting -= 1
        self._expect_boundary()
        return term

    def _part(self) -> str | None:
        """Read a word or a phrase; what means something else stays, with the white space before it."""
        start = self.position
        self._take(WHITE)
        phrase = self._quotation()
        if phrase is not None:
            self._expect_boundary()
            return phrase
        word = BARE.match(self.line, self.position)
        if word is None or SPECIAL.match(word[0]):
            self.position = start
            return None
        self.position = word.end()
        self._expect_boundary()
        return word[0]

    def _named(self) -> Term:
        """Read what begins with `name:`, or a picture that needs no name: its id, or its path from / . or ~."""
        start = self.position
        name = self._take(NAME)
        key = name[1].lower() if name else "image"
        key = SPELLINGS.get(key, key)
        if name and key not in KNOWN:
            known = ", ".join(f"{known}:" for known in KNOWN)
            self._fail(start, f"there is no term {shown(name[0])} yet; known are {known}; quote it to search for words")
        if key in WORDS and self._take(OPEN):
            return self._grouped_words(start, WORDS[key])
        phrase = self._quotation() if name else None
        rest = BARE.match(self.line, self.position)
        text = rest[0] if rest else ""
        self.position += len(text)
        self._expect_boundary()
        return self._made(start, lambda: self._valued(key, phrase, text))

    def _grouped_words(self, start: int, only: str) -> Term:
        """Read the words of `text:(...)` or `shows:(...)`, of which the parenthesis is open."""
        parts: list[str] = []
        while (part := self._part()) is not None:
            parts.append(part)
        self._take(WHITE)
        if not parts or not self._take(CLOSE):
            self._fail(self.position, "only words and phrases stand here; close the parenthesis after them")
        self._expect_boundary()
        return self._made(start, lambda: words_of(parts, only))

    def _valued(self, key: str, phrase: str | None, text: str) -> Term:
        """Make a named term of its quotation and of what follows that, or of bare text alone."""
        if key == "image":
            return self._picture(phrase, text)
        if key == "upload":
            return _region(text, Upload)
        if phrase is not None and text:
            raise BadQuery(f"nothing follows the quotation of {key}:, got {shown(text)}; put a space between")
        value = text if phrase is None else phrase
        if not value:
            raise BadQuery(f"{key}: has no value; write it right after the colon")
        if key in WORDS:
            return words_of([value], WORDS[key])
        return colour(value) if key == "colour" else where(**{key: _condition(key, value)})

    def _picture(self, phrase: str | None, text: str) -> Picture:

        def source(before: str) -> int | str:
            match phrase, before:
                case str(), "":
                    return local(phrase, self.paths)
                case None, _ if IDENTITY.fullmatch(before):
                    return int(before[1:])
                case None, _ if before and not before.startswith("#"):
                    return local(before, self.paths)
            form = "#42, image:a.jpg, #42[40,60,380,300] or #42@shape"
            raise BadQuery(f"a picture is like {form}, a colour like colour:#b03020, got {shown(text)}")

        return _region(text, source)

    def _quotation(self) -> str | None:
        """Read "a text in quotation marks", if one begins here."""
        start = self.position
        found = self._take(QUOTED)
        if found is None and self.line.startswith('"', start):
            self._fail(start, "this quotation mark is not closed; close it or delete it")
        return unquoted(found[1]) if found else None

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what the pattern matches here, if it does."""
        found = pattern.match(self.line, self.position)
        if found:
            self.position = found.end()
        return found

    def _expect_boundary(self) -> None:
        if not BOUNDARY.match(self.line, self.position):
            self._fail(self.position, "something follows without a space; put one here, or quotation marks around both")

    def _refuse_time(self, weight: re.Match[str]) -> None:
        if MAYBE_TIME.match(self.line, self.position):
            number = weight[1]
            ways = f"put quotation marks around all of it for words, or after {number}: for a weight"
            self._fail(weight.start(), f"{shown(weight[0])} before a digit is a weight or a time; {ways}")

    def _made(self, start: int, make: Callable[[], T]) -> T:
        """Make a term; if its value is refused, say where it stands."""
        try:
            return make()
        except BadQuery as error:
            raise BadQuery(f"at character {start + 1}, {error}") from None

    def _fail(self, position: int, message: str) -> NoReturn:
        raise BadQuery(f"at character {position + 1}, {message}")


def _region(text: str, source: Callable[[str], int | str | Upload]) -> Picture:
    """Return the picture whose source stands before the box and the space that the text may end with."""
    [(before, *box, like)] = PICTURE.findall(text)
    return image(source(before), box=[float(end) for end in box] if box[0] else None, like=like or None)


def _condition(field: str, text: str) -> object:
    """Return the value as `where` takes it: `low..high` as two ends, numbers as numbers."""
    if field not in RANGED:
        return text
    low, dots, high = text.partition("..")
    return (_end(field, low), _end(field, high)) if dots else _end(field, low)


def _end(field: str, text: str) -> object:
    if field in ("added", "date"):
        return text or None
    if re.fullmatch("[0-9]{1,10}", text):
        return int(text)
    return float(text) if re.fullmatch(NUMBER, text) else text or None
