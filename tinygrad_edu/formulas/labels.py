r"""How a label is read, and how it is written: as text, as LaTeX, and as it is typed.

A label may be typed as Unicode, as TeX or in plain ASCII. All of it is read into the same symbols.

>>> [as_text(label) for label in (r"w_{11}^{(2)}", "w_11^(2)", r"\hat{y}", "theta1", "x'")]
['w₁₁⁽²⁾', 'w₁₁⁽²⁾', 'ŷ', 'θ₁', 'x′']
>>> as_latex("w₁₁⁽²⁾"), as_latex("ŷ"), as_latex("θ₁"), as_latex("loss")
('w_{11}^{(2)}', '\\hat{y}', '\\theta_{1}', '\\mathrm{loss}')

Unicode has no raised or lowered form of some characters. What has such a character in it stays
behind ``_`` or ``^``: ``z^{[2]}`` is the text ``z^[2]``. A label that is not correct TeX stays as
it was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

__all__ = ["as_latex", "as_text", "escaped", "spelled", "styled", "typed"]

LONGEST = 60  # characters of a label that are shown

# --- the characters -------------------------------------------------------------------------------

# fmt: off
LETTERS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ϵ": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "ϕ": "phi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi",
    "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    "ε": "varepsilon", "ϑ": "vartheta", "ϖ": "varpi", "ϱ": "varrho", "ς": "varsigma",
    "φ": "varphi", "ϰ": "varkappa",
}
"""Greek letters, and their names in TeX."""
SIGNS = {
    "∂": "partial", "∇": "nabla", "∞": "infty", "ℓ": "ell", "ħ": "hbar", "·": "cdot", "×": "times",
    "÷": "div", "±": "pm", "∗": "ast", "⋆": "star", "∘": "circ", "•": "bullet", "†": "dagger",
    "⊤": "top", "⊥": "bot", "⊙": "odot", "⊕": "oplus", "⊗": "otimes", "→": "to", "←": "leftarrow",
    "…": "dots", "∑": "sum", "∏": "prod", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx",
    "∈": "in", "′": "prime", "‖": "Vert",
}
"""Other signs, and their names in TeX."""
ALSO = {
    "rightarrow": "→", "ldots": "…", "cdots": "…", "leq": "≤", "geq": "≥", "neq": "≠", "perp": "⊥",
    "intercal": "⊤", "omicron": "ο",
}
COMMANDS = {name: sign for sign, name in chain(LETTERS.items(), SIGNS.items())} | ALSO
ESCAPED = dict(zip("_{}%#&$ ,;:|", "_{}%#&$    ‖", strict=True))  # what may follow a backslash
MUTE = {"left", "right", "displaystyle", "limits", "nolimits", "!"}
UPRIGHT = {"mathrm", "text", "textrm", "operatorname", "textbf", "textit", "textsf", "texttt"}
SLANTED = {"mathit", "mathnormal"}  # as all letters are

ACCENTS = {
    "hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308",
    "vec": "\u20d7", "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
    "mathring": "\u030a", "underline": "\u0332",
}
ACCENT_OF = {mark: name for name, mark in ACCENTS.items()}
WIDE = {"widehat": "hat", "widetilde": "tilde", "overline": "bar", "overrightarrow": "vec"}
OF_WORDS = "\u030c\u0306\u0301\u0300\u030a"  # é is a letter like others; ŷ is a y with a hat

FONTS = {
    "mathbf": "BOLD", "mathcal": "SCRIPT", "mathbb": "DOUBLE-STRUCK", "mathfrak": "FRAKTUR",
    "mathsf": "SANS-SERIF", "mathtt": "MONOSPACE",
}
FONTS_TOO = {"boldsymbol": "mathbf", "bm": "mathbf", "mathscr": "mathcal"}
# fmt: on


def styled(letter: str, font: str) -> str:
    """Return a letter in a font of TeX, as Unicode has it; without one, the letter.

    >>> styled("x", "mathbf"), styled("L", "mathcal"), styled("R", "mathbb"), styled("!", "mathbf")
    ('𝐱', 'ℒ', 'ℝ', '!')
    """
    plain = unicodedata.name(letter, "").replace("LETTER ", "")
    of_font = f"{FONTS[font]} {plain.removeprefix('LATIN ').removeprefix('GREEK ')}"
    for name in (f"MATHEMATICAL {of_font}", of_font.replace("FRAKTUR", "BLACK-LETTER")):
        with suppress(KeyError):
            return unicodedata.lookup(name)
    return letter


ALPHABET = "".join(map(chr, (*range(48, 58), *range(65, 91), *range(97, 123)))) + "".join(LETTERS)
STYLED = {
    found: (font, letter)
    for font in FONTS
    for letter in ALPHABET
    if (found := styled(letter, font)) != letter and found not in SIGNS
}


def scripts(kind: str) -> dict[str, str]:
    """Return the characters that Unicode has raised (``<super>``) or lowered (``<sub>``)."""
    found: dict[str, str] = {}
    places = (range(0xB2, 0xBA), range(0x2B0, 0x2E5), range(0x1D2C, 0x1DC0), range(0x2070, 0x209D),
              range(0x2C7C, 0x2C7E))  # fmt: skip
    for character in map(chr, chain(*places)):
        how, _, plain = unicodedata.decomposition(character).partition(" ")
        if how == kind and " " not in plain:
            found.setdefault(chr(int(plain, 16)), character)
    return {**found, "-": found["−"]}


LOW, HIGH = scripts("<sub>"), scripts("<super>")
DOWN, UP = "".join({*LOW.values()}), "".join({*HIGH.values()})
RAISED = f"{UP}^′"  # what a name has in it that holds together like a power
MARKS = "\u0300-\u036f\u20d0-\u20ff"
ALONE = "".join(LETTERS) + "".join(STYLED)  # letters that are no part of a word
LETTER = rf"(?![{DOWN}{UP}{ALONE}])[^\W\d_][{MARKS}]*"
WORD = rf"(?:(?![{DOWN}{UP}{ALONE}])[^\W\d_](?![{MARKS}])){{2,}}"
ITEM = re.compile(
    rf"\\[A-Za-z]+\s*|\\.|[{DOWN}]+(?:,[{DOWN}]+)*|[{UP}]+(?:,[{UP}]+)*|[{ALONE}][{MARKS}]*"
    rf"|{WORD}\d*|{LETTER}|\d+(?:[.,]\d+)*|\s+|.[{MARKS}]*",
    re.DOTALL,
)
MARKUP = re.compile(rf"[\\_^'’{''.join(SIGNS)}{DOWN}{UP}{ALONE}{MARKS}]")
INDEXED = re.compile(rf"(?:{LETTER}|(?:{'|'.join(LETTERS.values())}))\d*(?:\[\d+\])*")
OPERATORS = "+-−·×/=()[]<>"
INDICES = re.compile("[ijk]{2,3}|kl|mn|nm|lm")  # letters that nobody takes for a word

# --- symbols --------------------------------------------------------------------------------------


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

# --- as text --------------------------------------------------------------------------------------

SAME = {"µ": "μ", "∆": "Δ", "\N{OHM SIGN}": "Ω"}  # characters that look the same


def visible(label: str) -> str:
    r"""Return what can be seen of a label: no control characters, single spaces, letters composed.

    What has no shape of its own becomes the replacement character.

    >>> visible(" a\n  b "), visible("\x01")
    ('a b', '�')
    """
    found = " ".join(label.split())
    if found.isascii() and found.isprintable():
        return found
    seen = []
    for character in unicodedata.normalize("NFC", found):
        kind = unicodedata.category(character)
        if kind == "Cf":  # it may turn the direction of all that follows
            continue
        is_shapeless = kind in ("Cc", "Cs", "Co", "Cn")
        seen.append("�" if is_shapeless else SAME.get(character, character))
    return " ".join("".join(seen).split())


def as_text(label: object) -> str:
    r"""Return a label as Unicode text.

    >>> as_text(r"w_{1,1}^{[1]}"), as_text(r"\mathbf{x}"), as_text("y^*"), as_text(r"\unknown{x}")
    ('w₁,₁^[1]', '𝐱', 'y^*', '\\unknown{x}')
    """
    if type(label) is str:
        return label if NOTATION.fullmatch(label) else shown(label)
    return "" if label is None else shown(str(label))


@lru_cache(maxsize=4096)
def shown(label: str) -> str:
    """Return a label as text; of a very long one the beginning.

    What is written from right to left stands between marks, so that equations keep their direction.
    """
    seen = visible(label)
    if len(seen) > LONGEST:
        seen = f"{seen[: LONGEST - 1]}…"
    else:
        seen = " ".join(text_of(read(seen)).split())
    turns = any(unicodedata.bidirectional(character) in ("R", "AL") for character in seen)
    return f"\u200e{seen}\u200e" if turns else seen


def text_of(symbols: Sequence[Symbol]) -> str:
    """Return symbols as Unicode text."""
    return "".join(map(symbol_text, symbols))


def symbol_text(symbol: Symbol) -> str:
    """Return a symbol as Unicode text, first what stands below, then what stands above."""
    primes = [s for s in symbol.above if s == PRIME]
    above = [s for s in symbol.above if s != PRIME]
    base = unicodedata.normalize("NFC", symbol.base + symbol.accents)
    return f"{base}{script('_', symbol.below)}{'′' * len(primes)}{script('^', above)}"


def script(sign: str, part: Sequence[Symbol]) -> str:
    """Return what stands below or above: in small characters if Unicode has all of them.

    >>> script("_", [Symbol("12")]), script("^", [Symbol("*")]), script("_", [Symbol("out")])
    ('₁₂', '^*', '_out')
    """
    if not part:
        return ""
    inner, small = text_of(part), LOW if sign == "_" else HIGH
    if len(part) == 1 and part[0].is_word:
        return f"{sign}{inner}"
    if all(character in small or (character == "," and inner != ",") for character in inner):
        return "".join(small.get(character, character) for character in inner)
    is_closed = len(inner) == 1 or re.fullmatch(r"\[[^][]*\]|\([^()]*\)", inner)
    return f"{sign}{inner}" if is_closed else f"{sign}{{{inner}}}"


# --- as LaTeX -------------------------------------------------------------------------------------

SPECIAL = {"\\": r"\backslash{}", "^": r"\hat{}", "~": r"\sim{}"}


@lru_cache(maxsize=4096)
def as_latex(label: str) -> str:
    r"""Return a label as LaTeX.

    >>> as_latex("w^(2)_11"), as_latex("theta1"), as_latex("loss_1"), as_latex("x′")
    ('w_{11}^{(2)}', '\\theta_{1}', '\\mathrm{loss}_{1}', "x'")
    >>> as_latex("loss_total"), as_latex("𝐱"), as_latex("ȳ")
    ('\\mathrm{loss\\_total}', '\\mathbf{x}', '\\bar{y}')
    """
    return latex_of(read(visible(label)))


def latex_of(symbols: Sequence[Symbol]) -> str:
    """Return symbols as LaTeX."""
    found = ""
    for symbol in unspaced(symbols):
        written = symbol_latex(symbol)
        is_glued = re.search(r"\\[A-Za-z]+$", found) and written[:1].isalpha()
        between = " " if is_glued else "{}" if found and written[:1] in ("_", "^") else ""
        found += f"{between}{written}"
    return found


def unspaced(symbols: Sequence[Symbol]) -> Iterator[Symbol]:
    """Yield symbols without the spaces next to operators: TeX sets its own."""
    for i, symbol in enumerate(symbols):
        around = [s.base for s in symbols[max(i - 1, 0) : i + 2]]
        if not symbol.base.isspace() or not any(sign in OPERATORS for sign in around):
            yield symbol


def symbol_latex(symbol: Symbol) -> str:
    """Return a symbol as LaTeX."""
    written = base_latex(symbol.base)
    for mark in symbol.accents:
        written = f"\\{ACCENT_OF[mark]}{{{written}}}"
    primes = [s for s in symbol.above if s == PRIME]
    above = [s for s in symbol.above if s != PRIME]
    if symbol.below:
        written += f"_{{{latex_of(symbol.below)}}}"
    if above:
        return f"{written}^{{{latex_of([*primes, *above])}}}"
    return written + "'" * len(primes)


def base_latex(base: str) -> str:
    """Return the letter, word, number or sign of a symbol as LaTeX."""
    if base in COMMANDS_OF:
        return f"\\{COMMANDS_OF[base]}"
    if base in STYLED:
        font, plain = STYLED[base]
        return f"\\{font}{{{base_latex(plain)}}}"
    if len(base) < 2:
        return {"−": "-", " ": r"\ ", "ο": "o"}.get(base, escaped(base))
    is_number = re.fullmatch(r"\d[\d.,]*", base)
    return base if is_number else f"\\mathrm{{{escaped(base)}}}"


COMMANDS_OF = {**LETTERS, **SIGNS}


def escaped(run: str) -> str:
    """Return text as LaTeX shows it."""
    return re.sub(r"[\\^_#$%&{} ~]", lambda s: SPECIAL.get(s[0], f"\\{s[0]}"), run)


# --- as it is typed -------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def spelled(name: str) -> str:
    r"""Return a name as it can be typed on any keyboard: ∂L/∂w₁₁⁽²⁾ as dL/dw2_11.

    >>> spelled("∂L/∂w₁₁⁽²⁾"), spelled("dL/dw2_11"), spelled("x₁"), spelled("da_1 / dz_1")
    ('dL/dw2_11', 'dL/dw2_11', 'x_1', 'da_1/dz_1')
    >>> spelled("∂θ/∂ŷ"), spelled("x²"), spelled(r"w_{1,1}^{[1]}")
    ('dtheta/dyhat', 'x^2', 'w1_1,1')
    """
    return spelled_of(read(visible(name)))


def spelled_of(symbols: Sequence[Symbol]) -> str:
    """Return symbols as they can be typed."""
    return "".join(map(symbol_spelled, symbols))


def symbol_spelled(symbol: Symbol) -> str:
    """Return a symbol as it can be typed; the layer stands before the index."""
    base = "".join(map(plain_character, symbol.base))
    base += "".join(ACCENT_OF[mark] for mark in symbol.accents)
    primes = sum(s == PRIME for s in symbol.above)
    below = spelled_of(symbol.below)
    above = spelled_of([s for s in symbol.above if s != PRIME])
    layer = re.fullmatch(r"[(\[](\d+)[)\]]", above)
    if layer and re.fullmatch(r"\d+(,\d+)*", below) and not primes:
        return f"{base}{layer[1]}_{below}"
    scripts = [
        f"{sign}{{{part}}}" if "_" in part or "^" in part else f"{sign}{part}"
        for sign, part in (("_", below), ("^", above))
        if part
    ]
    return "".join([base, *scripts[: bool(below)], "'" * primes, *scripts[bool(below) :]])


def plain_character(character: str) -> str:
    """Return a character as it can be typed."""
    same = {"∂": "d", "−": "-", "·": "*", "“": '"', "”": '"', "…": "...", " ": "", "ο": "o"}
    found = same.get(character, character)
    return LETTERS.get(found, found).removeprefix("var")


def without_accents(name: str) -> str:
    """Return text with the names of accents for accents.

    >>> without_accents("dŷ"), without_accents("é")
    ('dyhat', 'é')
    """
    apart = unicodedata.normalize("NFD", name)
    named = [
        ACCENT_OF[mark] if mark in ACCENT_OF and mark not in OF_WORDS else mark for mark in apart
    ]
    return unicodedata.normalize("NFC", "".join(named))


DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", 2 * "0123456789")
NOTATION = re.compile("([A-Za-z])([₀-₉]+(?:,[₀-₉]+)*)?(?:⁽([⁰¹²³⁴-⁹]+)⁾)?")  # as name() writes it


def typed(name: str) -> str:
    r"""Return a name in whatever way it is typed, always the same: the index, then the layer.

    Names that look the same, as text or as LaTeX, are typed the same.

    >>> [typed(name) for name in ("z₁", "z1", "z_1", "z_{1}")]
    ['z_1', 'z_1', 'z_1', 'z_1']
    >>> {typed(name) for name in ("w₁₁⁽²⁾", "w2_11", "w_11^2", "w^2_11", "w11^[2]", "w_{11}^{(2)}")}
    {'w_11^2'}
    >>> typed(r"\frac{\partial L}{\partial w_{1}}"), typed("∂L/∂w₁")
    ('dL/dw_1', 'dL/dw_1')
    """
    if usual := NOTATION.fullmatch(name):
        base, below, above = usual.groups()
        low = f"_{below.translate(DIGITS)}" if below else ""
        return f"{base}{low}^{above.translate(DIGITS)}" if above else f"{base}{low}"
    return typed_otherwise(name)


@lru_cache(maxsize=4096)
def typed_otherwise(name: str) -> str:
    """Return what :func:`typed` does, of a name of any kind."""
    name = re.sub(r"\\[dt]?frac\s*\{(.*)\}\s*\{(.*)\}", r"\1/\2", name)
    name = re.sub(r"([_^])[\[({]([^][(){}]*)[\])}]", r"\1\2", spelled(name))
    name = re.sub(rf"_({'|'.join(ACCENTS)})(?![a-z])", r"\1", without_accents(name))
    name = re.sub(r"(?<=[^\W\d_])\(?\^?(\d+)\)?_(\d[\d,]*)", r"_\2^\1", name)
    return re.sub(r"(?<=[^\W\d_])(\d+)(?![\d_])", r"_\1", name)
