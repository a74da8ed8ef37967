r"""How a label is read: Unicode, TeX and plain ASCII become the same symbols.

>>> [symbol.base for symbol in read(r"\hat{y} - y")]
['y', ' ', '-', ' ', 'y']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from tinygrad_edu.formulas.alphabet import (
    ACCENT_OF,
    ACCENTS,
    ALONE,
    COMMANDS,
    DOWN,
    ESCAPED,
    FONTS,
    FONTS_TOO,
    LETTER,
    LETTERS,
    MARKS,
    MUTE,
    OF_WORDS,
    SIGNS,
    SLANTED,
    UP,
    UPRIGHT,
    WIDE,
    WORD,
    styled,
)

__all__ = ["OPERATORS", "PRIME", "Symbol", "letter", "read"]

ITEM = re.compile(
    rf"\\[A-Za-z]+\s*|\\.|[{DOWN}]+(?:,[{DOWN}]+)*|[{UP}]+(?:,[{UP}]+)*|[{ALONE}][{MARKS}]*"
    rf"|{WORD}\d*|{LETTER}|\d+(?:[.,]\d+)*|\s+|.[{MARKS}]*",
    re.DOTALL,
)

MARKUP = re.compile(rf"[\\_^'’{''.join(SIGNS)}{DOWN}{UP}{ALONE}{MARKS}]")

INDEXED = re.compile(rf"(?:{LETTER}|(?:{'|'.join(LETTERS.values())}))\d*(?:\[\d+\])*")

OPERATORS = "+-−·×/=()[]<>"

INDICES = re.compile("[ijk]{2,3}|kl|mn|nm|lm")  # letters that nobody takes for a word


class Symbol(NamedTuple):
    """A letter, a word, a number or a sign, and what stands below and above."""

    base: str
    accents: str = ""
    """Combining characters."""
    below: tuple[Symbol, ...] = ()
    above: tuple[Symbol, ...] = ()

    @property
    def is_word(self) -> bool:
        """Whether it has several letters, which are set upright."""
        return len(self.base) > 1 and not self.base[0].isdigit()


PRIME = Symbol("′")


class MalformedError(ValueError):
    """A label is not correct TeX, or not of the kind that is known."""


@lru_cache(maxsize=4096)
def read(label: str) -> tuple[Symbol, ...]:
    r"""Return the symbols of a label; what is not correct TeX is a single word.

    >>> read("x_1")
    (Symbol(base='x', accents='', below=(Symbol(base='1', ...),), above=()),)
    >>> read("loss_total")[0].base, read(r"\frac{1}{2")[0].base
    ('loss_total', '\\frac{1}{2')
    """
    if not label:
        return ()
    if inner := re.fullmatch(r"\$([^$]+)\$|\\\((.+)\\\)", label):  # as in a document
        label = (inner[1] or inner[2]).strip()
    letters = re.findall(rf"(?:{LETTER})+", label)
    is_formula = any(sign in label for sign in OPERATORS) and max(map(len, letters), default=2) < 2
    if re.search("[{}]", label) and not re.search(r"[\\_^]", label):  # {x|y} is no TeX
        return (Symbol(label),)
    if not (is_formula or MARKUP.search(label) or INDEXED.fullmatch(label)):
        return (Symbol(label),)
    try:
        return tuple(Reader(label).symbols())
    except (MalformedError, RecursionError):
        return (Symbol(label),)


class Reader:
    """Reads a label from left to right."""

    def __init__(self, label: str) -> None:
        """Take it apart; the next part is the last of the rest."""
        self.rest = ITEM.findall(label)[::-1]

    def symbols(self, closing: str = "") -> list[Symbol]:
        """Return the symbols up to a closing bracket, or to the end."""
        found: list[Symbol] = []
        while self.rest:
            item = self.rest.pop()
            if item == closing:
                return found
            if item in ("_", "^"):
                self.attach(found, item)
            elif item[0] in DOWN + UP:
                part = Reader(unicodedata.normalize("NFKC", item)).symbols(closing="end")
                put(found, "_" if item[0] in DOWN else "^", part)
            elif item in "'’′" and self.may_be_prime(found):
                above = found[-1].above
                if above and above[-1] != PRIME:
                    raise MalformedError
                found[-1] = found[-1]._replace(above=(*above, PRIME))
            elif item[0].isdigit() and self.is_index(found, closing):
                found[-1] = found[-1]._replace(below=(Symbol(item),))
            else:
                found += self.meaning(item, is_inside=bool(closing))
        if closing not in ("", "end"):
            raise MalformedError
        return found

    def meaning(self, item: str, *, is_inside: bool) -> Sequence[Symbol]:
        """Return what a item stands for, apart from scripts. Inside braces letters are letters."""
        if item == "{":
            return self.symbols("}")
        if item == "}":
            raise MalformedError
        if item[0] == "\\":
            return self.command(item[1:].strip() or item[1:2])
        letters = item.rstrip("0123456789")
        if letters in COMMANDS and letters.isascii():
            digits = item[len(letters) :]
            below = (Symbol(digits),) if digits else ()
            return [Symbol(COMMANDS[letters], below=below)]
        if is_inside and letters[1:] and letters[0].isalpha():
            return [found for part in single(item) for found in self.meaning(part, is_inside=True)]
        return [letter(item)]

    def attach(self, found: list[Symbol], sign: str) -> None:
        """Read what stands behind ``_`` or ``^``, and put it below or above the last symbol."""
        if not found or found[-1].base.isspace() or not self.rest:
            raise MalformedError
        item, last = self.rest.pop(), found[-1]
        if item in "([":
            bracket = ")" if item == "(" else "]"
            part = [Symbol(item), *self.symbols(bracket), Symbol(bracket)]
        elif re.match(WORD, item):  # not in braces: w_ij, w_out, y_hat
            if last.is_word or last.below:
                raise MalformedError
            if item in ACCENTS and sign == "_":
                found[-1] = last._replace(accents=last.accents + ACCENTS[item])
                return
            part = [*map(Symbol, item)] if INDICES.fullmatch(item) else [Symbol(item)]
            if item in COMMANDS:
                part = [Symbol(COMMANDS[item])]
        elif item[0] == "\\" or item == "{":
            part = [*self.meaning(item, is_inside=True)]
        elif item.isspace() or item in "_^}":
            raise MalformedError
        else:
            part = [letter(item)]
        taken = last.below if sign == "_" else last.above
        if taken and not (sign == "^" and {*taken} == {PRIME}):
            raise MalformedError  # TeX allows one of each
        put(found, sign, part)

    def may_be_prime(self, found: list[Symbol]) -> bool:
        """Tell whether an apostrophe is a prime: that of x', not that of don't."""
        if not found or not (found[-1].base[-1:].isalnum() or found[-1].base in (")", "]")):
            return False
        return not (found[-1].is_word and self.rest and self.rest[-1][0].isalpha())

    def is_index(self, found: list[Symbol], closing: str) -> bool:
        """Tell whether digits are an index: those of w11, not those of h2o or of 2x."""
        if not found or closing or len(found[-1].base) != 1 or not found[-1].base.isalpha():
            return False
        is_first = len(found) == 1 or not found[-2].base[-1:].isalnum()
        is_last = not self.rest or not self.rest[-1][0].isalnum() or self.rest[-1][0] in DOWN + UP
        return is_first and is_last and not found[-1].below and not found[-1].above

    def command(self, name: str) -> Sequence[Symbol]:
        """Return what a command stands for, with its argument if it takes one."""
        if sign := COMMANDS.get(name) or ESCAPED.get(name):
            return [Symbol(sign)]
        if name in MUTE:
            return []
        if name not in CHANGES:
            raise MalformedError
        return CHANGES[name](self.argument())

    def argument(self) -> Sequence[Symbol]:
        """Return the argument of a command: a group, or the next letter."""
        while self.rest and self.rest[-1].isspace():
            self.rest.pop()
        if not self.rest:
            raise MalformedError
        first, *others = single(self.rest.pop())
        self.rest += reversed(others)
        if first in "_^":
            raise MalformedError
        return self.meaning(first, is_inside=True)


def single(item: str) -> list[str]:
    r"""Return the letters of a word, and the digits behind them, one by one.

    >>> single("ab12"), single("x̂y"), single(r"\alpha")
    (['a', 'b', '12'], ['x̂', 'y'], ['\\alpha'])
    """
    found = re.findall(rf"{LETTER}|\d+", item)
    return found if "".join(found) == item else [item]


def put(found: list[Symbol], sign: str, part: Sequence[Symbol]) -> None:
    """Put symbols below or above the last one; where something stands already, behind it."""
    last = found[-1] if found else Symbol(" ")
    before = last.below if sign == "_" else last.above
    if last.base.isspace() or (before and {*before} != {PRIME}):
        last, before = Symbol(""), ()
        found.append(last)
    script = (*before, *part)
    found[-1] = last._replace(below=script) if sign == "_" else last._replace(above=script)


def letter(item: str) -> Symbol:
    """Return a letter with its accents, or a sign, a number or a word.

    >>> letter("ŷ"), letter("é").base
    (Symbol(base='y', accents='̂', below=(), above=()), 'é')
    """
    composed = unicodedata.normalize("NFC", item)
    apart = unicodedata.normalize("NFD", item)
    base, marks = apart[0], apart[1:]
    is_accented = bool(marks) and all(mark in ACCENT_OF for mark in marks)
    if not is_accented or (len(composed) == 1 and all(mark in OF_WORDS for mark in marks)):
        return Symbol(composed)
    return Symbol(base, accents=marks)


def words(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return symbols with letters that follow each other as one word.

    >>> [symbol.base for symbol in words([Symbol("o"), Symbol("u"), Symbol("t")])]
    ['out']
    """
    found: list[Symbol] = []
    for symbol in symbols:
        if found and not any(found[-1][1:]) and not symbol.accents:
            found[-1] = symbol._replace(base=found[-1].base + symbol.base)
        else:
            found.append(symbol)
    return found


def accented(mark: str, symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return symbols with an accent on each."""
    return [symbol._replace(accents=symbol.accents + mark) for symbol in symbols]


def in_font(font: str, symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return symbols in the letters of a font."""
    return [s._replace(base="".join(styled(sign, font) for sign in s.base)) for s in symbols]


CHANGES: dict[str, Callable[[Sequence[Symbol]], Sequence[Symbol]]] = {
    **dict.fromkeys(UPRIGHT, words),
    **dict.fromkeys(SLANTED, list),
    **{name: partial(accented, mark) for name, mark in ACCENTS.items()},
    **{name: partial(accented, ACCENTS[same]) for name, same in WIDE.items()},
    **{name: partial(in_font, name) for name in FONTS},
    **{name: partial(in_font, same) for name, same in FONTS_TOO.items()},
}
"""What commands with an argument make of it."""
