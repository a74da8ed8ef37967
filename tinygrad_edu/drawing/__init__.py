"""Computation graphs as pictures."""

from tinygrad_edu.drawing.graph import draw
from tinygrad_edu.drawing.picture import Picture

__all__ = ["Picture", "draw"]
