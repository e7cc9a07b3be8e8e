"""Distributions of times and sizes, as the user says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from apigw_sim import units
from apigw_sim.scenario.base import Bad, JsonSchema, Loc, Part, suggest
from apigw_sim.scenario.quantities import DataFile, quantity_schema, read_file_name, show

MOST_SAMPLES = 1_000_000
MOST_BYTES = 64 * units.MB


class Constant(Part):
    """Always the same value."""

    value: int = Field(description="the value, in nanoseconds or bytes")


class Percentiles(Part):
    """Two percentiles are the lognormal through both; more are joined by a monotone cubic."""

    points: tuple[tuple[Fraction, int], ...] = Field(
        description="(p, value) with p in (0, 1), both increasing"
    )
    min: int | None = Field(None, description="nothing lies below this")
    max: int | None = Field(None, description="nothing lies above this")


class Lognormal(Part):
    """A lognormal by its mean and coefficient of variation."""

    mean: int = Field(description="the mean")
    cv: Fraction = Field(description="standard deviation divided by the mean")


class Exponential(Part):
    """An exponential by its mean."""

    mean: int = Field(description="the mean")


class Uniform(Part):
    """Every value between two is equally likely."""

    min: int = Field(description="the least value")
    max: int = Field(description="the greatest value")


class Empirical(Part):
    """Values drawn from a file of observations."""

    path: DataFile = Field(description="a CSV of one column: a header that is the unit, then a number a line")
    values: tuple[int, ...] = Field(description="the observations, in the file's order")
    function: str | None = Field(
        None,
        description="where the file is the Azure Functions trace of 2021: the beginning of a function's hash",
    )


Law = Constant | Percentiles | Lognormal | Exponential | Uniform | Empirical

_FORMS = ("lognormal", "exponential", "uniform", "empirical")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,6})?)")


@dataclass(frozen=True, slots=True)
class LawOf:
    """Reads and writes a distribution of durations or of sizes."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.show)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchema:
        return law_schema(self.kind)

    def read(self, value: object) -> Law:
        """Read a distribution as it is written in YAML."""
        if isinstance(value, Mapping):
            return self._mapping({str(key): item for key, item in value.items()})
        try:
            return Constant(value=self._leaf(value))
        except units.UnitError as error:
            scalar = isinstance(value, str | int | Decimal)
            fix = error.fix if scalar else f"{error.fix}, or a distribution such as {self._example()}"
            raise Bad(error.what, fix) from None

    def show(self, law: Law) -> Any:
        """Write a distribution as YAML would."""
        match law:
            case Constant():
                return show(self.kind, law.value)
            case Percentiles():
                made = {f"p{units.show_number(p * 100)}": show(self.kind, value) for p, value in law.points}
                bounds = {"min": law.min, "max": law.max}
                return made | {
                    key: show(self.kind, value) for key, value in bounds.items() if value is not None
                }
            case Lognormal():
                return {"lognormal": {"mean": show(self.kind, law.mean), "cv": show("number", law.cv)}}
            case Exponential():
                return {"exponential": {"mean": show(self.kind, law.mean)}}
            case Uniform():
                return {"uniform": {"min": show(self.kind, law.min), "max": show(self.kind, law.max)}}
            case Empirical():
                if law.function is not None:
                    return {"empirical": {"azure_2021": str(law.path), "function": law.function}}
                return {"empirical": str(law.path)}

    def _leaf(self, value: object) -> int:
        return units.size(value) if self.kind == "size" else units.duration(value)

    def _example(self, form: str = "percentiles") -> str:
        low, high, top = ("4 KB", "60 KB", "1 MB") if self.kind == "size" else ("40 ms", "300 ms", "1 s")
        inner = {
            "percentiles": f"p50: {low}, p99: {high}",
            "lognormal": f"mean: {low}, cv: 1.2",
            "exponential": f"mean: {low}",
            "uniform": f"min: {low}, max: {top}",
        }[form]
        return f"{{{inner}}}"

    def _mapping(self, value: Mapping[str, object]) -> Law:
        named = [key for key in value if key in _FORMS]
        if named and len(value) > 1:
            raise Bad(f"{' and '.join(value)} stand together", f"keep {named[0]} alone, or percentiles alone")
        if named:
            return self._named(named[0], value[named[0]])
        return self._percentiles(value)

    def _named(self, form: str, value: object) -> Law:
        if form == "empirical":
            return self._empirical(value)
        wanted = {"lognormal": ("mean", "cv"), "exponential": ("mean",), "uniform": ("min", "max")}[form]
        example = self._example(form)
        if not isinstance(value, Mapping):
            raise Bad(f"{units.show(value)} is no {form}", f"write {example}", (form,))
        given = {str(key): item for key, item in value.items()}
        bad: list[tuple[Loc, str, str]] = []
        for key in given:
            if key not in wanted:
                near = suggest(key, wanted)
                bad.append(
                    (
                        (form, key),
                        "unknown key",
                        f"did you mean '{near}'?" if near else f"{form} takes {' and '.join(wanted)}",
                    )
                )
        got: dict[str, Any] = {}
        for key in wanted:
            if key not in given:
                bad.append(((form,), f"{key} is missing", f"write {example}"))
                continue
            try:
                got[key] = units.number(given[key]) if key == "cv" else self._leaf(given[key])
            except units.UnitError as error:
                bad.append(((form, key), error.what, error.fix))
        for key in ("mean", "cv"):
            if got.get(key) == 0:
                bad.append(((form, key), f"{key} is zero", f"write a {key} above zero"))
        if not bad and form == "uniform" and got["min"] > got["max"]:
            bad.append(((form, "max"), "max is below min", "swap them"))
        if bad:
            raise Bad.several(bad)
        if form == "lognormal":
            return Lognormal(**got)
        return Exponential(**got) if form == "exponential" else Uniform(**got)

    def _percentiles(self, value: Mapping[str, object]) -> Law:
        bad: list[tuple[Loc, str, str]] = []
        points: list[tuple[Fraction, int, str]] = []
        bounds: dict[str, int] = {}
        for key, item in value.items():
            found = _PERCENTILE.fullmatch(key)
            if not found and key not in ("min", "max"):
                near = suggest(key, (*_FORMS, "p50", "p90", "p99", "min", "max"))
                bad.append(
                    (
                        (key,),
                        "unknown key",
                        f"did you mean '{near}'?"
                        if near
                        else f"write percentiles such as {self._example()}, or one of {', '.join(_FORMS)}",
                    )
                )
                continue
            try:
                amount = self._leaf(item)
            except units.UnitError as error:
                bad.append(((key,), error.what, error.fix))
                continue
            if found and Fraction(found[1]) == 0:
                bad.append(((key,), "there is no percentile 0", "write min: instead"))
            elif found and amount == 0:
                bad.append(((key,), "a percentile is zero", "write one above zero"))
            elif found:
                points.append((Fraction(found[1]) / 100, amount, key))
            else:
                bounds[key] = amount
        if bad:
            raise Bad.several(bad)
        if not points:
            raise Bad("no distribution", f"write a bare quantity, or percentiles such as {self._example()}")
        if len(points) == 1:
            raise Bad("one percentile is no distribution", f"add a second, such as {self._example()}")
        points.sort()
        for (p, low, first), (q, high, second) in pairwise(points):
            if p == q:
                bad.append(((second,), f"{second} and {first} are the same percentile", "keep one"))
            elif high <= low:
                bad.append(
                    (
                        (second,),
                        f"{second} is not above {first}",
                        "percentiles increase with p; for a constant write a bare quantity",
                    )
                )
        if "min" in bounds and bounds["min"] > points[0][1]:
            bad.append((("min",), f"min is above {points[0][2]}", "lower it"))
        if "max" in bounds and bounds["max"] < points[-1][1]:
            bad.append((("max",), f"max is below {points[-1][2]}", "raise it"))
        if bad:
            raise Bad.several(bad)
        pairs = tuple((p, amount) for p, amount, _ in points)
        return Percentiles(points=pairs, min=bounds.get("min"), max=bounds.get("max"))

    def _empirical(self, value: object) -> Law:
        try:
            if isinstance(value, Mapping):
                return self._azure({str(key): item for key, item in value.items()})
            file = read_file_name(value)
            return Empirical(path=file, values=self._observations(file))
        except Bad as error:
            raise Bad.several([(("empirical", *at), what, fix) for at, what, fix in error.items]) from None

    def _azure(self, value: Mapping[str, object]) -> Law:
        """The durations of a function of the Azure Functions trace of 2021, in seconds there."""
        fix = "write {azure_2021: FILE, function: HASH}, or the name of a CSV"
        for key in value:
            if key not in ("azure_2021", "function"):
                near = suggest(key, ("azure_2021", "function"))
                raise Bad("unknown key", f"did you mean '{near}'?" if near else fix, (key,))
        wanted = value.get("function")
        if "azure_2021" not in value or not isinstance(wanted, str) or not wanted:
            raise Bad("it takes a file and a function", fix)
        if self.kind == "size":
            raise Bad("the trace has durations, and no sizes", "write a CSV of sizes")
        file = read_file_name(value["azure_2021"])
        found: dict[str, list[int]] = {}
        for number, line in enumerate(_open(file), 1):
            fields = line.rstrip("\r\n").split(",")
            if number == 1:
                if not {"func", "duration"} <= set(fields):
                    raise Bad(f"{file} has no columns func and duration", "name the trace of 2021")
                function, duration = fields.index("func"), fields.index("duration")
            elif len(fields) > max(function, duration) and fields[function].startswith(wanted):
                try:
                    seconds = units.number(Decimal(fields[duration]))
                except (units.UnitError, ArithmeticError):
                    raise Bad(
                        f"{file}:{number}: '{fields[duration]}' is no duration", "mend the file"
                    ) from None
                found.setdefault(fields[function], []).append(round(seconds * units.SECOND))
        if len(found) != 1:
            what = f"{file} has {f'{len(found)} functions' if found else 'no function'} whose hash begins so"
            raise Bad(what, "write more of it" if found else "name one of the file's", ("function",))
        (values,) = found.values()
        if len(values) > MOST_SAMPLES:
            raise Bad(f"it has {len(values):,} values", f"take a sample of {MOST_SAMPLES:,}")
        return Empirical(path=file, values=tuple(values), function=wanted)

    def _observations(self, file: DataFile) -> tuple[int, ...]:
        known = units.SIZE_UNITS if self.kind == "size" else units.TIME_UNITS
        advice = f"write a header that is the unit ({', '.join(known)}), then a number a line"
        header, *rows = _lines(file) or [""]
        if header not in known:
            raise Bad(f"{file} has no unit in its first line", advice)
        if not 1 <= len(rows) <= MOST_SAMPLES:
            raise Bad(f"{file} has {len(rows):,} values", f"give 1 to {MOST_SAMPLES:,}")
        values: list[int] = []
        for number, row in enumerate(rows, 1):
            try:
                values.append(self._leaf(f"{row} {header}"))
            except units.UnitError as error:
                raise Bad(f"{file}, value {number}: {error.what}", advice) from None
        return tuple(values)


def _open(file: DataFile) -> Iterator[str]:
    """The lines of a file that may be large."""
    try:
        if not file.path.is_file():
            raise Bad(f"there is no file {file}", "check the path; it is relative to the scenario file")
        with file.path.open(encoding="utf-8-sig", errors="replace") as lines:
            yield from lines
    except OSError as error:
        raise Bad(f"{file} cannot be read: {error.strerror}", "check the path and its permissions") from None


def _lines(file: DataFile) -> list[str]:
    try:
        if not file.path.is_file():
            raise Bad(f"there is no file {file}", "check the path; it is relative to the scenario file")
        if file.path.stat().st_size > MOST_BYTES:
            raise Bad(f"{file} is larger than {MOST_BYTES // units.MB} MB", "take a sample of it")
        text = file.path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Bad(f"{file} is not UTF-8", "save it as UTF-8") from None
    except OSError as error:
        raise Bad(f"{file} cannot be read: {error.strerror}", "check the path and its permissions") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def law_schema(kind: str) -> JsonSchema:
    """The JSON Schema of a distribution as it is written in YAML."""
    leaf = quantity_schema(kind)

    def form(required: list[str], properties: JsonSchema) -> JsonSchema:
        return {
            "type": "object",
            "additionalProperties": False,
            "required": required,
            "properties": properties,
        }

    named = {
        "lognormal": form(["mean", "cv"], {"mean": leaf, "cv": quantity_schema("number")}),
        "exponential": form(["mean"], {"mean": leaf}),
        "uniform": form(["min", "max"], {"min": leaf, "max": leaf}),
        "empirical": {
            "anyOf": [
                {
                    "type": "string",
                    "description": "a CSV of one column: a header that is the unit, then numbers",
                },
                form(
                    ["azure_2021", "function"],
                    {
                        "azure_2021": {"type": "string", "description": "the Azure Functions trace of 2021"},
                        "function": {"type": "string", "description": "the beginning of a function's hash"},
                    },
                ),
            ]
        },
    }
    percentiles: JsonSchema = {
        "type": "object",
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {"min": leaf, "max": leaf},
        "patternProperties": {r"^p\d{1,2}(\.\d{1,6})?$": leaf},
    }
    return {"anyOf": [leaf, percentiles, *(form([name], {name: inner}) for name, inner in named.items())]}


DurationLaw = Annotated[Law, LawOf("duration")]
SizeLaw = Annotated[Law, LawOf("size")]


def constant(value: int) -> Constant:
    """A law that always gives the same value."""
    return Constant(value=value)
