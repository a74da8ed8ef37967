"""Show how: every step of backpropagation, every path of the chain rule, the derivation.

``steps``, ``paths``, ``derivation``, ``latex`` and ``exercise`` are functions of the package.
Broken engines are in ``mistakes``; ``nonfinite`` finds the first number that is not finite.
"""

from tinygrad_edu.explain.chains import paths
from tinygrad_edu.explain.derivations import derivation
from tinygrad_edu.explain.exercises import exercise
from tinygrad_edu.explain.formulas import latex
from tinygrad_edu.explain.walk import steps

__all__ = ["derivation", "exercise", "latex", "paths", "steps"]
