"""Formulas as MathML, which browsers draw without any library, from the LaTeX of the package."""

from __future__ import annotations

import html
import re

from tinygrad_edu.formulas.alphabet import COMMANDS, TEX_FONTS, styled

__all__ = ["mathml"]

SIGN = re.compile(r"\\[A-Za-z]+|'+|\\.|\d+(?:\.\d+)?|\S", re.DOTALL)

ESCAPE = re.compile(r"\\(?:backslash|hat|sim)\{\}|\\.", re.DOTALL)

UPRIGHT_TEXT = re.compile(
    rf"\\(?:operatorname|mathrm|text)\{{((?:{ESCAPE.pattern}|[^{{}}\\])*)\}}", re.DOTALL
)

UNESCAPED = {r"\backslash{}": "\\", r"\hat{}": "^", r"\sim{}": "~"}

ABOVE = {
    "hat": "^", "tilde": "~", "bar": "¯", "dot": "˙", "ddot": "¨", "vec": "→", "check": "ˇ",
    "breve": "˘", "acute": "\u00b4", "grave": "`", "mathring": "˚",
}  # fmt: skip

CONSTRUCTS = {
    r"\frac": "<mfrac>{}{}</mfrac>",
    r"\sqrt": "<msqrt>{}</msqrt>",
    r"\underline": '<munder accentunder="true">{}<mo>_</mo></munder>',
} | {
    f"\\{name}": f'<mover accent="true">{{}}<mo>{mark}</mo></mover>' for name, mark in ABOVE.items()
}

OPERATOR_OF = {r"\backslash": "\\", r"\sim": "~", "-": "−", "'": "\u2032", r"\ ": "\u00a0"} | {
    f"\\{name}": sign for name, sign in COMMANDS.items() if not sign.isalpha()
}

LETTER_OF = {f"\\{name}": sign for name, sign in COMMANDS.items() if sign.isalpha()}


def mathml(latex: str) -> str:
    r"""Return a formula as MathML, which browsers draw without any library.

    The function knows the LaTeX that the package writes: fractions, roots, scripts, accents and
    words. Anything else is shown as it is.

    >>> mathml(r"\frac{1}{2} x_{1}^{2}")
    '<mfrac><mn>1</mn><mn>2</mn></mfrac><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>'
    >>> mathml(r"\sigma\left(-z\right)")
    '<mi>σ</mi><mo stretchy="false">(</mo><mo form="prefix">−</mo><mi>z</mi>...'
    """
    return "".join(LatexReader(latex).elements())


class LatexReader:
    """Reads LaTeX from left to right and turns it into elements of MathML."""

    def __init__(self, latex: str) -> None:
        """Put words aside, because they are not formulas, and split the rest into signs."""
        self.words: list[str] = []
        latex = UPRIGHT_TEXT.sub(self.put_aside, latex)
        latex = re.sub(r"\\(backslash|sim)\{\}", r"\\\1 ", latex)
        latex = re.sub(r"\\left\.|\\(left|right)(?![A-Za-z])", "", latex)
        self.rest = SIGN.findall(latex)[::-1]

    def put_aside(self, found: re.Match[str]) -> str:
        """Keep a word, and return a command with its number to stand in its place."""
        self.words.append(ESCAPE.sub(lambda e: UNESCAPED.get(e[0], e[0][1:]), found[1]))
        return f"\\word {len(self.words) - 1} "

    def elements(self) -> list[str]:
        """Return the elements up to the end of a group."""
        found: list[str] = []
        scripts: dict[str, str] = {}  # the scripts of `base`, which is not in `found` yet
        base = ""
        while self.rest and (sign := self.rest.pop()) != "}":
            if sign in ("^", "_"):
                base = base or (found.pop() if found else "<mrow></mrow>")
                scripts[sign] = self.argument()
                continue
            if sign[0] == "'":
                base = base or (found.pop() if found else "<mrow></mrow>")
                scripts["^"] = f"<mo>{OPERATOR_OF[sign[0]] * len(sign)}</mo>"
                continue
            if base:
                found.append(scripted(base, scripts))
                base, scripts = "", {}
            is_sign = sign == "-" and found and found[-1].endswith(("(</mo>", "·</mo>", "+</mo>"))
            found.append('<mo form="prefix">−</mo>' if is_sign else self.element(sign))
        return [*found, scripted(base, scripts)] if base else found

    def argument(self) -> str:
        """Return a group or a single sign as one element."""
        return self.element(self.rest.pop()) if self.rest else "<mrow></mrow>"

    def element(self, sign: str) -> str:
        """Return a sign, including its arguments, as one element."""
        if sign == "{":
            group = self.elements()
            return group[0] if len(group) == 1 else f"<mrow>{''.join(group)}</mrow>"
        if sign[1:] in TEX_FONTS:  # written in characters of Unicode, which every browser has
            return self.in_font(sign[1:])
        if construct := CONSTRUCTS.get(sign):
            return construct.format(*(self.argument() for _ in range(construct.count("{}"))))
        if sign == r"\word":
            word = html.escape(self.words[int(self.rest.pop())])
            return f'<mi mathvariant="normal">{word}</mi>'
        return leaf(sign)

    def in_font(self, font: str) -> str:
        """Return the argument of a font command in the letters of that font."""

        def in_letters(found: re.Match[str]) -> str:
            return f">{''.join(styled(sign, font) for sign in html.unescape(found[1]))}<"

        return re.sub(r">([^<]+)<", in_letters, self.argument())


def scripted(base: str, scripts: dict[str, str]) -> str:
    """Return an element with its subscript and its superscript."""
    tag = "msubsup" if len(scripts) > 1 else "msub" if "_" in scripts else "msup"
    return f"<{tag}>{base}{scripts.get('_', '')}{scripts.get('^', '')}</{tag}>"


def leaf(sign: str) -> str:
    """Return a number, a letter or an operator."""
    if sign[0].isdigit():
        return f"<mn>{sign}</mn>"
    if sign in "()[]|":
        return f'<mo stretchy="false">{sign}</mo>'
    shown = OPERATOR_OF.get(sign) or LETTER_OF.get(sign) or sign.removeprefix("\\")
    tag = "mi" if shown in ("∂", "∞") or shown[:1].isalpha() else "mo"
    return f"<{tag}>{html.escape(shown)}</{tag}>"
