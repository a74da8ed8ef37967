"""Parameters as JSON: the content of a file of parameters, and errors for files that are damaged.

Every error is a ValueError with one sentence, which quotes only a short part of the file.
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

__all__ = ["as_json", "content_of", "from_json", "read_parameters", "require_that"]

FORMAT, VERSION = "tinygrad_edu parameters", 2
JSON_FRACTION = re.compile(r"-?[0-9]{1,4300}(/0*[1-9][0-9]{0,4200})?")
"""A fraction with no more digits than Python reads."""


def content_of(model: Any, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a file of parameters.

    Args:
        model: the description of the network.
        numbers: the numbers of the parameters by name.
    """
    parameters = {name: as_json(x) for name, x in numbers.items()}
    return {"format": FORMAT, "version": VERSION, "model": model, "parameters": parameters}


def read_parameters(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Return the description of the model and the numbers of its parameters from a file.

    The description is None if the file has none, as is possible in version 1. Raises ValueError if
    the file is damaged.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # editors on Windows may write a mark
        content = json.loads(
            text, object_pairs_hook=without_duplicates, parse_constant=refuse_constant,
            parse_float=float_from_json, parse_int=integer_from_json,
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
    require_that(isinstance(content, dict), f"it must hold a JSON object, not {quoted(content)}")
    kind, version = content.get("format"), content.get("version")
    require_that(kind == FORMAT, f'its "format" must be "{FORMAT}", not {quoted(kind)}')
    known = type(version) is int and 1 <= version <= VERSION
    require_that(
        known, f'its "version" must be a whole number from 1 to {VERSION}, not {quoted(version)}'
    )
    unknown = content.keys() - {"format", "version", "model", "parameters"}
    require_that(not unknown, f"it has the unknown field {quoted(min(unknown, default=None))}")
    model, numbers = content.get("model"), content.get("parameters")
    fits = isinstance(model, dict if version == VERSION else str | None)
    require_that(fits, f'its "model" must describe the saved network, not {quoted(model)}')
    require_that(
        isinstance(numbers, dict), f'its "parameters" must be an object, not {quoted(numbers)}'
    )
    return model, {name: from_json(x, name) for name, x in numbers.items()}


def require_that(condition: object, message: str) -> None:
    """Raise ValueError with a message unless a condition holds."""
    if not condition:
        raise ValueError(message)


def without_duplicates(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the entries of a JSON object; raise ValueError if two have the same name."""
    found: dict[str, Any] = {}
    for name, x in entries:
        require_that(name not in found, f"it has the name {quoted(name)} twice")
        found[name] = x
    return found


def refuse_constant(name: str) -> NoReturn:
    """Raise ValueError for NaN and Infinity, which are not JSON."""
    message = f'{name} is not JSON; write "nan", "inf" or "-inf", as a string'
    raise ValueError(message)


def float_from_json(text: str) -> float:
    """Return a JSON number as a float; raise ValueError if it is too large for a float."""
    x = float(text)
    require_that(math.isfinite(x), f"the number {shortened_digits(text)} is too large for a float")
    return x


def integer_from_json(text: str) -> int:
    """Return a JSON number as an int; raise ValueError if it is too large for a float."""
    float_from_json(text)
    return int(text)


def shortened_digits(text: str) -> str:
    """Return the digits of a number; if there are many, leave out those in the middle."""
    return text if len(text) <= 40 else f"{text[:20]}...{text[-10:]}"


def as_json(x: Any) -> Any:
    """Return a number for JSON; a Fraction, nan and infinities become strings.

    >>> as_json(0.1), as_json(Fraction(1, 3)), as_json(math.inf)
    (0.1, '1/3', 'inf')
    """
    x = number(x)
    return str(x) if isinstance(x, Fraction) or not math.isfinite(x) else x


def from_json(x: Any, name: str = "it") -> Any:
    """Return the number that ``as_json`` wrote; raise ValueError for any other content.

    >>> from_json(0.1), from_json("1/3"), from_json("inf")
    (0.1, Fraction(1, 3), inf)
    >>> from_json(True, "w")
    Traceback (most recent call last):
      ...
    ValueError: 'w' must be a number, or a fraction such as "1/3" as a string, not True
    """
    if isinstance(x, str) and JSON_FRACTION.fullmatch(x):
        return Fraction(x)
    if x in ("inf", "-inf", "nan") or (isinstance(x, int | float) and not isinstance(x, bool)):
        return float(x)
    message = f'{quoted(name)} must be a number, or a fraction such as "1/3" as a string, not '
    raise ValueError(message + quoted(x))
