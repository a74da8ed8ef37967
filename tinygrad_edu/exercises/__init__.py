"""Backpropagation by hand: questions about a graph, answers, and explanations of mistakes."""
