"""What AWS leaves open: each setting with its value and what it decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from apigw_sim.plan.changes import show
from apigw_sim.scenario.base import dump
from apigw_sim.scenario.settings import Assumptions

if TYPE_CHECKING:
    from apigw_sim.terminal.page import Page


class Assumption(NamedTuple):
    """One setting under `assumptions:`."""

    name: str
    value: str
    about: str


def known() -> list[Assumption]:
    """All of them, with their defaults."""
    values = dump(Assumptions())
    return [
        Assumption(name, show(values[name]), field.description or "")
        for name, field in Assumptions.model_fields.items()
    ]


def leant_on(told: Iterable[str]) -> list[Assumption]:
    """Those of a plan, `name=value` each, with what they decide."""
    about = {one.name: one for one in known()}
    found = []
    for text in told:
        name, _, value = text.partition("=")
        changed = "" if value == about[name].value else f" (default: {about[name].value})"
        found.append(Assumption(name, value, about[name].about + changed))
    return found


def table(page: Page, rows: Iterable[Assumption]) -> None:
    """Add them to a page."""
    page.table(((row.name, f"{row.value}: {row.about}") for row in rows), "ll")
