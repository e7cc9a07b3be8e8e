"""Expectations for a pipeline: the files of --junit and --markdown, read by what reads such files."""

from __future__ import annotations

from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from apigw_sim.terminal import verdicts
from apigw_sim.terminal.verdicts import MET, NO_SAMPLE, NOT_MET, UNDECIDED, Verdict

EXPECTED = [
    "shop/prod avg(4XXError) > 80 %",
    "shop/prod max(Latency) < 300 ms",
    "shop/prod p99(IntegrationLatency) of GET /a < 1 ms in every 5 s",
    "client web avg(succeeded) >= 99 %",
    "client web p50(call_latency) < 200 ms",
    "function f sum(Errors) == 0",
    "function f avg(Throttles) < 1 %",
]
"""In tiny.yaml: 58 of 69 attempts are refused; the slowest takes 314 ms, 104 of its backend; 11 of 40 calls end well."""
MET_ONES = [True, False, False, False, True, True, True]


def setting(expected: list[str]) -> str:
    return "expect=[" + ", ".join(f"'{text}'" for text in expected) + "]"


def test_a_ci_system_reads_a_case_an_expectation_and_what_was_found(command, folder: Path) -> None:
    done = command("run", "tiny.yaml", "--set", setting(EXPECTED), "--junit", "found.xml")
    assert done.exit_code == 1
    (suite,) = JUnitXml.fromfile(str(folder / "found.xml"))
    assert (suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) == ("tiny", 7, 3, 0, 0)
    cases = list(suite)
    assert [(case.classname, case.name) for case in cases] == [("tiny", text) for text in EXPECTED]
    assert [not case.result for case in cases] == MET_ONES
    ((failure,),) = [case.result for case in cases if case.name == "shop/prod max(Latency) < 300 ms"]
    assert isinstance(failure, Failure)
    assert failure.message == "not met, found 314.0 ms"
    assert failure.type == "not_met"
    assert "in 0 of 2 periods" in cases[2].result[0].message
    assert cases[3].result[0].message == "not met, found 27.5 %"
    assert {one.name: one.value for one in suite.properties()}["seed"] == "1"


def test_a_failure_names_the_line_of_the_expectation(command, folder: Path) -> None:
    text = (folder / "tiny.yaml").read_text(encoding="utf-8")
    (folder / "tiny.yaml").write_text(text + "expect:\n  - shop/prod sum(Count) < 69\n", encoding="utf-8")
    assert command("run", "tiny.yaml", "--junit", "found.xml").exit_code == 1
    (suite,) = JUnitXml.fromfile(str(folder / "found.xml"))
    line = text.count("\n") + 2
    assert f"tiny.yaml:{line}:5" in next(iter(suite)).result[0].text


def test_an_expectation_that_saw_nothing_is_an_error_in_the_file(command, folder: Path) -> None:
    done = command("run", "tiny.yaml", "--set", "clients.web.arrivals.rate=0/s",
                   "--set", "expect=['shop/prod p99(Latency) < 300 ms']", "--junit", "found.xml")  # fmt: skip
    assert done.exit_code == 1
    (suite,) = JUnitXml.fromfile(str(folder / "found.xml"))
    assert (suite.tests, suite.failures, suite.errors) == (1, 0, 1)
    (error,) = next(iter(suite)).result
    assert isinstance(error, Error)
    assert error.message == "no sample"


def test_markdown_has_the_verdict_first_and_a_row_an_expectation(command, folder: Path) -> None:
    done = command("run", "tiny.yaml", "--set", setting(EXPECTED[:2]), "--markdown", "found.md")
    assert done.exit_code == 1
    lines = (folder / "found.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "### ❌ tiny: 1 of 2 expectations not met"
    assert lines[2:6] == [
        "| | expected | found | |",
        "|---|---|---:|---|",
        r"| ✅ met | shop/prod avg(4XXError) \> 80 % | 84.1 % |  |",
        r"| ❌ not met | shop/prod max(Latency) \< 300 ms | 314.0 ms |  |",
    ]
    assert lines[7].startswith("- seed: 1")


def test_the_files_are_the_same_bytes_for_the_same_seed(command, folder: Path) -> None:
    for name in ("one", "two"):
        command(
            "run",
            "tiny.yaml",
            "--set",
            setting(EXPECTED),
            "--junit",
            f"{name}.xml",
            "--markdown",
            f"{name}.md",
        )
    for end in ("xml", "md"):
        assert (folder / f"one.{end}").read_bytes() == (folder / f"two.{end}").read_bytes()


@pytest.mark.parametrize(
    ("file", "problem"),
    [(".", ".: is a folder; name a file"), ("no/such.xml", "is not a folder; make it, or name another file")],
)
def test_a_file_that_cannot_be_written_is_said_before_the_run(command, file: str, problem: str) -> None:
    done = command("run", "tiny.yaml", "--junit", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr


def test_many_runs_are_judged_by_their_mean_and_what_it_cannot_tell_is_undecided(
    command, folder: Path
) -> None:
    """Four a second at 1/s, burst 2, without retries: far more than a tenth and less than 90 % are refused in every run.
    That no run meets `== 0` says nothing of half of all runs when there are three."""
    texts = "shop/prod avg(4XXError) < 90 %", "shop/prod avg(4XXError) < 10 %", "shop/prod sum(4XXError) == 0"
    expected = setting(list(texts))
    command("replicate", "tiny.yaml", "--runs", "3", "--set", "clients.web.retry.attempts=1", "--set", expected,
            "--junit", "found.xml", "--markdown", "found.md")  # fmt: skip
    (suite,) = JUnitXml.fromfile(str(folder / "found.xml"))
    results = {case.name: [type(one) for one in case.result] for case in suite}
    assert results == {texts[0]: [], texts[1]: [Failure], texts[2]: [Skipped]}
    said = (folder / "found.md").read_text(encoding="utf-8")
    assert "1 of 3 expectations not met" in said
    assert "met in 3 of 3 runs" in said
    assert "- runs: 3" in said


@pytest.mark.parametrize(("at_least", "kind"), [("0.25", None), ("0.275", Skipped), ("2", Failure)])
def test_a_capacity_is_a_case_met_not_met_or_undecided(
    command, folder: Path, at_least: str, kind: type | None
) -> None:
    """All pass up to a load just above 0.27; within the resolution of 10 % nothing is told."""
    command("capacity", "tiny.yaml", "--set", "clients.web.retry.attempts=1", "--set", setting(["shop/prod sum(4XXError) == 0"]),
            "--values", "0.2,0.25,0.3,2", "--at-least", at_least, "--junit", "found.xml", "--markdown", "found.md")  # fmt: skip
    (suite,) = JUnitXml.fromfile(str(folder / "found.xml"))
    (case,) = suite
    assert [type(one) for one in case.result] == ([] if kind is None else [kind])
    assert "0.25 x meets, 0.3 x does not" in (folder / "found.md").read_text(encoding="utf-8").replace(
        "\\", ""
    )


def test_verdicts_of_a_capacity_want_something_to_judge(command) -> None:
    done = command("capacity", "tiny.yaml", "--junit", "found.xml")
    assert done.exit_code == 2
    assert "--at-least VALUE" in done.stderr


def test_undecided_is_skipped_and_no_failure() -> None:
    made = [
        Verdict("a", UNDECIDED, "3.1 ms (2.0 to 4.2)", "", ""),
        Verdict("b", MET, "1", "in 9 of 10 runs", ""),
        Verdict("c", NO_SAMPLE, "", "", ""),
    ]
    assert [verdict.failed for verdict in made] == [False, False, True]
    (suite,) = JUnitXml.fromstring(verdicts.junit("n", made).encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 0, 1, 1)
    first = next(iter(suite)).result[0]
    assert isinstance(first, Skipped)
    assert first.message == "undecided, found 3.1 ms (2.0 to 4.2)"
    assert "1 of 2 expectations undecided" in verdicts.markdown("n", made[:2]).splitlines()[0]


def test_what_xml_cannot_hold_and_what_markdown_would_take_for_its_own_are_escaped() -> None:
    made = [Verdict('<a> & "b" | c\x00*', NOT_MET, "", "", "")]
    (suite,) = JUnitXml.fromstring(verdicts.junit("n\x1b&", made).encode())
    assert suite.name == "n\\x1b&"
    assert next(iter(suite)).name == '<a> & "b" | c\\x00*'
    assert '| ❌ not met | \\<a\\> \\& "b" \\| c\x00\\* |' in verdicts.markdown("n", made)
