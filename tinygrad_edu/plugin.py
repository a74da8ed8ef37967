"""The entry point in pyproject.toml that Hypothesis runs when it is imported."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.value import Constant, Value


def register() -> None:
    """Let Hypothesis draw Values by type, as in ``from_type(Value)``."""
    from hypothesis import strategies as st  # noqa: PLC0415 - Hypothesis is being imported

    st.register_type_strategy(Value, strategy_for)
    st.register_type_strategy(Constant, strategy_for)


def strategy_for(kind: type) -> Any:
    """Return the strategy for Values, or for Constants."""
    from tinygrad_edu.testing import numbers  # noqa: PLC0415 - only when one is drawn

    return numbers().map(kind)
