"""Versions and aliases of Lambda functions: their names, and the weights of an alias (facts 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any

from apigw_sim import units
from apigw_sim.scenario.base import Bad, JsonSchema, Leaf
from apigw_sim.scenario.quantities import show
from apigw_sim.scenario.shares import read_shares, share_schema

LATEST = "$LATEST"
"""The function as it is written: the only version that is not published, and so may change."""
MOST_VERSIONS = 2
"""An alias sends its invocations to so many versions at most."""
ONLY_PUBLISHED = "an alias with two versions names published ones only: AWS does not weight $LATEST (alias routing configuration)"
_VERSION = re.compile(r"[1-9]\d{0,17}")
_ALIAS = re.compile(r"(?!\d+$)[A-Za-z0-9_-]{1,128}")


def read_version(value: object) -> str:
    """The number of a published version."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and _VERSION.fullmatch(text):
        return str(text)
    if value == LATEST:
        raise Bad(f"{LATEST} is the function as it is written", "write its settings at the function itself")
    raise Bad(f"{units.show(value)} is no version", 'write a number from 1 on, such as "1"')


def _read_alias(value: object) -> str:
    if isinstance(value, str) and _ALIAS.fullmatch(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        raise Bad(f"{value} is a version's name", "an alias has a letter in its name, such as PROD")
    fix = "use letters, digits, - and _ (128 at most), and not digits alone"
    raise Bad(f"{units.show(value)} is no name of an alias", fix)


def _read_qualifier(value: object) -> str:
    if value == LATEST:
        fix = "publish it: give it a number under versions:, and write that number or an alias of it"
        raise Bad(f"AWS provisions concurrency for versions and aliases, not for {LATEST}", fix)
    is_version = isinstance(value, int) or (isinstance(value, str) and value.isdigit())
    return read_version(value) if is_version else _read_alias(value)


def read_weights(value: object) -> dict[str, Fraction]:
    """The share of each version, `{"1": 95 %, "2": 5 %}`, `rest` for one of them; or one version."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return {_read_weighted(value): Fraction(1)}
    if not isinstance(value, Mapping) or not value:
        raise Bad(f"{units.show(value)} is no alias", 'write {"2": 100 %}, or {"1": 95 %, "2": 5 %}')
    shares = read_shares(value, _read_weighted)
    if len(shares) > MOST_VERSIONS:
        raise Bad(f"{len(shares)} versions", f"AWS allows an alias {MOST_VERSIONS} at most")
    if len(shares) > 1 and LATEST in shares:
        raise Bad(
            ONLY_PUBLISHED, f'publish it: give it a number under versions:, or write {{"{LATEST}": 100 %}}'
        )
    return dict(sorted(shares.items(), key=lambda each: age(each[0])))


def _read_weighted(value: object) -> str:
    return LATEST if value == LATEST else read_version(value)


def age(version: str) -> int:
    """What versions are sorted by: the older ones first, $LATEST before all."""
    return 0 if version == LATEST else int(version)


def _show_weights(value: Mapping[str, Fraction]) -> Any:
    return {version: show("share", part) for version, part in value.items()}


def _weights_schema() -> JsonSchema:
    shares = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": MOST_VERSIONS,
        "additionalProperties": False,
        "patternProperties": {r"^([1-9][0-9]*|\$LATEST)$": share_schema()},
    }
    return {"anyOf": [{"type": ["string", "integer"]}, shares]}


VersionName = Annotated[str, Leaf(read_version, str, lambda: {"type": "string", "pattern": "^[1-9][0-9]*$"})]
AliasName = Annotated[
    str, Leaf(_read_alias, str, lambda: {"type": "string", "pattern": "^(?![0-9]+$)[A-Za-z0-9_-]{1,128}$"})
]
Qualifier = Annotated[
    str, Leaf(_read_qualifier, str, lambda: {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"})
]
"""A version or an alias, of which there is something of its own."""
Weights = Annotated[dict[str, Fraction], Leaf(read_weights, _show_weights, _weights_schema)]


def qualified(function: str, versions: Iterable[str], aliases: Iterable[str]) -> list[str]:
    """All names by which a function can be invoked: `checkout`, `checkout:$LATEST`, `checkout:2`, `checkout:PROD`."""
    return [function, *(f"{function}:{name}" for name in (LATEST, *versions, *aliases))]


def _read_callee(value: object) -> str:
    name, colon, qualifier = value.partition(":") if isinstance(value, str) else ("", "", "")
    fits = re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name)
    if not fits or (colon and qualifier != LATEST and not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", qualifier)):
        raise Bad(f"{units.show(value)} names no function", "write NAME, NAME:VERSION or NAME:$LATEST")
    return str(value)


Callee = Annotated[
    str,
    Leaf(
        _read_callee, str,
        lambda: {"type": "string", "pattern": r"^[A-Za-z0-9_-]{1,128}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?$"},
    ),
]  # fmt: skip
