"""Advice on a scenario: what the rules find, where it stands, what to do, and where AWS says so."""

from __future__ import annotations

from dataclasses import dataclass

from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.rules import RULES, Rule
from apigw_sim.advice.sources import page
from apigw_sim.plan.tables import Plan
from apigw_sim.scenario import Scenario
from apigw_sim.scenario.paths import show_path


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice; it stops nothing."""

    rule: str
    where: str
    """file:line:column, `override`, or `default`; the path itself where there is no file."""
    path: str
    """The setting to change."""
    text: str
    fix: str
    source: str
    """The address of an AWS page."""
    note: bool = False
    """Whether it only tells, and asks for nothing to be changed."""

    def __str__(self) -> str:
        head = self.path if self.where == self.path else f"{self.where} {self.path}"
        return f"{head}: {self.rule} {self.text}; {self.fix} ({self.source})"


def advise(scenario: Scenario, plan: Plan) -> list[Advice]:
    """What the rules say of a scenario as it starts, in the order of its lines; notes come last.

    The scenario's `advice: {ignore: [...]}` silences rules by id.
    """
    case = Case(scenario, plan)
    rules = [rule for rule in RULES if rule.id not in scenario.advice.ignore]
    found = [(rule, finding) for rule in rules for finding in rule.find(case)]
    found.sort(key=lambda pair: (pair[0].note, *_line(scenario, pair[1])))
    return [_advice(scenario, rule, finding) for rule, finding in found]


def _line(scenario: Scenario, finding: Finding) -> tuple[str, int, int]:
    place = scenario.place(finding.keys)
    return (place.file, place.line, place.column) if place else ("", 0, 0)


def _advice(scenario: Scenario, rule: Rule, finding: Finding) -> Advice:
    return Advice(
        rule.id,
        finding.where or scenario.where(finding.keys),
        show_path(finding.keys),
        finding.text,
        finding.fix,
        page(finding.source) if finding.source else rule.source,
        rule.note,
    )
