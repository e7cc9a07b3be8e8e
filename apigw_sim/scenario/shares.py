"""Shares that sum to one: {200: 98 %, 404: 2 %}, with `rest` for one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeVar

from apigw_sim import units
from apigw_sim.scenario.base import Bad, JsonSchema, Loc
from apigw_sim.scenario.quantities import quantity_schema, show

REST = "rest"
Key = TypeVar("Key")


def read_shares(value: Mapping[object, object], read_key: Callable[[object], Key]) -> dict[Key, Fraction]:
    """The share of each key, as an exact fraction; every key that is wrong is named at once."""
    bad: list[tuple[Loc, str, str]] = []
    shares: dict[Key, Fraction] = {}
    rest: list[Key] = []
    for written, item in value.items():
        try:
            key = read_key(written)
            if key in shares or key in rest:
                raise Bad(f"{key} stands twice", "give each of them one share")
            if item == REST:
                if rest:
                    raise Bad("a second rest", "keep one rest")
                rest.append(key)
            else:
                shares[key] = units.share(item)
        except units.UnitError as error:
            bad.append(((str(written),), error.what, f"{error.fix}, or rest"))
        except Bad as error:
            bad.extend(((str(written),), what, fix) for _, what, fix in error.items)
    if bad:
        raise Bad.several(bad)
    total = sum(shares.values(), Fraction(0))
    if rest and total > 1:
        raise Bad(f"the shares beside rest sum to {show('share', total)}", "they may sum to 100 % at most")
    if not rest and total != 1:
        raise Bad(
            f"the shares sum to {show('share', total)}", "make them sum to 100 %, or write rest for one"
        )
    return shares | dict.fromkeys(rest, 1 - total)


def share_schema() -> JsonSchema:
    """A share, or `rest`, as an editor checks it."""
    return {"anyOf": [quantity_schema("share"), {"enum": [REST]}]}
