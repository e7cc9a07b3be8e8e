"""What `validate` prints, and its exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from apigw_sim.experiment import cases


def test_the_table_says_what_is_exact_what_came_out_and_what_the_verdict_is_worth(
    command, folder: Path
) -> None:
    done = command("validate", "--only", "throttling example", "--engine", "simpy", "--markdown", "page.md")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "VALIDATION  all 5 cases agree"
    assert "4: 5,000 in the first, 5,000 in the 101st ms" in done.stdout
    assert "6,000 requests served      6,000  none: no chance in it        any  agrees" in done.stdout
    page = (folder / "page.md").read_text(encoding="utf-8")
    assert "**All 5 cases agree.**" in page
    assert page.count("| agrees |") == 5


def test_a_case_that_disagrees_is_an_exit_status(command, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's second example, were 5,001 of 10,000 at once to pass."""
    wrong = [case._replace(exact=case.exact + 1) for case in cases.cases() if "example 2" in case.name]
    monkeypatch.setattr("apigw_sim.experiment.validate.cases", lambda: wrong)
    done = command("validate", "--only", "example", "--engine", "simpy")
    assert done.exit_code == 1
    assert done.stdout.startswith("VALIDATION  1 case of 1 DISAGREE")
    assert "DISAGREES" in done.stdout


def test_a_text_that_no_case_has_is_said(command) -> None:
    done = command("validate", "--only", "websocket")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "has 'websocket' in its name or source" in done.stderr
