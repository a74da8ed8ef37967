"""The systems of the lectures, each a short module that can be read and run.

worked_example: the network with two inputs, two hidden and two output neurons (A9, A10).
"""
