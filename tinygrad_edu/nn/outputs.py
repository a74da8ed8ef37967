"""The list of outputs that a layer returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from tinygrad_edu.value import Value

__all__ = ["Outputs"]


class Outputs(list[Value]):
    """The outputs of a layer: a list whose error messages help if you use it like one number.

    Args:
        values: the outputs.
        made_by: "softmax" if it computed all outputs together, otherwise "".

    >>> from tinygrad_edu import MLP
    >>> MLP(1, [2])([0.5]).backward()
    Traceback (most recent call last):
      ...
    AttributeError: a list of 2 outputs has no backward: combine them into one number first, ...
    """

    def __init__(self, values: Iterable[Value] = (), made_by: str = "") -> None:
        """Keep the name of the activation, from which losses recognise probabilities."""
        super().__init__(values)
        self.made_by = made_by

    if not TYPE_CHECKING:  # a type checker should report unknown attributes

        def __getattr__(self, name: str) -> NoReturn:
            """Raise AttributeError; say how to get a single Value from the list."""
            message = f"a list of {len(self)} outputs has no {name}"
            if hasattr(Value, name):
                message += ": combine them into one number first, by a loss or by total(outputs), "
                message += f"or use one of them: outputs[0].{name}"
            raise AttributeError(message)
