"""Expectations for a pipeline: JUnit's XML, which CI systems read, and a Markdown table for a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from apigw_sim.experiment.verdicts import MET, NO_SAMPLE, NOT_MET, UNDECIDED
from apigw_sim.terminal.summary import found
from apigw_sim.terminal.words import percent

if TYPE_CHECKING:
    from apigw_sim.experiment.verdicts import Judged
    from apigw_sim.scenario import Scenario

MARKS = {MET: "✅ met", NOT_MET: "❌ not met", NO_SAMPLE: "❌ no sample", UNDECIDED: "❔ undecided"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OF_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&])")


class Verdict(NamedTuple):
    """What became of one expectation, in a run or in many."""

    text: str
    """The expectation, as it is written."""
    outcome: str
    """MET, NOT_MET, NO_SAMPLE (nothing came to be judged, which is a failure) or UNDECIDED (more runs are needed)."""
    found: str
    """What was found, with its unit, and of many runs its interval; empty without a sample."""
    beside: str
    """In how many periods or runs it was met; empty where that is not asked."""
    where: str
    """`flash_sale.yaml:130:5`, or whatever set it."""

    @property
    def failed(self) -> bool:
        """Whether it is a failure: undecided is none."""
        return self.outcome in (NOT_MET, NO_SAMPLE)


def of_run(summary: dict[str, Any], scenario: Scenario | None) -> list[Verdict]:
    """The verdicts of one run."""
    made = []
    for number, row in enumerate(summary["expectations"]):
        outcome = {True: MET, False: NOT_MET}.get(row["met"], NO_SAMPLE)
        beside = f"in {row['periods_met']:,} of {row['periods']:,} periods" if "periods" in row else ""
        where = "" if scenario is None else scenario.where(("expect", number))
        made.append(Verdict(row["text"], outcome, found(row), beside, where))
    return made


def of_runs(judged: Sequence[Judged], scenario: Scenario | None) -> list[Verdict]:
    """The verdicts of several runs, each with the interval of what is judged."""
    made = []
    for number, one in enumerate(judged):
        if one.of_share:
            shown = [None if end is None else percent(end, 1) for end in (one.value, one.low, one.high)]
        else:
            shown = [
                None if end is None else found({"text": one.text, "value": end})
                for end in (one.value, one.low, one.high)
            ]
        interval = "" if None in shown or one.low == one.high else f" ({shown[1]} to {shown[2]})"
        where = "" if scenario is None else scenario.where(("expect", number))
        beside = f"met in {one.met:,} of {one.runs:,} runs"
        made.append(Verdict(one.text, one.outcome, f"{shown[0] or ''}{interval}", beside, where))
    return made


def junit(name: str, verdicts: Sequence[Verdict], properties: Sequence[tuple[str, str]] = ()) -> str:
    """A file in JUnit's format: a suite of the scenario's name, a case an expectation.

    What was not met is a failure, what saw no sample an error, what is undecided skipped; each says what was found. It
    has no times, so that the same scenario and seed give the same bytes.
    """
    counts = {
        "tests": len(verdicts),
        "failures": sum(verdict.outcome == NOT_MET for verdict in verdicts),
        "errors": sum(verdict.outcome == NO_SAMPLE for verdict in verdicts),
        "skipped": sum(verdict.outcome == UNDECIDED for verdict in verdicts),
    }
    numbers = {key: str(value) for key, value in counts.items()}
    root = ElementTree.Element("testsuites", {"name": "apigw-sim", **numbers})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _xml(name), **numbers})
    if properties:
        beside = ElementTree.SubElement(suite, "properties")
        for key, value in properties:
            ElementTree.SubElement(beside, "property", {"name": _xml(key), "value": _xml(value)})
    for verdict in verdicts:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": _xml(name), "name": _xml(verdict.text)}
        )
        tag = {NOT_MET: "failure", NO_SAMPLE: "error", UNDECIDED: "skipped"}.get(verdict.outcome)
        said = _said(verdict)
        if tag is None:
            ElementTree.SubElement(case, "system-out").text = _xml(said)
            continue
        told = ElementTree.SubElement(case, tag, {"message": _xml(said)})
        if tag != "skipped":
            told.set("type", verdict.outcome.replace(" ", "_"))
            told.text = _xml("\n".join(part for part in (verdict.text, said, verdict.where) if part))
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _said(verdict: Verdict) -> str:
    parts = [verdict.outcome, f"found {verdict.found}" if verdict.found else "", verdict.beside]
    return ", ".join(part for part in parts if part)


def markdown(title: str, verdicts: Sequence[Verdict], facts: Sequence[tuple[str, str]] = ()) -> str:
    """A section for the summary of a job or a comment on a pull request: the verdict, a table, and what ran."""
    failed = sum(verdict.failed for verdict in verdicts)
    undecided = sum(verdict.outcome == UNDECIDED for verdict in verdicts)
    if not verdicts:
        head = "nothing was expected"
    elif failed:
        head = f"{failed:,} of {len(verdicts):,} expectations not met"
    elif undecided:
        head = f"{undecided:,} of {len(verdicts):,} expectations undecided"
    else:
        head = f"all {len(verdicts):,} expectations met" if len(verdicts) > 1 else "the expectation is met"
    sign = "❌" if failed else "❔" if undecided else "✅" if verdicts else "➖"
    lines = [f"### {sign} {_plain(title)}: {head}", ""]
    if verdicts:
        lines += ["| | expected | found | |", "|---|---|---:|---|"]
        lines += [
            f"| {MARKS[verdict.outcome]} | {_plain(verdict.text)} | {_plain(verdict.found)} | {_plain(verdict.beside)} |"
            for verdict in verdicts
        ]
        lines.append("")
    lines += [f"- {_plain(key)}: {_plain(value)}" for key, value in facts]
    return "\n".join(lines).rstrip("\n") + "\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return _OF_MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _xml(text: str) -> str:
    """Text without what XML 1.0 cannot hold, which is written as an escape."""
    return _NOT_XML.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
