"""Show how: every step of backpropagation, every path of the chain rule, the derivation.

``steps``, ``paths``, ``derivation``, ``latex``, ``exercise`` and ``first_nonfinite`` are functions
of the package. Broken engines are in ``mistakes``.
"""

from typing import TYPE_CHECKING

from tinygrad_edu import lazy

if TYPE_CHECKING:
    from tinygrad_edu.explain.chains import paths
    from tinygrad_edu.explain.derivations import derivation
    from tinygrad_edu.explain.exercises import exercise
    from tinygrad_edu.explain.formulas import latex
    from tinygrad_edu.explain.nonfinite import first_nonfinite
    from tinygrad_edu.explain.walk import steps

__all__ = ["derivation", "exercise", "first_nonfinite", "latex", "paths", "steps"]

__getattr__, __dir__ = lazy.on_demand(
    __name__,
    {
        "derivation": "tinygrad_edu.explain.derivations",
        "exercise": "tinygrad_edu.explain.exercises",
        "first_nonfinite": "tinygrad_edu.explain.nonfinite",
        "latex": "tinygrad_edu.explain.formulas",
        "paths": "tinygrad_edu.explain.chains",
        "steps": "tinygrad_edu.explain.walk",
    },
)
