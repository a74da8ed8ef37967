"""The list of outputs that a layer returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from tinygrad_edu.value import Value

__all__ = ["Outputs"]


class Outputs(list[Value]):
    """The outputs of a layer: a list, which says what to write where one number is meant.

    Args:
        values: what is in it.
        made_by: the activation that made all of them together, "softmax", or "".

    >>> from tinygrad_edu import MLP
    >>> MLP(1, [2])([0.5]).backward()
    Traceback (most recent call last):
      ...
    AttributeError: a list of 2 outputs has no backward: make one number of them first, ...
    """

    def __init__(self, values: Iterable[Value] = (), made_by: str = "") -> None:
        """Keep what made it for those who look for mistakes."""
        super().__init__(values)
        self.made_by = made_by

    if not TYPE_CHECKING:  # for which there is no other attribute

        def __getattr__(self, name: str) -> NoReturn:
            """Say how to come to a Value."""
            message = f"a list of {len(self)} outputs has no {name}"
            if hasattr(Value, name):
                message += (
                    ": make one number of them first, a loss such as total(outputs), or take "
                )
                message += f"one of them: outputs[0].{name}"
            raise AttributeError(message)
