"""Run the command line: ``python -m tinygrad_edu``."""

from tinygrad_edu.cli import main

raise SystemExit(main())
