"""Python code that a scenario names: a user's own backend. Nothing here loads or runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from apigw_sim import units
from apigw_sim.scenario.base import Bad, Leaf, Text

_CODE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class CodeName:
    """A class of a Python module, `module:Class`, and the folder of the scenario, where it is looked for first."""

    written: str
    folder: str

    def __str__(self) -> str:
        return self.written


def _read(value: object) -> CodeName:
    if isinstance(value, CodeName):
        return value
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise Bad(f"{units.show(value)} names no class", "write module:Class, such as my_backend:Ledger")
    return CodeName(str(value), value.folder if isinstance(value, Text) else ".")


Code = Annotated[CodeName, Leaf(_read, str, lambda: {"type": "string", "pattern": f"^{_CODE.pattern}$"})]
