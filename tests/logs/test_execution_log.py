"""How large execution logs would be: lines of single requests, written out and counted."""

from __future__ import annotations

from typing import Any

import pytest
from engine.running import FUNCTION, MS, at, planned, story

import apigw_sim
from apigw_sim.compose import simulate
from apigw_sim.logs import execution
from apigw_sim.records import ATTEMPTS
from apigw_sim.result import Kept, NotKeptError

REQUEST = "(01234567-89ab-cdef-0123-456789abcdef) "
UUID = REQUEST[1:-2]


def volumes(said: dict[str, Any], headers: int = 500) -> dict[tuple[str, bool], execution.Volume]:
    plan, kept = planned(said), Kept(logs=True)
    simulate(plan, engine="simpy", sink=kept.fold)
    return execution.volumes(plan, 0, kept.chunks(ATTEMPTS, 3), headers)


def counted(*lines: str) -> execution.Volume:
    """Lines as one would read them, without their ids; those above 1,024 bytes are cut."""
    return execution.Volume(len(lines), sum(min(len(REQUEST + line), 1024) for line in lines))


INFO = (
    "Extended Request Id: J4LnEFbVIAMFmAA=",
    f"Verifying Usage Plan for request: {UUID}. API Key:  API Stage: a/s",
    "Usage Plan check succeeded for API Key  and API Stage a/s",
    f"Starting execution for request: {UUID}",
    "HTTP Method: GET, Resource Path: /",
    "Sending request to https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/invocations",
    "Received response. Status: 200, Integration latency: 120 ms",
)
COMPLETED = "Method completed with status: 200"
FAILED = "Lambda execution failed with status 200 due to customer function error"


def test_of_a_request_that_goes_well_there_are_nine_lines_and_no_error() -> None:
    said = story(at(0), FUNCTION, functions={"f": {"duration": "120 ms", "response": {"size": "100 B"}}})
    found = volumes(said, headers=200)
    assert found["ERROR", False] == (0, 0)
    assert found["INFO", False] == counted(*INFO, "Successfully completed execution", COMPLETED)
    trace = (
        "Method request body before transformations: ",
        "Endpoint request body after transformations: " + "e" * 3000,  # Lambda's event, cut
        "Endpoint response body before transformations: " + "b" * 100,
        "Method response body after transformations: " + "b" * 100,
        *(
            f"{of} headers: {{{'h' * 200}}}"
            for of in ("Method request", "Endpoint request", "Endpoint response", "Method response")
        ),
    )
    assert found["INFO", True] == counted(*INFO, "Successfully completed execution", COMPLETED, *trace)


def test_of_one_that_fails_the_error_level_has_two_lines() -> None:
    said = story(at(0, 500 * MS), FUNCTION, functions={"f": {"duration": "120 ms", "crash": "100 %"}})
    found = volumes(said)
    assert found["ERROR", False] == counted(*(FAILED, COMPLETED) * 2)
    # the answer of a function that crashed has no status of its own to tell
    assert found["INFO", False] == counted(*(*INFO[:-1], FAILED, COMPLETED) * 2)


def test_what_no_backend_was_asked_has_no_line_of_one() -> None:
    found = volumes(story(at(0), settings={"throttle": {"rate": "1/s", "burst": 0}}))
    failed = "a/s every_method throttle exceeded throttle limit. Rate Exceeded."
    assert found["INFO", False] == counted(*INFO[:5], failed, COMPLETED)
    assert found["INFO", True] == found["INFO", False]


def test_a_canary_has_a_group_of_its_own_beside_the_stages_which_has_everything() -> None:
    """The canary takes all until 5.05 s, and each request has seven lines."""
    off = {"at": "5050 ms", "set": {"apis.a.stages.s.canary.traffic": "0 %"}}
    said = story({"process": "even", "rate": "10/s"}, stage={"canary": {"traffic": "100 %"}}, timeline=[off])
    result = apigw_sim.run(said, engine="simpy", requests=True)
    frame = result.execution_logs()
    of = frame[frame["level"] == "INFO"].groupby("stage")["events"].max()
    met = int(result.requests["canary"].sum())
    assert 50 <= met <= 51
    assert of.to_dict() == {"a/s": 700, "a/s/Canary": 7 * met}


def test_a_result_gives_a_row_for_each_stage_level_and_data_trace() -> None:
    said = story({"process": "even", "rate": "10/s"})
    frame = apigw_sim.run(said, engine="simpy", logs=True).execution_logs()
    assert frame[["stage", "level", "data_trace"]].values.tolist() == [
        ["a/s", "ERROR", False], ["a/s", "INFO", False], ["a/s", "INFO", True]
    ]  # fmt: skip
    assert frame["events"].tolist() == [0, 700, 700]
    with pytest.raises(NotKeptError, match="logs=True"):
        apigw_sim.run(said, engine="simpy").execution_logs()
    said["apis"]["a"]["type"] = "HTTP"
    said["apis"]["a"]["methods"]["GET /"] = {"integration": {"http_proxy": "h"}}
    said["backends"] = {"h": {"http": {"latency": "1 ms"}}}
    assert apigw_sim.run(said, engine="simpy", logs=True).execution_logs().empty
