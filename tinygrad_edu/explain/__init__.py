"""What the engine did on a graph: its passes, the paths of the chain rule, derivations.

passes        each step of the forward and the backward pass
paths         each path of the chain rule, with its factors
derivations   a derivative worked out as on a blackboard
nonfinite     the first number that is nan or infinite
"""
