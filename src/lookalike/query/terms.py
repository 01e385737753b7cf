"""How terms combine: `&`, `|`, `~` and a weight, always in one canonical form.

Canonical means: no AND stands directly in an AND and no OR in an OR; a weight stands outside a NOT; there is no NOT of
a NOT, no weight of a weight, and no weight of 1. So a printed term reads back as itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from lookalike.errors import BadQuery
from lookalike.query.checks import number, shown

MAX_NESTING = 32
MAX_TERMS = 256
MAX_WEIGHT = 100


class Term:
    """A question or a part of one: a frozen value, equal and hashable by content, whose `str` is the one-line form."""

    is_filter: ClassVar[bool] = False
    __array_ufunc__ = None  # a NumPy number times a term is a term, not an array of objects

    def __and__(self, other: Term) -> Term:
        return And((self, other)) if isinstance(other, Term) else NotImplemented

    def __or__(self, other: Term) -> Term:
        return Or((self, other)) if isinstance(other, Term) else NotImplemented

    def __invert__(self) -> Term:
        match self:
            case Not(child):
                return child
            case Weighted(weight, child):
                return Weighted(weight, ~child)
        return Not(self)

    def __mul__(self, weight: float) -> Term:
        inner, child = (self.weight, self.child) if isinstance(self, Weighted) else (1.0, self)
        product = _weight(weight) * inner
        return child if product == 1 else Weighted(product, child)

    __rmul__ = __mul__

    def __str__(self) -> str:
        from lookalike.query.line import printed  # the syntax stands in one place, above the terms

        return printed(self)


@dataclass(frozen=True)
class And(Term):
    """All of at least two children."""

    children: tuple[Term, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "children", _flat(And, self.children))
        _check_size(self)


@dataclass(frozen=True)
class Or(Term):
    """Any of at least two children."""

    children: tuple[Term, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "children", _flat(Or, self.children))
        _check_size(self)


@dataclass(frozen=True)
class Not(Term):
    """What the child is not; made by `~`."""

    child: Term

    def __post_init__(self) -> None:
        if not isinstance(self.child, Term) or isinstance(self.child, Not | Weighted):
            raise BadQuery(f"NOT holds a term that is neither a NOT nor weighted, got {shown(self.child)}; write ~term")
        _check_size(self)


@dataclass(frozen=True)
class Weighted(Term):
    """A child that counts `weight` times as much as the others, above 0 and at most 100; made by `weight * term`."""

    weight: float
    child: Term

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", _weight(self.weight))
        if not isinstance(self.child, Term) or isinstance(self.child, Weighted) or self.weight == 1:
            got = f"{self.weight:g} and {shown(self.child)}"
            raise BadQuery(f"a weight other than 1 holds a term without a weight, got {got}; write weight * term")
        if all(leaf.is_filter for leaf in leaves(self.child)):
            raise BadQuery(f"a filter is met or not and takes no weight, got {shown(self.weight)}; weigh other terms")
        _check_size(self)


def leaves(term: Term) -> Iterator[Term]:
    """Yield the pictures, colours, words and filters in the term, in their order."""
    match term:
        case And(children) | Or(children):
            for child in children:
                yield from leaves(child)
        case Not(child) | Weighted(_, child):
            yield from leaves(child)
        case _:
            yield term


def _nesting(term: Term) -> int:
    match term:
        case And(children) | Or(children):
            return 1 + max(map(_nesting, children))
        case Not(child) | Weighted(_, child):
            return 1 + _nesting(child)
    return 0


def _check_size(term: Term) -> None:
    n_terms = sum(1 for _ in leaves(term))
    if n_terms > MAX_TERMS:
        raise BadQuery(f"a query has at most {MAX_TERMS} terms, got {n_terms}; ask in several queries")
    if _nesting(term) > MAX_NESTING:
        raise BadQuery(f"a query nests at most {MAX_NESTING} deep, got {_nesting(term)}; write it flatter")


def _flat(kind: type[And] | type[Or], children: tuple[Term, ...]) -> tuple[Term, ...]:
    flat: list[Term] = []
    for child in children:
        if not isinstance(child, Term):
            raise BadQuery(f"{kind.__name__} holds terms, got {shown(child)}; write for instance words({shown(child)})")
        flat.extend(child.children if isinstance(child, kind) else (child,))
    if len(flat) < 2:
        raise BadQuery(f"{kind.__name__} holds at least two terms, got {len(flat)}; write one term by itself")
    return tuple(flat)


def _weight(value: object) -> float:
    weight = number(value)
    if weight is None or not 0 < weight <= MAX_WEIGHT:
        raise BadQuery(f"a weight is a number above 0 and at most {MAX_WEIGHT}, got {shown(value)}")
    return weight
