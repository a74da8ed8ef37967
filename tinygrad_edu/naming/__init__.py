"""What things are called: the lecture's notation, labels as they are typed, names in a graph."""

from typing import TYPE_CHECKING

from tinygrad_edu import lazy

if TYPE_CHECKING:
    from tinygrad_edu.naming.labels import as_latex, as_text, spelled, typed
    from tinygrad_edu.naming.names import LOSS, Names, with_constants
    from tinygrad_edu.naming.notation import indices_typed, name, subscript, superscript

__all__ = [
    "LOSS",
    "Names",
    "as_latex",
    "as_text",
    "indices_typed",
    "name",
    "spelled",
    "subscript",
    "superscript",
    "typed",
    "with_constants",
]

PLACES = {
    "labels": ["as_latex", "as_text", "spelled", "typed"],
    "names": ["LOSS", "Names", "with_constants"],
    "notation": ["indices_typed", "name", "subscript", "superscript"],
}
__getattr__, __dir__ = lazy.on_demand(
    __name__,  # so that a network, which only needs notation, is imported without the rest
    {name: f"{__name__}.{module}" for module, names in PLACES.items() for name in names},
)
