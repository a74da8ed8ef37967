"""The letters and signs of labels: Greek, accents, fonts, subscripts and superscripts."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from itertools import chain

__all__ = [
    "ACCENTS",
    "ACCENT_OF",
    "BACKSLASHED",
    "COMBINING",
    "COMMANDS",
    "FONT_SYNONYMS",
    "GREEK",
    "IGNORED",
    "LABEL_WORD",
    "ONE_LETTER",
    "POWER_SIGNS",
    "SIGNS",
    "SINGLE_LETTERS",
    "SLANTED",
    "STYLED",
    "SUBSCRIPTS",
    "SUBSCRIPT_OF",
    "SUPERSCRIPTS",
    "SUPERSCRIPT_OF",
    "TEX_FONTS",
    "UPRIGHT",
    "WIDE_ACCENTS",
    "WORD_ACCENTS",
    "scripts",
    "styled",
]

# fmt: off
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ϵ": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "ϕ": "phi", "χ": "chi",
    "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi",
    "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
    "ε": "varepsilon", "ϑ": "vartheta", "ϖ": "varpi", "ϱ": "varrho", "ς": "varsigma",
    "φ": "varphi", "ϰ": "varkappa",
}
"""Greek letters and their names in TeX."""

SIGNS = {
    "∂": "partial", "∇": "nabla", "∞": "infty", "ℓ": "ell", "ħ": "hbar", "·": "cdot", "×": "times",
    "÷": "div", "±": "pm", "∗": "ast", "⋆": "star", "∘": "circ", "•": "bullet", "†": "dagger",
    "⊤": "top", "⊥": "bot", "⊙": "odot", "⊕": "oplus", "⊗": "otimes", "→": "to", "←": "leftarrow",
    "…": "dots", "∑": "sum", "∏": "prod", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx",
    "∈": "in", "′": "prime", "‖": "Vert",
}
"""Other signs and their names in TeX."""

ALSO = {
    "rightarrow": "→", "ldots": "…", "cdots": "…", "leq": "≤", "geq": "≥", "neq": "≠", "perp": "⊥",
    "intercal": "⊤", "omicron": "ο",
}
"""Further names in TeX."""

COMMANDS = {name: sign for sign, name in chain(GREEK.items(), SIGNS.items())} | ALSO
"""The commands of TeX that stand for one sign."""

BACKSLASHED = dict(zip("_{}%#&$ ,;:|", "_{}%#&$    ‖", strict=True))
"""What a sign behind a backslash stands for."""

IGNORED = {"left", "right", "displaystyle", "limits", "nolimits", "!"}
"""Commands that leave nothing to see in a label."""

UPRIGHT = {"mathrm", "text", "textrm", "operatorname", "textbf", "textit", "textsf", "texttt"}
"""Commands that set their argument upright, as a word."""

SLANTED = {"mathit", "mathnormal"}
"""Commands that set their argument in italics; single letters are in italics anyway."""

ACCENTS = {
    "hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308",
    "vec": "\u20d7", "check": "\u030c", "breve": "\u0306", "acute": "\u0301", "grave": "\u0300",
    "mathring": "\u030a", "underline": "\u0332",
}
"""The combining characters of accents, by the names of the accents in TeX."""

ACCENT_OF = {mark: name for name, mark in ACCENTS.items()}

WIDE_ACCENTS = {"widehat": "hat", "widetilde": "tilde", "overline": "bar", "overrightarrow": "vec"}

WORD_ACCENTS = "\u030c\u0306\u0301\u0300\u030a"
"""Accents that belong to the letter, as in é; the hat of ŷ is an accent of mathematics."""

TEX_FONTS = {
    "mathbf": "BOLD", "mathcal": "SCRIPT", "mathbb": "DOUBLE-STRUCK", "mathfrak": "FRAKTUR",
    "mathsf": "SANS-SERIF", "mathtt": "MONOSPACE",
}
"""The fonts of TeX and their names in Unicode."""

FONT_SYNONYMS = {"boldsymbol": "mathbf", "bm": "mathbf", "mathscr": "mathcal"}
# fmt: on


def styled(letter: str, font: str) -> str:
    """Return the Unicode character for a letter in a font of TeX, or the letter if there is none.

    >>> styled("x", "mathbf"), styled("L", "mathcal"), styled("R", "mathbb"), styled("!", "mathbf")
    ('𝐱', 'ℒ', 'ℝ', '!')
    """
    plain = unicodedata.name(letter, "").replace("LETTER ", "")
    of_font = f"{TEX_FONTS[font]} {plain.removeprefix('LATIN ').removeprefix('GREEK ')}"
    for name in (f"MATHEMATICAL {of_font}", of_font.replace("FRAKTUR", "BLACK-LETTER")):
        with suppress(KeyError):
            return unicodedata.lookup(name)
    return letter


ALPHABET = "".join(map(chr, (*range(48, 58), *range(65, 91), *range(97, 123)))) + "".join(GREEK)

STYLED = {
    found: (font, letter)
    for font in TEX_FONTS
    for letter in ALPHABET
    if (found := styled(letter, font)) != letter and found not in SIGNS
}
"""The characters of the fonts, each with its font and its plain letter."""


def scripts(kind: str) -> dict[str, str]:
    """Return the superscript (``<super>``) or subscript (``<sub>``) form of each character."""
    found: dict[str, str] = {}
    places = (range(0xB2, 0xBA), range(0x2B0, 0x2E5), range(0x1D2C, 0x1DC0), range(0x2070, 0x209D),
              range(0x2C7C, 0x2C7E))  # fmt: skip
    for character in map(chr, chain(*places)):
        how, _, plain = unicodedata.decomposition(character).partition(" ")
        if how == kind and " " not in plain:
            found.setdefault(chr(int(plain, 16)), character)
    return {**found, "-": found["−"]}


SUBSCRIPT_OF, SUPERSCRIPT_OF = scripts("<sub>"), scripts("<super>")

SUBSCRIPTS, SUPERSCRIPTS = "".join({*SUBSCRIPT_OF.values()}), "".join({*SUPERSCRIPT_OF.values()})

POWER_SIGNS = f"{SUPERSCRIPTS}^′"
"""A name with one of these signs has the precedence of a power."""

COMBINING = "\u0300-\u036f\u20d0-\u20ff"
"""Combining characters, as the inside of a character class in a regular expression."""

SINGLE_LETTERS = "".join(GREEK) + "".join(STYLED)
"""Letters that are never part of a word."""

SPECIAL_LETTERS = f"{SUBSCRIPTS}{SUPERSCRIPTS}{SINGLE_LETTERS}"

ONE_LETTER = rf"(?![{SPECIAL_LETTERS}])[^\W\d_][{COMBINING}]*"
"""A letter with its accents, as a regular expression."""

LABEL_WORD = rf"(?:(?![{SPECIAL_LETTERS}])[^\W\d_](?![{COMBINING}])){{2,}}"
"""Two or more letters without accents, as a regular expression."""
