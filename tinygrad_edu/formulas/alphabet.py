"""The letters and signs of labels: Greek, accents, fonts, raised and lowered characters."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from itertools import chain

__all__ = [
    "ACCENTS",
    "ACCENT_OF",
    "ALONE",
    "COMMANDS",
    "DOWN",
    "ESCAPED",
    "FONTS",
    "FONTS_TOO",
    "HIGH",
    "LETTER",
    "LETTERS",
    "LOW",
    "MARKS",
    "MUTE",
    "OF_WORDS",
    "RAISED",
    "SIGNS",
    "SLANTED",
    "STYLED",
    "UP",
    "UPRIGHT",
    "WIDE",
    "WORD",
    "scripts",
    "styled",
]

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
