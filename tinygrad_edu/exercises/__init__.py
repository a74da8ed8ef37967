"""Backpropagation by hand: questions about a graph, answers, and mistakes by name."""
