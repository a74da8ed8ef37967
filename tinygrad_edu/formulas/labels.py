r"""Writing a label: as text, as LaTeX, and as one types it.

A label may be given as Unicode, as TeX or in plain ASCII; all of them become the same symbols.

>>> [as_text(label) for label in (r"w_{11}^{(2)}", "w_11^(2)", r"\hat{y}", "theta1", "x'")]
['w₁₁⁽²⁾', 'w₁₁⁽²⁾', 'ŷ', 'θ₁', 'x′']
>>> as_latex("w₁₁⁽²⁾"), as_latex("ŷ"), as_latex("θ₁"), as_latex("loss")
('w_{11}^{(2)}', '\\hat{y}', '\\theta_{1}', '\\mathrm{loss}')

Unicode has no superscript or subscript form of some characters. A script that contains such a
character stays behind ``_`` or ``^``: the text of ``z^{[2]}`` is ``z^[2]``. A label that is not
correct TeX stays as it was typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tinygrad_edu.formulas.alphabet import (
    ACCENT_OF,
    ACCENTS,
    GREEK,
    SIGNS,
    STYLED,
    SUBSCRIPT_OF,
    SUPERSCRIPT_OF,
    WORD_ACCENTS,
)
from tinygrad_edu.formulas.symbols import OPERATORS, PRIME, Symbol, read_label

__all__ = ["as_latex", "as_text", "canonical", "latex_escaped", "script", "spelled"]

LONGEST_LABEL = 60  # characters of a label that are shown

# --- as text --------------------------------------------------------------------------------------

SAME = {"µ": "μ", "∆": "Δ", "\N{OHM SIGN}": "Ω"}  # characters that look the same


def visible(label: str) -> str:
    r"""Return the visible part of a label; several spaces become one.

    A character without a shape of its own, such as a control character, becomes U+FFFD.

    >>> visible(" a\n  b "), visible("\x01")
    ('a b', '�')
    """
    found = " ".join(label.split())
    if found.isascii() and found.isprintable():
        return found
    seen = []
    for character in unicodedata.normalize("NFC", found):
        kind = unicodedata.category(character)
        if kind == "Cf":  # an invisible character that may reverse the text behind it
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
    """Return a label as text; a very long label is cut.

    A label written from right to left is enclosed in marks, so that equations keep their direction.
    """
    seen = visible(label)
    if len(seen) > LONGEST_LABEL:
        seen = f"{seen[: LONGEST_LABEL - 1]}…"
    else:
        seen = " ".join(text_of(read_label(seen)).split())
    turns = any(unicodedata.bidirectional(character) in ("R", "AL") for character in seen)
    return f"\u200e{seen}\u200e" if turns else seen


def text_of(symbols: Sequence[Symbol]) -> str:
    """Return symbols as Unicode text."""
    return "".join(map(symbol_text, symbols))


def symbol_text(symbol: Symbol) -> str:
    """Return a symbol as Unicode text: the base, then the subscript, then the superscript."""
    primes = [s for s in symbol.above if s == PRIME]
    above = [s for s in symbol.above if s != PRIME]
    base = unicodedata.normalize("NFC", symbol.base + symbol.accents)
    return f"{base}{script('_', symbol.below)}{'′' * len(primes)}{script('^', above)}"


def script(sign: str, part: Sequence[Symbol]) -> str:
    """Return a subscript or superscript, in small characters if Unicode has all of them.

    >>> script("_", [Symbol("12")]), script("^", [Symbol("*")]), script("_", [Symbol("out")])
    ('₁₂', '^*', '_out')
    """
    if not part:
        return ""
    inner, small = text_of(part), SUBSCRIPT_OF if sign == "_" else SUPERSCRIPT_OF
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
    return latex_of(read_label(visible(label)))


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
    """Yield symbols without the spaces next to operators, where TeX adds spaces itself."""
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
        return {"−": "-", " ": r"\ ", "ο": "o"}.get(base, latex_escaped(base))
    is_number = re.fullmatch(r"\d[\d.,]*", base)
    return base if is_number else f"\\mathrm{{{latex_escaped(base)}}}"


COMMANDS_OF = {**GREEK, **SIGNS}


def latex_escaped(text: str) -> str:
    """Return text with the characters escaped that have a meaning in LaTeX."""
    return re.sub(r"[\\^_#$%&{} ~]", lambda s: SPECIAL.get(s[0], f"\\{s[0]}"), text)


# --- as one types it ------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def spelled(name: str) -> str:
    r"""Return a name as it can be typed on any keyboard: ∂L/∂w₁₁⁽²⁾ as dL/dw2_11.

    >>> spelled("∂L/∂w₁₁⁽²⁾"), spelled("dL/dw2_11"), spelled("x₁"), spelled("da_1 / dz_1")
    ('dL/dw2_11', 'dL/dw2_11', 'x_1', 'da_1/dz_1')
    >>> spelled("∂θ/∂ŷ"), spelled("x²"), spelled(r"w_{1,1}^{[1]}")
    ('dtheta/dyhat', 'x^2', 'w1_1,1')
    """
    return spelled_of(read_label(visible(name)))


def spelled_of(symbols: Sequence[Symbol]) -> str:
    """Return symbols as they can be typed."""
    return "".join(map(symbol_spelled, symbols))


def symbol_spelled(symbol: Symbol) -> str:
    """Return a symbol as it can be typed; the layer comes before the index."""
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
    return GREEK.get(found, found).removeprefix("var")


def without_accents(name: str) -> str:
    """Return text in which each accent is replaced by its name.

    >>> without_accents("dŷ"), without_accents("é")
    ('dyhat', 'é')
    """
    apart = unicodedata.normalize("NFD", name)
    named = [
        ACCENT_OF[mark] if mark in ACCENT_OF and mark not in WORD_ACCENTS else mark
        for mark in apart
    ]
    return unicodedata.normalize("NFC", "".join(named))


PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹", 2 * "0123456789")
NOTATION = re.compile("([A-Za-z])([₀-₉]+(?:,[₀-₉]+)*)?(?:⁽([⁰¹²³⁴-⁹]+)⁾)?")  # as name() writes it


def canonical(name: str) -> str:
    r"""Return the one form that all spellings of a name share: first the index, then the layer.

    Names that look the same, as text or as LaTeX, have the same form.

    >>> [canonical(name) for name in ("z₁", "z1", "z_1", "z_{1}")]
    ['z_1', 'z_1', 'z_1', 'z_1']
    >>> spellings = ("w₁₁⁽²⁾", "w2_11", "w_11^2", "w^2_11", "w11^[2]", "w_{11}^{(2)}")
    >>> {canonical(name) for name in spellings}
    {'w_11^2'}
    >>> canonical(r"\frac{\partial L}{\partial w_{1}}"), canonical("∂L/∂w₁")
    ('dL/dw_1', 'dL/dw_1')
    """
    if usual := NOTATION.fullmatch(name):
        base, below, above = usual.groups()
        low = f"_{below.translate(PLAIN_DIGITS)}" if below else ""
        return f"{base}{low}^{above.translate(PLAIN_DIGITS)}" if above else f"{base}{low}"
    return canonical_of_any(name)


@lru_cache(maxsize=4096)
def canonical_of_any(name: str) -> str:
    """Return the canonical form of any name; :func:`canonical` is faster for the usual names."""
    name = re.sub(r"\\[dt]?frac\s*\{(.*)\}\s*\{(.*)\}", r"\1/\2", name)
    name = re.sub(r"([_^])[\[({]([^][(){}]*)[\])}]", r"\1\2", spelled(name))
    name = re.sub(rf"_({'|'.join(ACCENTS)})(?![a-z])", r"\1", without_accents(name))
    name = re.sub(r"(?<=[^\W\d_])\(?\^?(\d+)\)?_(\d[\d,]*)", r"_\2^\1", name)
    return re.sub(r"(?<=[^\W\d_])(\d+)(?![\d_])", r"_\1", name)
