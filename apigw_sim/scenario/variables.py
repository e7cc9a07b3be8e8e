"""Stage variables: their names and values (facts 6, 8)."""

from __future__ import annotations

import re
from typing import Annotated

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf

_VARIABLE = re.compile("[A-Za-z0-9_]{1,64}")
MOST_VARIABLES, LONGEST_VALUE = 100, 512


def _read_variable(value: object) -> str:
    """The name of a stage variable."""
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise Bad(f"{units.show(value)} names no stage variable", "use letters, digits and _, 64 at most")
    return value


def _read_value(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Bad(
            f"{units.show(value)} is no text",
            "write the variable's value, in quotes if it looks like a number",
        )
    if len(value) > LONGEST_VALUE:
        raise Bad(f"the value has {len(value)} characters", f"AWS allows {LONGEST_VALUE}")
    return value


VariableName = Annotated[
    str, Leaf(_read_variable, str, lambda: {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"})
]
VariableValue = Annotated[
    str, Leaf(_read_value, str, lambda: {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE})
]
