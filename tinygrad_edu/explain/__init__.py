"""What the engine did on a graph: its passes, the paths of the chain rule, derivations.

passes        every step of the forward and the backward pass
paths         every path of the chain rule, with its factors
derivations   a derivative worked out as on the board
nonfinite     the first number that is nan or infinite
"""
