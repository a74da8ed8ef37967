"""Parameters as JSON: what a file of them holds, and what is wrong with one that does not.

Every error is one ValueError with one sentence, which quotes no more than a little of the file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_edu.operation import number
from tinygrad_edu.support.given import quoted

__all__ = ["as_json", "content_of", "from_json", "read", "require"]

FORMAT, VERSION = "tinygrad_edu parameters", 2
FRACTION = re.compile(r"-?[0-9]{1,4300}(/0*[1-9][0-9]{0,4200})?")  # as long as Python reads


def content_of(model: Any, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is written to a file."""
    parameters = {name: as_json(x) for name, x in numbers.items()}
    return {"format": FORMAT, "version": VERSION, "model": model, "parameters": parameters}


def read(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Return the model and the numbers that a file holds; raise ValueError if it is damaged.

    The model is None where the file says nothing about it, as one of version 1 may.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # Windows likes to begin with a mark
        content = json.loads(
            text, object_pairs_hook=without_duplicates, parse_constant=refuse_constant,
            parse_float=finite, parse_int=whole,
        )  # fmt: skip
    except UnicodeDecodeError:
        message = "it is not text in UTF-8"
        raise ValueError(message) from None
    except json.JSONDecodeError as error:
        message = f"it is not JSON, or it was cut off: {error}"
        raise ValueError(message) from None
    except RecursionError:
        message = "its JSON is nested too deeply"
        raise ValueError(message) from None
    require(isinstance(content, dict), f"it must hold a JSON object, not {quoted(content)}")
    kind, version = content.get("format"), content.get("version")
    require(kind == FORMAT, f'its "format" must be "{FORMAT}", not {quoted(kind)}')
    known = type(version) is int and 1 <= version <= VERSION
    require(
        known, f'its "version" must be a whole number from 1 to {VERSION}, not {quoted(version)}'
    )
    unknown = content.keys() - {"format", "version", "model", "parameters"}
    require(not unknown, f"it has the unknown field {quoted(min(unknown, default=None))}")
    model, numbers = content.get("model"), content.get("parameters")
    fits = isinstance(model, dict if version == VERSION else str | None)
    require(fits, f'its "model" must say what was saved, not {quoted(model)}')
    require(isinstance(numbers, dict), f'its "parameters" must be an object, not {quoted(numbers)}')
    return model, {name: from_json(x, name) for name, x in numbers.items()}


def require(condition: object, otherwise: str) -> None:
    """Raise ValueError unless a condition holds."""
    if not condition:
        raise ValueError(otherwise)


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the entries of a JSON object; raise ValueError if two have the same name."""
    found: dict[str, Any] = {}
    for name, x in pairs:
        require(name not in found, f"it says {quoted(name)} twice")
        found[name] = x
    return found


def refuse_constant(name: str) -> NoReturn:
    """Raise ValueError for NaN and Infinity, which are not JSON."""
    message = f'{name} is not JSON; write "nan", "inf" or "-inf", as a string'
    raise ValueError(message)


def finite(text: str) -> float:
    """Return a number of JSON as a float; raise ValueError if it is too large for one."""
    x = float(text)
    require(math.isfinite(x), f"the number {shortened(text)} is too large for a float")
    return x


def whole(text: str) -> int:
    """Return a whole number of JSON; raise ValueError if it is too large for a float."""
    finite(text)
    return int(text)


def shortened(text: str) -> str:
    """Return the digits of a number without those in the middle, if there are many."""
    return text if len(text) <= 40 else f"{text[:20]}...{text[-10:]}"


def as_json(x: Any) -> Any:
    """Return a number as JSON has it: what JSON has no number for as a string.

    >>> as_json(0.1), as_json(Fraction(1, 3)), as_json(math.inf)
    (0.1, '1/3', 'inf')
    """
    x = number(x)
    return str(x) if isinstance(x, Fraction) or not math.isfinite(x) else x


def from_json(x: Any, name: str = "it") -> Any:
    """Return the number that ``as_json`` wrote; raise ValueError for anything else.

    >>> from_json(0.1), from_json("1/3"), from_json("inf")
    (0.1, Fraction(1, 3), inf)
    >>> from_json(True, "w")
    Traceback (most recent call last):
      ...
    ValueError: 'w' must be a number, or a fraction such as "1/3" as a string, not True
    """
    if isinstance(x, str) and FRACTION.fullmatch(x):
        return Fraction(x)
    if x in ("inf", "-inf", "nan") or (isinstance(x, int | float) and not isinstance(x, bool)):
        return float(x)
    message = f'{quoted(name)} must be a number, or a fraction such as "1/3" as a string, not '
    raise ValueError(message + quoted(x))
