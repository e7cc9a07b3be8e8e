"""The only place that converts time, sizes, rates and shares: text with a unit to exact numbers, and back.

Inside, times are int nanoseconds, sizes int bytes, rates Fraction per second, shares Fraction of 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

NS = 1
US = 1_000
MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
KB = 1024
MB = 1024 * KB
GB = 1024 * MB

TIME_UNITS: Mapping[str, int] = {"ms": MS, "s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
SIZE_UNITS: Mapping[str, int] = {"B": 1, "KB": KB, "MB": MB, "GB": GB}
RATE_UNITS: Mapping[str, int] = {"/s": 1, "/min": 60, "/h": 3600, "/d": 86400}

_FAMILIES: Mapping[str, Mapping[str, int]] = {
    "a duration": TIME_UNITS,
    "a size": SIZE_UNITS,
    "a rate": RATE_UNITS,
    "a share": {"%": 1},
}

LONGEST = 36_500 * DAY
LARGEST = 1 << 50
FASTEST = 1_000_000_000

_ALIASES: Mapping[str, str] = {
    "ms": "msec millis milliseconds",
    "s": "sec secs second seconds",
    "min": "m mins minute minutes",
    "h": "hr hrs hour hours",
    "d": "day days",
    "B": "b byte bytes",
    "KB": "k kb kib",
    "MB": "m mb mib",
    "GB": "g gb gib",
    "/s": "rps hz tps /sec /second r/s req/s requests/s",
    "/min": "rpm /minute",
    "/h": "/hour",
    "/d": "/day",
    "%": "percent pct",
}
_FINER: Mapping[str, int] = {"us": US, "µs": US, "μs": US, "ns": NS}
_LONGEST_TEXT = 200
_QUANTITY = re.compile(r"\s*([-+]?)(\d[\d_,]*(?:\.[\d_]*)?|\.\d+)([eE][-+]?\d+)?\s*(.*?)\s*")


class UnitError(ValueError):
    """A quantity that cannot be read: what is wrong, and what to write."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}" if fix else what)
        self.what, self.fix = what, fix


def duration(value: object) -> int:
    """Read a duration such as `40 ms` as nanoseconds."""
    number, factor = _read(value, TIME_UNITS, "a duration")
    ns = number * factor
    if ns.denominator != 1:
        raise UnitError(f"{value} is finer than a nanosecond", "round it")
    if ns > LONGEST:
        raise UnitError(f"{value} is longer than {LONGEST // DAY} d", "write a shorter one")
    return int(ns)


def size(value: object) -> int:
    """Read a size such as `0.5 GB` as bytes, rounded down; units are binary, as AWS's limits are."""
    number, factor = _read(value, SIZE_UNITS, "a size")
    if factor == 1 and number.denominator != 1:
        raise UnitError(f"{value} is not a whole number of bytes", "round it")
    if number * factor > LARGEST:
        raise UnitError(f"{value} is larger than {LARGEST // GB} GB", "write a smaller one")
    return math.floor(number * factor)


def rate(value: object) -> Fraction:
    """Read a rate such as `200/s` as an exact number per second."""
    number, seconds = _read(value, RATE_UNITS, "a rate")
    if number / seconds > FASTEST:
        raise UnitError(f"{value} is above {FASTEST}/s", "write a lower one")
    return number / seconds


def share(value: object) -> Fraction:
    """Read a share such as `0.2 %` as an exact fraction of 1."""
    number, _ = _read(value, {"%": 1}, "a share")
    if number > 100:
        raise UnitError(f"{value} is more than 100 %", "write a share from 0 % to 100 %")
    return number / 100


def count(value: object) -> int:
    """Read a count: a whole number without a unit."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float | Fraction):
        raise _not_a_number(value, "a count")
    if not _finite(value) or Fraction(value).denominator != 1:
        raise UnitError(f"{_show(value)} is not a whole number", f"write {_neighbours(value)}")
    if value < 0:
        raise UnitError(f"{_show(value)} is negative", "write 0 or more")
    if value > 2**63 - 1:
        raise UnitError(f"{_show(value)} is too large", "write a smaller one")
    return int(value)


def number(value: object) -> Fraction:
    """Read a plain number without a unit, exactly as written."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float | Fraction):
        raise _not_a_number(value, "a number")
    if not _finite(value):
        raise UnitError(f"{_show(value)} is not finite", "write a number")
    if value < 0:
        raise UnitError(f"{_show(value)} is negative", "write 0 or more")
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def instant(value: object) -> datetime:
    """Read an ISO 8601 instant with its offset from UTC."""
    example = "write it with its offset, such as 2026-11-27T18:00:00+09:00 or 2026-11-27T09:00:00Z"
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            raise UnitError(f"{_quote(value)} is not an instant", example) from None
    else:
        raise UnitError(f"{_show(value)} is not an instant", example)
    if moment.tzinfo is None:
        raise UnitError(f"{_show(value)} has no offset from UTC", example)
    return moment


def instant_or_utc(value: object) -> datetime:
    """Read an ISO 8601 instant; without an offset it is UTC."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            raise UnitError(
                f"{_quote(value)} is not an instant", "write it as 2026-11-27T09:00:00Z"
            ) from None
    if isinstance(moment, datetime) and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return instant(moment)


def show_duration(ns: int) -> str:
    """Write nanoseconds as the shortest exact duration."""
    return _shortest(ns, TIME_UNITS, "s")


def show_size(size_bytes: int) -> str:
    """Write bytes as the shortest exact size."""
    return _shortest(size_bytes, SIZE_UNITS, "B")


def show_rate(per_second: Fraction) -> str:
    """Write a rate exactly, in the first of /s, /min, /h and /d that can."""
    for unit, seconds in RATE_UNITS.items():
        if _terminates(per_second * seconds):
            return f"{show_number(per_second * seconds)}{unit}"
    return f"{float(per_second)!r}/s"


def show_share(fraction: Fraction) -> str:
    """Write a share as a percentage."""
    return f"{show_number(fraction * 100)} %"


def show_number(value: Fraction | int) -> str:
    """Write a number in decimals, exactly where decimals can."""
    value = Fraction(value)
    if not _terminates(value):
        return repr(float(value))
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def show_instant(moment: datetime) -> str:
    """Write an instant as ISO 8601 with its offset."""
    return moment.isoformat()


def seconds(ns: int) -> float:
    """Nanoseconds as seconds, for people and tables."""
    return ns / SECOND


def milliseconds(ns: int) -> float:
    """Nanoseconds as milliseconds, for people and tables."""
    return ns / MS


def _read(value: object, units: Mapping[str, int], noun: str) -> tuple[Fraction, int]:
    forms = list(units)
    if isinstance(value, bool) or value is None or not isinstance(value, str | int | Decimal | float):
        raise UnitError(f"{_show(value)} is not {noun}", f"write a number with its unit: {_either(forms)}")
    text = value if isinstance(value, str) else _show(value)
    found = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if not found:
        raise UnitError(f"{_quote(text)} is not {noun}", f"write a number with its unit: {_either(forms)}")
    sign, digits, exponent, unit = found.groups()
    if len(digits) > 40:
        raise UnitError(f"{_quote(text)} has more than 40 digits", "write a shorter number")
    if "_" in digits or "," in digits:
        plain = digits.replace("_", "").replace(",", "")
        raise UnitError(
            f"{_quote(text)} has separators in its number", f"write {_join(plain, unit or forms[0])}"
        )
    if exponent:
        raise UnitError(f"{_quote(text)} has an exponent", "write the number out in decimals")
    if sign == "-":
        shown = unit if unit in units else forms[0]
        raise UnitError(f"{text.strip()} is negative", f"write 0{_gap(shown)} or more")
    if not unit:
        if noun == "a share" and Fraction(digits) <= 1:
            meant = show_number(Fraction(digits) * 100)
            raise UnitError(f"{text} has no unit", f"write {meant} % (or {_join(digits, '%')})")
        raise UnitError(f"{text} has no unit", f"write {_either([_join(digits, form) for form in forms])}")
    bare = re.sub(r"\s*/\s*", "/", unit)
    if bare not in units:
        known = next((form for form in forms if bare.lower() in _ALIASES[form].split()), None)
        advice = f"write {_join(digits, known)}" if known else f"write one of {', '.join(forms)}"
        if bare in _FINER and units is TIME_UNITS:
            advice = f"write {show_number(Fraction(digits) * _FINER[bare] / MS)} ms"
        if noun == "a size" and bare.lower().endswith("ib"):
            advice += " (units are binary)"
        if re.search(r"\d", bare):
            raise UnitError(
                f"{_quote(text)} is not one quantity",
                f"write one number and one unit, such as {_join('90', forms[min(1, len(forms) - 1)])}",
            )
        for other, family in _FAMILIES.items():
            if bare in family:
                fix = f"write a number with its unit: {_either(forms)}"
                raise UnitError(f"{_quote(text)} is {other}, not {noun}", fix)
        raise UnitError(f"{_quote(text)} has an unknown unit {_quote(unit)}", advice)
    return Fraction(digits), units[bare]


def _not_a_number(value: object, noun: str) -> UnitError:
    if isinstance(value, str):
        found = _QUANTITY.fullmatch(value) if len(value) <= _LONGEST_TEXT else None
        if found and not found[4] and len(found[2]) <= 40:
            plain = found[2].replace("_", "").replace(",", "")
            return UnitError(f"{_quote(value)} is not {noun}", f"write {plain}, without quotes or separators")
        if found and len(found[2]) <= 40:
            return UnitError(f"{_quote(value)} has a unit and {noun} has none", f"write {found[2]}")
    return UnitError(f"{_show(value)} is not {noun}", f"write {noun} without a unit")


def _gap(unit: str) -> str:
    return unit if unit.startswith("/") else f" {unit}"


def _join(digits: str, unit: str) -> str:
    return f"{digits}{_gap(unit)}"


def _either(forms: list[str]) -> str:
    return forms[0] if len(forms) == 1 else f"{', '.join(forms[:-1])} or {forms[-1]}"


def _neighbours(value: int | Decimal | float | Fraction) -> str:
    if not _finite(value):
        return "a whole number"
    low = max(math.floor(value), 0)
    return f"{low} or {low + 1}"


def _finite(value: int | Decimal | float | Fraction) -> bool:
    return math.isfinite(value)


def _quote(text: str) -> str:
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"


def _show(value: object) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Fraction):
        return show_number(value)
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    return str(value)


show = _show
"""Write any YAML value briefly for a message."""


def _terminates(value: Fraction) -> bool:
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


def _shortest(amount: int, units: Mapping[str, int], zero: str) -> str:
    if amount == 0:
        return f"0 {zero}"
    for unit, factor in reversed(list(units.items())):
        if amount % factor == 0:
            return f"{amount // factor} {unit}"
    unit, factor = next(iter(units.items()))
    return f"{show_number(Fraction(amount, factor))} {unit}"
