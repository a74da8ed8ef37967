r"""Reading a label: Unicode, TeX and plain ASCII become the same symbols.

>>> [symbol.base for symbol in read_label(r"\hat{y} - y")]
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
    BACKSLASHED,
    COMBINING,
    COMMANDS,
    FONT_SYNONYMS,
    GREEK,
    IGNORED,
    LABEL_WORD,
    ONE_LETTER,
    SIGNS,
    SINGLE_LETTERS,
    SLANTED,
    SPECIAL_LETTERS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    TEX_FONTS,
    UPRIGHT,
    WIDE_ACCENTS,
    WORD_ACCENTS,
    styled,
)

__all__ = ["OPERATORS", "PRIME", "Symbol", "letter", "read_label"]

ITEM = re.compile(
    rf"\\[A-Za-z]+\s*|\\.|[{SUBSCRIPTS}]+(?:,[{SUBSCRIPTS}]+)*"
    rf"|[{SUPERSCRIPTS}]+(?:,[{SUPERSCRIPTS}]+)*|[{SINGLE_LETTERS}][{COMBINING}]*"
    rf"|{LABEL_WORD}\d*|{ONE_LETTER}|\d+(?:[.,]\d+)*|\s+|.[{COMBINING}]*",
    re.DOTALL,
)
"""An item of a label: a command, a script, a letter, a word, a number, spaces, or a sign."""

NEEDS_READING = re.compile(rf"[\\_^'’{''.join(SIGNS)}{SPECIAL_LETTERS}{COMBINING}]")
"""A character that is not shown as it is typed."""

INDEXED = re.compile(rf"(?:{ONE_LETTER}|(?:{'|'.join(GREEK.values())}))\d*(?:\[\d+\])*")
"""A letter or the name of a Greek letter with an index, such as w11, theta1 or z1[2]."""

OPERATORS = "+-−·×/=()[]<>"

INDICES = re.compile("[ijk]{2,3}|kl|mn|nm|lm")
"""Letters behind an underscore that are several indices, not a word."""


class Symbol(NamedTuple):
    """A letter, a word, a number or a sign, with its subscript and its superscript."""

    base: str
    accents: str = ""
    """Combining characters."""
    below: tuple[Symbol, ...] = ()
    above: tuple[Symbol, ...] = ()

    @property
    def is_word(self) -> bool:
        """Whether the symbol has several letters; LaTeX sets them upright."""
        return len(self.base) > 1 and not self.base[0].isdigit()


PRIME = Symbol("′")


class MalformedError(ValueError):
    """The label is not correct TeX, or uses a command that is not supported."""


@lru_cache(maxsize=4096)
def read_label(label: str) -> tuple[Symbol, ...]:
    r"""Return the symbols of a label; a label that is not correct TeX is a single word.

    >>> read_label("x_1")
    (Symbol(base='x', accents='', below=(Symbol(base='1', ...),), above=()),)
    >>> read_label("loss_total")[0].base, read_label(r"\frac{1}{2")[0].base
    ('loss_total', '\\frac{1}{2')
    """
    if not label:
        return ()
    if inner := re.fullmatch(r"\$([^$]+)\$|\\\((.+)\\\)", label):  # a formula of a document
        label = (inner[1] or inner[2]).strip()
    letters = re.findall(rf"(?:{ONE_LETTER})+", label)
    is_formula = any(sign in label for sign in OPERATORS) and max(map(len, letters), default=2) < 2
    if re.search("[{}]", label) and not re.search(r"[\\_^]", label):  # {x|y} is not TeX
        return (Symbol(label),)
    if not (is_formula or NEEDS_READING.search(label) or INDEXED.fullmatch(label)):
        return (Symbol(label),)
    try:
        return tuple(LabelReader(label).symbols())
    except (MalformedError, RecursionError):
        return (Symbol(label),)


class LabelReader:
    """Reads a label from left to right."""

    def __init__(self, label: str) -> None:
        """Split the label into items, in reverse order, so that ``pop`` gives the next one."""
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
            elif item[0] in SUBSCRIPTS + SUPERSCRIPTS:
                part = LabelReader(unicodedata.normalize("NFKC", item)).symbols(closing="end")
                put(found, "_" if item[0] in SUBSCRIPTS else "^", part)
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
        """Return the symbols of an item that is not a script.

        Inside braces, a word is a sequence of letters.
        """
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
        """Read what follows ``_`` or ``^``; it becomes a script of the last symbol."""
        if not found or found[-1].base.isspace() or not self.rest:
            raise MalformedError
        item, last = self.rest.pop(), found[-1]
        if item in "([":
            bracket = ")" if item == "(" else "]"
            part = [Symbol(item), *self.symbols(bracket), Symbol(bracket)]
        elif re.match(LABEL_WORD, item):  # not in braces: w_ij, w_out, y_hat
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
            raise MalformedError  # TeX allows one subscript and one superscript
        put(found, sign, part)

    def may_be_prime(self, found: list[Symbol]) -> bool:
        """Tell whether an apostrophe is a prime, as in x' but not in don't."""
        if not found or not (found[-1].base[-1:].isalnum() or found[-1].base in (")", "]")):
            return False
        return not (found[-1].is_word and self.rest and self.rest[-1][0].isalpha())

    def is_index(self, found: list[Symbol], closing: str) -> bool:
        """Tell whether digits are an index, as in w11 but not in h2o or 2x."""
        if not found or closing or len(found[-1].base) != 1 or not found[-1].base.isalpha():
            return False
        is_first = len(found) == 1 or not found[-2].base[-1:].isalnum()
        after = self.rest[-1][0] if self.rest else " "
        is_last = not after.isalnum() or after in SUBSCRIPTS + SUPERSCRIPTS
        return is_first and is_last and not found[-1].below and not found[-1].above

    def command(self, name: str) -> Sequence[Symbol]:
        """Return the symbols of a command, including its argument if it has one."""
        if sign := COMMANDS.get(name) or BACKSLASHED.get(name):
            return [Symbol(sign)]
        if name in IGNORED:
            return []
        if name not in CHANGES:
            raise MalformedError
        return CHANGES[name](self.argument())

    def argument(self) -> Sequence[Symbol]:
        """Return the argument of a command: a group in braces, or the next letter."""
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
    r"""Return the letters of a word one by one, then the digits behind them.

    >>> single("ab12"), single("x̂y"), single(r"\alpha")
    (['a', 'b', '12'], ['x̂', 'y'], ['\\alpha'])
    """
    found = re.findall(rf"{ONE_LETTER}|\d+", item)
    return found if "".join(found) == item else [item]


def put(found: list[Symbol], sign: str, part: Sequence[Symbol]) -> None:
    """Add a script to the last symbol, or to an empty one if the last has that script already."""
    last = found[-1] if found else Symbol(" ")
    before = last.below if sign == "_" else last.above
    if last.base.isspace() or (before and {*before} != {PRIME}):
        last, before = Symbol(""), ()
        found.append(last)
    script = (*before, *part)
    found[-1] = last._replace(below=script) if sign == "_" else last._replace(above=script)


def letter(item: str) -> Symbol:
    """Return the symbol of a letter with its accents, or of a sign, a number or a word.

    >>> letter("ŷ"), letter("é").base
    (Symbol(base='y', accents='̂', below=(), above=()), 'é')
    """
    composed = unicodedata.normalize("NFC", item)
    apart = unicodedata.normalize("NFD", item)
    base, marks = apart[0], apart[1:]
    is_accented = bool(marks) and all(mark in ACCENT_OF for mark in marks)
    if not is_accented or (len(composed) == 1 and all(mark in WORD_ACCENTS for mark in marks)):
        return Symbol(composed)
    return Symbol(base, accents=marks)


def merged_letters(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return symbols in which neighbouring letters are merged into one word.

    >>> [symbol.base for symbol in merged_letters([Symbol("o"), Symbol("u"), Symbol("t")])]
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
    """Return symbols, each with one more accent."""
    return [symbol._replace(accents=symbol.accents + mark) for symbol in symbols]


def in_font(font: str, symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return symbols whose letters are those of a font."""
    return [s._replace(base="".join(styled(sign, font) for sign in s.base)) for s in symbols]


CHANGES: dict[str, Callable[[Sequence[Symbol]], Sequence[Symbol]]] = {
    **dict.fromkeys(UPRIGHT, merged_letters),
    **dict.fromkeys(SLANTED, list),
    **{name: partial(accented, mark) for name, mark in ACCENTS.items()},
    **{name: partial(accented, ACCENTS[same]) for name, same in WIDE_ACCENTS.items()},
    **{name: partial(in_font, name) for name in TEX_FONTS},
    **{name: partial(in_font, same) for name, same in FONT_SYNONYMS.items()},
}
"""What a command with an argument does to the symbols of the argument."""
