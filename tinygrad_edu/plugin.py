"""What Hypothesis runs when it is imported, by the entry point in pyproject.toml."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.value import Constant, Value


def register() -> None:
    """Let Hypothesis draw Values where a test asks for them by type, as ``from_type`` does."""
    from hypothesis import strategies as st  # noqa: PLC0415 - it is being imported just now

    st.register_type_strategy(Value, strategy_for)
    st.register_type_strategy(Constant, strategy_for)


def strategy_for(kind: type) -> Any:
    """Return the strategy for Values, or for Constants."""
    from tinygrad_edu.testing import numbers  # noqa: PLC0415 - only where one is drawn

    return numbers().map(kind)
