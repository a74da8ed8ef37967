"""What things are called: the lecture's notation, labels as they are typed, names in a graph."""

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
