"""How names, numbers, operations and derivatives are written: as text, as LaTeX, as MathML."""
