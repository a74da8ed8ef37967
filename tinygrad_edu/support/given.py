"""Errors for a wrong argument: what was given, what is needed, and what to write instead."""

from __future__ import annotations

from numbers import Real
from reprlib import Repr

from tinygrad_edu.value import Value

__all__ = ["quoted", "require_value"]

BOUNDED = Repr()
BOUNDED.maxlevel, BOUNDED.maxother, BOUNDED.maxstring, BOUNDED.maxlong = 2, 80, 60, 40
BOUNDED.maxlist = BOUNDED.maxtuple = BOUNDED.maxdict = BOUNDED.maxset = 3


def quoted(x: object) -> str:
    """Return a short quotation of an object for a message, however large the object is.

    >>> quoted("a" * 10**6), quoted([*range(1000)])
    ("'aaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaaaa'", '[0, 1, 2, ...]')
    """
    return " ".join(BOUNDED.repr(x).split())


def require_value(call: str, given: object, of_networks: str = "", what: str = "a Value") -> None:
    """Raise TypeError unless ``given`` is a Value; say what to write instead.

    Args:
        call: how the function is called, with {} in the place of ``given``.
        given: the object that must be a Value.
        of_networks: further advice for a caller who gives a network.
        what: how the message describes the expected object.

    >>> require_value("steps({})", [Value(1.0), Value(2.0)])
    Traceback (most recent call last):
      ...
    TypeError: steps: expected a Value, got [...] (a list of 2): write steps(values[0]) for one ...
    """
    if isinstance(given, Value):
        return
    name, _, rest = call.partition("(")
    kind = type(given).__name__
    several = isinstance(given, list | tuple) or getattr(given, "ndim", 0) > 0
    if several:
        kind = "an array" if hasattr(given, "ndim") else "a list"
        kind += f" of {len(given)}"  # type: ignore[arg-type]  # lists and arrays have a length
    message = f"{name}: expected {what}, got {quoted(given)} ({kind})"
    is_second = not rest.startswith("{}")  # the argument to differentiate with respect to
    if callable(getattr(given, "parameters", None)):
        inputs = ", ".join(["1.0", "2.0", "3.0"][: getattr(given, "n_inputs", 0)])
        instead = "mlp.parameters()[0]" if is_second else f"mlp([{inputs or '...'}])"
        whose = "for one of its parameters" if is_second else "for an output of the network"
        message += f": write {call.format(instead)} {whose}"
        message += f"; {of_networks}" if of_networks else ""
    elif several:
        message += f": write {call.format('values[0]')} for one of them"
        message += "" if is_second else f", or {call.format('total(values)')} for their sum"
    elif isinstance(given, Real):
        message += ": a plain number does not remember how it was made; compute with Value(...)"
    elif given is None:
        message += ": backward() and functions without a return statement return None"
    elif callable(given):
        message += f": call the function first, and write {call.format('f(x)')}"
    raise TypeError(message)
