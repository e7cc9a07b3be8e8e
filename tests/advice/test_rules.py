"""All rules together: what each must have, the page about them, and the advice on the scenario that ships."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from apigw_sim.advice import RULES, Advice, Rule, advise, markdown
from apigw_sim.plan import plan
from apigw_sim.scenario import load

Advised = Callable[..., list[Advice]]
HERE = Path(__file__).parent
WANTED = [
    "CACHE001", "CACHE002", "CACHE004", "THR001", "THR002", "THR003", "THR004", "THR005", "THR006", "PLAN001", "PLAN002",
    "AUTH001", "AUTH002", "AUTH003", "AUTH004", "AUTH005", "HTTP001", "HTTP002", "LMB001", "LMB002", "LMB003", "LMB004", "LMB005",
    "LMB006", "LMB007", "LMB008", "LMB009", "SCALE001",
    "DEP001", "DEP002", "DEP003", "CAN001", "CAN002", "ALIAS001", "ALIAS002", "ALIAS003", "ALIAS004",
    "ERR001", "ERR002", "ERR003", "ERR004", "ERR005", "ERR006", "VAL001",
    "PAY001", "ASYNC001", "DB001", "SVC001", "SVC002", "SVC003", "SVC004", "SQS001", "SQS002", "SQS003", "WS001", "WS002",
    "RETRY001", "RETRY002", "TRACE001", "TRACE002", "DOM001", "DOM002", "CORS001",
    "USERS001", "DNS001", "DNS002", "DNS003",
    "WAF001", "WAF002", "EDGE001", "MET001",
    "ALRM001", "ALRM002", "LOG001", "FAULT001", "QUOTA001", "ADVICE001", "ASSUME",
]  # fmt: skip


def untested(rules: list[str], sources: list[str]) -> list[str]:
    """Rules without a test `test_ID_fires_...`, or without one `test_ID_is_silent_...`."""
    names = [
        node.name
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    ]
    return [
        f"{rule} {what}"
        for rule in rules
        for what in ("fires", "is_silent")
        if not any(name.startswith(f"test_{rule.lower()}_{what}_") for name in names)
    ]


def test_a_rule_without_its_tests_would_be_seen() -> None:
    source = "def test_thr001_fires_at_0(): ...\ndef test_thr002_is_silent_at_1(): ..."
    assert untested(["THR001", "THR002"], [source]) == ["THR001 is_silent", "THR002 fires"]


def test_every_rule_has_a_test_that_fires_it_and_one_that_does_not() -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted(HERE.glob("test_*.py"))]
    assert untested([rule.id for rule in RULES], sources) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_id_title_reason_and_source(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z]+\d{3}|ASSUME", rule.id)
    assert rule.title
    assert rule.why.endswith(".")
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", rule.source) or rule.id == "ADVICE001"


def test_the_rules_are_those_that_were_asked_for_and_each_stands_once() -> None:
    assert [rule.id for rule in RULES] == WANTED


def test_the_page_is_what_the_rules_say(root: Path) -> None:
    page = (root / "docs" / "advice.md").read_text(encoding="utf-8")
    assert page == markdown(), (
        "write it anew: "
        'python -c "from apigw_sim.advice import markdown; print(markdown(), end=str())" > docs/advice.md'
    )


def test_the_advice_on_the_flash_sale_is_what_it_was(root: Path) -> None:
    scenario = load(root / "scenarios" / "flash_sale.yaml")
    found = [each for each in advise(scenario, plan(scenario)) if not each.note]
    assert [(each.rule, each.path) for each in found] == [
        ("LMB001", "functions.checkout.timeout"),
        ("THR005", "apis.shop.stages.prod.method_settings.every_method.throttle.rate"),
        ("CACHE004", "apis.shop.stages.prod.method_settings.every_method.caching.require_authorization"),
        ("LMB002", "clients.web.timeout"),
        ("RETRY001", "clients.web.retry"),
        ("TRACE002", "clients.acme.arrivals.trace"),
    ]
    lines = (root / "scenarios" / "flash_sale.yaml").read_text(encoding="utf-8").splitlines()
    places = [tuple(map(int, each.where.rsplit(":", 2)[1:])) for each in found]
    assert [lines[line - 1][column - 1 :].split()[0] for line, column in places] == [
        "10", "2000/s,", "caching:", "10", "retry:", "trace:",
    ]  # fmt: skip


def test_a_plain_scenario_gets_notes_alone_and_they_come_last(advice: Advised, root: Path) -> None:
    assert not [each for rule in RULES if not rule.note for each in advice(rule.id)]
    scenario = load(root / "scenarios" / "flash_sale.yaml")
    notes = [each.note for each in advise(scenario, plan(scenario))]
    assert notes == sorted(notes)
    assert any(notes)


def test_a_rule_that_is_ignored_is_silent(root: Path) -> None:
    over = {"advice.ignore": ["THR005", "ASSUME", "CACHE004"]}
    scenario = load(root / "scenarios" / "flash_sale.yaml", overrides=over)
    assert {each.rule for each in advise(scenario, plan(scenario))} == {
        "LMB001",
        "LMB002",
        "RETRY001",
        "TRACE002",
    }


def test_advice001_fires_for_an_id_that_no_rule_has(advice: Advised) -> None:
    (found,) = advice("ADVICE001", {"advice.ignore": ["THR005", "THR0O5"]})
    assert found.path == "advice.ignore[1]"
    assert found.text == "advice.ignore names THR0O5, and there is no such rule: it silences nothing"
    assert found.fix == "did you mean 'THR005'?"


def test_advice001_is_silent_for_known_ids(advice: Advised) -> None:
    assert not advice("ADVICE001", {"advice.ignore": ["THR005", "ASSUME"]})


def test_advice_reads_as_a_line(advice: Advised) -> None:
    (found,) = advice("LMB001", functions={"worker": {"duration": "100 ms", "timeout": "30 s"}})
    assert str(found) == f"functions.worker.timeout: LMB001 {found.text}; {found.fix} ({found.source})"
    (found,) = advice("LMB001", {"functions.worker.timeout": "30 s"})
    assert str(found).startswith("override functions.worker.timeout: LMB001 ")
    placed = Advice("THR001", "a.yaml:3:5", "account.throttle.burst", "it is 0", "raise it", "https://a")
    assert str(placed) == "a.yaml:3:5 account.throttle.burst: THR001 it is 0; raise it (https://a)"


def test_every_text_and_fix_is_a_clause_that_can_stand_in_a_line(root: Path) -> None:
    scenario = load(root / "scenarios" / "flash_sale.yaml")
    for each in advise(scenario, plan(scenario)):
        for text in (each.text, each.fix):
            assert text == text.strip()
            assert not text.endswith((".", ";"))
            assert "\n" not in text
