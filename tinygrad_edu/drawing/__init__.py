"""Computation graphs and networks as pictures."""

from tinygrad_edu.drawing.graph import draw
from tinygrad_edu.drawing.network import draw_network
from tinygrad_edu.drawing.picture import Picture

__all__ = ["Picture", "draw", "draw_network"]
