"""Quantities of a scenario: read exactly, within bounds, and described for the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

from apigw_sim import quotas, units
from apigw_sim.scenario.base import Bad, JsonSchema, Leaf, Text, choose

_READ: Mapping[str, Callable[[object], Any]] = {
    "duration": units.duration,
    "size": units.size,
    "rate": units.rate,
    "share": units.share,
    "count": units.count,
    "number": units.number,
}
_SHOW: Mapping[str, Callable[[Any], Any]] = {
    "duration": units.show_duration,
    "size": units.show_size,
    "rate": units.show_rate,
    "share": units.show_share,
    "count": int,
    "number": lambda value: int(value) if value == int(value) else float(value),
}
_NUMBER = r"^\d+(\.\d+)?"
PATTERNS: Mapping[str, tuple[str, str]] = {
    "duration": (_NUMBER + r" ?(ms|s|min|h|d)$", "a duration with its unit: ms, s, min, h or d"),
    "size": (_NUMBER + r" ?(B|KB|MB|GB)$", "a size with its unit: B, KB, MB or GB (binary)"),
    "rate": (_NUMBER + r" ?/ ?(s|min|h|d)$", "a rate with its unit: /s, /min, /h or /d"),
    "share": (_NUMBER + r" ?%$", "a share in %"),
}


def show(kind: str, value: Any) -> Any:
    """Write a quantity of a kind as YAML would."""
    return _SHOW[kind](value)


def quantity_schema(kind: str) -> JsonSchema:
    """The JSON Schema of a quantity as it is written in YAML."""
    if kind in PATTERNS:
        pattern, words = PATTERNS[kind]
        return {"type": "string", "pattern": pattern, "description": words}
    if kind == "count":
        return {"type": "integer", "minimum": 0}
    return {"type": "number", "minimum": 0}


def quantity(
    kind: str,
    low: int | Fraction | None = None,
    high: int | Fraction | None = None,
    *,
    above: int | None = None,
    step: int | Fraction | None = None,
    note: str = "",
    words: tuple[str, ...] = (),
) -> Leaf:
    """A quantity of a kind within bounds; `words` are what may stand instead of it; `note` says whose bound."""

    def read(value: object) -> Any:
        if isinstance(value, str) and value in words:
            return str(value)
        try:
            got = _READ[kind](value)
        except units.UnitError as error:
            raise Bad(error.what, _or_words(error.fix, words)) from None
        written = _written(value)
        if above is not None and got <= above:
            raise Bad(
                f"{written} is not above zero"
                if above == 0
                else f"{written} is not above {_SHOW[kind](above)}",
                note,
            )
        if low is not None and got < low:
            raise Bad(f"{written} is below {_SHOW[kind](low)}", note or f"write {_SHOW[kind](low)} or more")
        if high is not None and got > high:
            raise Bad(f"{written} is above {_SHOW[kind](high)}", note or f"write {_SHOW[kind](high)} or less")
        if step is not None and Fraction(got) % Fraction(step):
            nearest = round(Fraction(got) / Fraction(step)) * step
            raise Bad(
                f"{written} is not a multiple of {_SHOW[kind](step)}", note or f"write {_SHOW[kind](nearest)}"
            )
        return got

    def write(value: Any) -> Any:
        return value if isinstance(value, str) else _SHOW[kind](value)

    def schema() -> JsonSchema:
        made = quantity_schema(kind)
        if kind in ("count", "number"):
            if low is not None:
                made["minimum"] = int(low)
            if high is not None:
                made["maximum"] = int(high)
            if above is not None:
                made["exclusiveMinimum"] = above
                made.pop("minimum", None)
        return {"anyOf": [made, {"enum": list(words)}]} if words else made

    return Leaf(read, write, schema)


def _or_words(fix: str, words: tuple[str, ...]) -> str:
    return f"{fix}, or {' or '.join(words)}" if words else fix


def _written(value: object) -> str:
    return value.strip() if isinstance(value, str) else units.show(value)


_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def read_name(value: object) -> str:
    """A name of the user's own."""
    if not isinstance(value, str):
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return str(value)
        raise Bad(f"{units.show(value)} is not a name", "write a name")
    if not _NAME.fullmatch(value):
        raise Bad(f"{units.show(value)} is not a name", "use letters, digits, - and _ only (128 at most)")
    return str(value)


def _name_schema() -> JsonSchema:
    return {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"}


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise Bad(f"{units.show(value)} is not text", "write a text, in quotes if it looks like a number")
    return str(value)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Bad(f"{units.show(value)} is neither true nor false", "write true or false, without quotes")
    return value


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that a scenario names: as it is written, and the folder it is relative to."""

    written: str
    folder: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(self.folder) / self.written

    def __str__(self) -> str:
        return self.written


def read_file_name(value: object) -> DataFile:
    """A file name, relative to the file of the scenario it stands in."""
    if isinstance(value, DataFile):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Bad(
            f"{units.show(value)} is not a file", "write the file's path, relative to the scenario file"
        )
    return DataFile(str(value), value.folder if isinstance(value, Text) else ".")


Name = Annotated[str, Leaf(read_name, str, _name_schema)]
Words = Annotated[str, Leaf(_read_text, str, lambda: {"type": "string"})]
Region = Annotated[
    str,
    Leaf(
        lambda value: choose(value, quotas.regions(), "Region"), str, lambda: {"enum": list(quotas.regions())}
    ),
]
Flag = Annotated[bool, Leaf(_read_flag, bool, lambda: {"type": "boolean"})]
FileName = Annotated[
    DataFile,
    Leaf(read_file_name, str, lambda: {"type": "string", "description": "a file, relative to this one"}),
]
Duration = Annotated[int, quantity("duration")]
PositiveDuration = Annotated[int, quantity("duration", above=0, note="write a longer one")]
Size = Annotated[int, quantity("size")]
Rate = Annotated[Fraction, quantity("rate")]
Share = Annotated[Fraction, quantity("share")]
Count = Annotated[int, quantity("count")]
PositiveCount = Annotated[int, quantity("count", 1)]
Number = Annotated[Fraction, quantity("number")]
Slowdown = Annotated[Fraction, quantity("number", above=0, note="write a number above 0")]
Instant = Annotated[
    datetime,
    Leaf(
        units.instant,
        units.show_instant,
        lambda: {"type": "string", "description": "an ISO 8601 instant with its offset from UTC"},
    ),
]


def one_of(*options: str, noun: str = "value of this setting") -> Leaf:
    """One of several words."""
    return Leaf(lambda value: choose(value, options, noun), str, lambda: {"enum": list(options)})
