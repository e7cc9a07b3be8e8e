"""What API Gateway makes of answers: integration responses, gateway responses, and the content types it passes on."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from apigw_sim import units
from apigw_sim.rules.reason import REASONS, RESPONSE_TYPES
from apigw_sim.scenario.base import NONE, Bad, JsonSchema, Leaf, Loc, Part, choose, dump, nested, propose
from apigw_sim.scenario.functions import read_status
from apigw_sim.scenario.quantities import Size, quantity_schema, show

DEFAULT, FUNCTION_ERROR, FUNCTION_TIMEOUT = "default", "function_error", "function_timeout"
WORDS = (DEFAULT, FUNCTION_ERROR, FUNCTION_TIMEOUT)
_STATUS: JsonSchema = {"type": "integer", "minimum": 200, "maximum": 599}

Status = Annotated[int, Leaf(read_status, int, lambda: _STATUS)]


class Mapped(Part):
    """An integration response: what the client gets."""

    status: Status = Field(description="the status of the method response", examples=[200])
    size: Size | None = Field(
        None, description="the body's size; default: the backend's, or for an error an error object's"
    )


Responses = dict[int | str, Mapped | Literal["none"]]
"""By `default`, `function_error`, `function_timeout` or a status of the backend: what the client gets."""
STANDARD: Responses = {DEFAULT: Mapped(status=200)}


def _read_mapped(key: str, value: object) -> Mapped | Literal["none"]:
    if value == NONE and key == DEFAULT:
        return NONE
    if isinstance(value, Mapping | Mapped):
        return nested(Mapped, value, key)
    try:
        return Mapped(status=read_status(value))
    except Bad as error:
        raise Bad.several(((key,), what, fix) for _, what, fix in error.items) from None


def _read_responses(value: object) -> Responses:
    if not isinstance(value, Mapping):
        fix = "write {STATUS: STATUS}, such as {function_error: 500, 404: 404, default: 200}"
        raise Bad(f"{units.show(value)} is no set of integration responses", fix)
    bad: list[tuple[Loc, str, str]] = []
    made: Responses = {}
    for name, item in value.items():
        key: int | str = str(name)
        try:
            if key not in WORDS:
                if not str(key).isdigit():
                    raise Bad("unknown key", propose(key, WORDS) + ", or a status of the backend")
                key = read_status(key)
            made[key] = _read_mapped(str(name), item)
        except Bad as error:
            bad.extend((at or (str(name),), what, fix) for at, what, fix in error.items)
    if bad:
        raise Bad.several(bad)
    return STANDARD | made


def _show_responses(value: Responses) -> dict[str, Any]:
    def shown(mapped: Mapped | Literal["none"]) -> Any:
        if isinstance(mapped, str):
            return mapped
        return mapped.status if mapped.size is None else dump(mapped)

    return {str(key): shown(mapped) for key, mapped in value.items()}


def _responses_schema() -> JsonSchema:
    part: JsonSchema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["status"],
        "properties": {"status": _STATUS, "size": quantity_schema("size")},
    }
    one: JsonSchema = {"anyOf": [_STATUS, part]}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            DEFAULT: {"anyOf": [*one["anyOf"], {"const": NONE}]}, FUNCTION_ERROR: one, FUNCTION_TIMEOUT: one
        },
        "patternProperties": {"^[2-5][0-9][0-9]$": one},
    }  # fmt: skip


IntegrationResponses = Annotated[Responses, Leaf(_read_responses, _show_responses, _responses_schema)]


class GatewayResponse(Part):
    """A gateway response of one's own: what the client gets where API Gateway itself answers."""

    status: Status | None = Field(None, description="the status; default: the type's own")
    size: Size | None = Field(None, description="the body's size; default: that of AWS's message")


ResponseType = Annotated[
    str,
    Leaf(
        lambda value: choose(value, RESPONSE_TYPES, "gateway response type"),
        str,
        lambda: {"enum": list(RESPONSE_TYPES)},
    ),
]

OWN = tuple(reason.name for reason in REASONS if reason.status)
"""Reasons of answers that API Gateway makes itself."""
ReasonName = Annotated[
    str,
    Leaf(
        lambda value: choose(value, OWN, "reason of an answer of the gateway"),
        str,
        lambda: {"enum": list(OWN)},
    ),
]


# content types

JSON = "application/json"
"""What a request without Content-Type is taken for (developer guide, "Integration passthrough behaviors")."""
_FORM = r"^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+*-]+$"


def read_content_type(value: object) -> str:
    """A media type, in small letters."""
    text = str(value).lower() if isinstance(value, str) else ""
    kind, slash, rest = text.partition("/")
    if not (kind and slash and rest) or any(letter.isspace() for letter in text) or "/" in rest:
        raise Bad(f"{units.show(value)} is no content type", "write one such as application/json")
    return text


ContentType = Annotated[str, Leaf(read_content_type, str, lambda: {"type": "string", "pattern": _FORM})]


def _read_content_types(value: object) -> dict[str, Fraction]:
    if isinstance(value, str):
        return {read_content_type(value): Fraction(1)}
    if not isinstance(value, Mapping) or not value:
        fix = "write one, or {application/json: 98 %, text/plain: 2 %}"
        raise Bad(f"{units.show(value)} is no set of content types", fix)
    bad: list[tuple[Loc, str, str]] = []
    shares: dict[str, Fraction] = {}
    for key, item in value.items():
        try:
            shares[read_content_type(key)] = units.share(item)
        except units.UnitError as error:
            bad.append(((str(key),), error.what, error.fix))
        except Bad as error:
            bad.extend(((str(key),), what, fix) for _, what, fix in error.items)
    if bad:
        raise Bad.several(bad)
    total = sum(shares.values(), Fraction(0))
    if total != 1:
        raise Bad(f"the shares sum to {show('share', total)}", "make them sum to 100 %")
    return dict(sorted(shares.items()))


def _show_content_types(value: Mapping[str, Fraction]) -> Any:
    if len(value) == 1:
        return next(iter(value))
    return {name: show("share", share) for name, share in value.items()}


ContentTypes = Annotated[
    dict[str, Fraction],
    Leaf(
        _read_content_types,
        _show_content_types,
        lambda: {
            "anyOf": [
                {"type": "string", "pattern": _FORM},
                {
                    "type": "object", "minProperties": 1, "additionalProperties": False,
                    "patternProperties": {_FORM: quantity_schema("share")},
                },
            ]
        },
    ),
]  # fmt: skip
