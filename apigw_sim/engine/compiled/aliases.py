"""Aliases of Lambda functions in integers: which version an invocation reaches (facts 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apigw_sim.engine.compiled.drawing import OF_ALIAS, draw_work, four, works_of
from apigw_sim.engine.compiled.plain import view
from apigw_sim.engine.compiled.words import ALIAS, BACKEND
from apigw_sim.records import NULL
from apigw_sim.rules import routing

if TYPE_CHECKING:
    from apigw_sim.engine.compiled.plain import View
    from apigw_sim.engine.compiled.state import State


def choose_version(s: State, a: View) -> None:
    """The version that an alias sends an invocation to, now: of two, one is drawn; it works by its own laws."""
    x = view(s.alias, a.alias * ALIAS)
    chosen = x.first
    if x.second != NULL:
        word, _, _, _ = four(s, a, OF_ALIAS)
        chosen = routing.version(word, x.first, x.second, x.threshold)
    if a.backend != chosen * BACKEND:
        a.backend = chosen * BACKEND
        draw_work(s, a, works_of(s, a, a.backend))
