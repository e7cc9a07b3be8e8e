"""A client's draws: blocks are a cache of what is drawn one by one, and nobody's draws depend on anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from engine.mixed import MIXED
from engine.running import FUNCTION, MS, client, planned, story

from apigw_sim.draws import CRASH, MALFORMED, CallBlock, Group, Stream, draw, philox
from apigw_sim.plan.tables import Plan
from apigw_sim.rules import pick

WEB, PARTNER = 0, 1


@pytest.fixture(scope="module")
def mixed() -> Plan:
    return planned(MIXED)


def stream(plan: Plan, number: int, seed: int = 3, replication: int = 0) -> Stream:
    return draw(plan, seed, replication).client(number)


def whole(of: Stream) -> CallBlock:
    """All blocks as one."""
    blocks = list(of.blocks())
    assert [block.first for block in blocks] == np.cumsum(
        [0, *(len(block.at) for block in blocks[:-1])]
    ).tolist()
    columns = ([value for b in blocks for value in getattr(b, name)] for name in CallBlock._fields[1:])
    return CallBlock(0, *columns)


def changed(change: Callable[[dict[str, Any]], None]) -> Plan:
    """The mixed scenario with something of it changed."""
    data = yaml.safe_load(MIXED)
    change(data)
    return planned(data)


# blocks and single draws


@pytest.mark.parametrize("number", [WEB, PARTNER])
def test_what_blocks_hold_is_what_is_drawn_one_by_one(mixed: Plan, number: int) -> None:
    block, single = whole(stream(mixed, number)), stream(mixed, number)
    row = mixed.clients[number]
    assert len(block.at) > 150
    for call, picked in enumerate(block.pick):
        _, which, key, age = single.row(Group.CALL, call, 0)
        assert picked == pick.choose(which, row.weights)
        assert block.send[call] == single.send(call, 1, picked)
        assert block.work[call] == single.work(call, 1, single.usual[picked])
        said = row.calls[picked]
        assert block.max_age_0[call] == (age < said.max_age_0) + (age < said.max_age_0_authorized)
        if row.keys is not None:
            assert block.api_key[call] == row.first_key + pick.alias(key, row.keys.table)


@pytest.mark.parametrize("number", [WEB, PARTNER])
def test_resources_and_entries_are_made_of_the_parameters_own_words(mixed: Plan, number: int) -> None:
    block, single = whole(stream(mixed, number)), stream(mixed, number)
    for call, picked in enumerate(block.pick):
        said = mixed.clients[number].calls[picked]
        resource, entry = said.resource_base, said.entry_base
        for parameter in said.parameters:
            group, slot = divmod(parameter.word, 4)
            word = single.row(Group.PARAMETERS + group, call, 0)[slot]
            law = parameter.law
            value = pick.uniform(word, law.n) if law.table is None else pick.alias(word, law.table)
            resource, entry = (
                resource + value * parameter.resource_stride,
                entry + value * parameter.entry_stride,
            )
        assert (block.resource[call], block.entry[call]) == (resource, entry)


@pytest.mark.parametrize("size", [1, 5, 64, 4096])
def test_blocks_of_any_size_are_the_same_calls(
    mixed: Plan, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    want = whole(stream(mixed, WEB))
    monkeypatch.setattr("apigw_sim.draws.stream.BLOCK", size)
    assert whole(stream(mixed, WEB)) == want


def test_a_row_is_the_same_however_often_and_in_whichever_order_it_is_asked_for(mixed: Plan) -> None:
    """Rows that are asked for often are made together and kept; the bits stay Philox's own."""
    of = stream(mixed, WEB)
    asked = [*range(300), *range(299, -1, -1), *range(0, 3_000, 7), 2**40 - 1, 5, 5, 5]
    for group in (Group.SEND, Group.BIRTH):
        for attempt in (1, 2):
            for call in asked:
                assert of.row(group, call, attempt) == philox.row(of.key, call, attempt, 0, group)


def test_statuses_are_crash_before_malformed_before_status(mixed: Plan) -> None:
    """Of one draw each: crash from the first word, malformed from the second, the status from the third."""
    of = stream(mixed, WEB)
    backend = mixed.backends[mixed.methods[mixed.clients[WEB].calls[0].method].backend]
    seen = set()
    for call in range(3_000):
        crash, malformed, status, _ = of.row(Group.OUTCOME, call, 1)
        want = backend.status.statuses[pick.choose(status, backend.status.thresholds)]
        want = MALFORMED if malformed < backend.malformed else want
        want = CRASH if crash < backend.crash else want
        assert of.work(call, 1, of.usual[0])[4] == want
        seen.add(want)
    assert seen == {200, 404, 500, CRASH, MALFORMED}


def test_every_attempt_draws_anew(mixed: Plan) -> None:
    of = stream(mixed, WEB)
    for call in range(20):
        assert len({of.send(call, attempt, 0) for attempt in (1, 2, 3)}) == 3
        assert len({of.work(call, attempt, of.usual[0])[1] for attempt in (1, 2, 3)}) == 3


# whose draws depend on what


def test_a_change_of_one_client_does_not_disturb_the_others(mixed: Plan) -> None:
    """web calls more often, something else, with another network, other retries and another key."""

    def change(data: dict[str, Any]) -> None:
        web = data["clients"]["web"]
        web["arrivals"] = {"process": "even", "rate": "7/s"}
        web["calls"] = [{"call": "GET /health"}]
        del web["network"], web["retry"]

    assert whole(stream(changed(change), PARTNER)) == whole(stream(mixed, PARTNER))


def test_a_client_that_comes_in_before_or_is_left_out_does_not_either(mixed: Plan) -> None:
    def change(data: dict[str, Any]) -> None:
        web, partner = data["clients"]["web"], data["clients"]["partner"]
        data["clients"] = {"other": {**web}, "partner": partner}

    plan = changed(change)
    assert whole(stream(plan, PARTNER)) == whole(stream(mixed, PARTNER))
    assert whole(stream(plan, 0)).at != whole(stream(mixed, WEB)).at


def test_limits_and_laws_shift_no_draw(mixed: Plan) -> None:
    """With other limits all is the same; with another law of duration all but durations is."""

    def limits(data: dict[str, Any]) -> None:
        data["account"]["throttle"] = {"rate": "1/s", "burst": 1}
        data["functions"]["slow"]["reserved_concurrency"] = 1
        del data["usage_plans"]["gold"]["quota"]

    def law(data: dict[str, Any]) -> None:
        data["functions"]["quick"]["duration"] = {"p50": "80 ms", "p99": "600 ms"}
        data["functions"]["slow"]["duration"] = "5 ms"

    want = whole(stream(mixed, WEB))
    assert whole(stream(changed(limits), WEB)) == want
    other = whole(stream(changed(law), WEB))
    assert other._replace(work=want.work) == want
    for one, two, picked in zip(want.work, other.work, want.pick, strict=True):
        assert (one[0], one[2:]) == (two[0], two[2:])
        if picked == 0:
            assert abs(two[1] - 2 * one[1]) <= 2


def test_weights_shift_no_draw_of_calls_that_stay_the_same(mixed: Plan) -> None:
    def change(data: dict[str, Any]) -> None:
        data["clients"]["web"]["calls"][0]["weight"] = 12

    one, two = whole(stream(mixed, WEB)), whole(stream(changed(change), WEB))
    assert one.at == two.at
    same = [n for n, (p, q) in enumerate(zip(one.pick, two.pick, strict=True)) if p == q]
    assert len(one.at) > len(same) > len(one.at) // 2
    assert all(one.work[n] == two.work[n] and one.resource[n] == two.resource[n] for n in same)


def test_a_rate_that_is_doubled_halves_the_same_gaps() -> None:
    one, two = (
        whole(stream(planned(story({"process": "poisson", "rate": f"{rate}/s"})), 0)).at for rate in (20, 40)
    )
    assert len(two) > len(one) > 150
    assert all(abs(2 * late - early) <= 2 for late, early in zip(two, one, strict=False))


def test_replications_seeds_and_names_have_draws_of_their_own(mixed: Plan) -> None:
    starts = {
        tuple(whole(stream(mixed, WEB, seed, replication)).at[:5])
        for seed in (1, 2)
        for replication in (0, 1)
    }
    assert len(starts) == 4
    renamed = replace(mixed, clients=(replace(mixed.clients[0], name="www"), mixed.clients[1]))
    assert whole(stream(renamed, WEB, 1)).at[:5] not in map(list, starts)


def test_initial_environments_have_words_of_their_own() -> None:
    said = story(functions={"f": {"duration": "1 ms"}, "g": {"duration": "1 ms"}}, integration=FUNCTION)
    draws = draw(planned(said), 1)
    found = [draws.environment(backend, ordinal) for backend in (0, 1) for ordinal in range(3)]
    assert len(set(found)) == 6
    assert found == [draws.environment(backend, ordinal) for backend in (0, 1) for ordinal in range(3)]


def test_constants_are_drawn_as_they_are() -> None:
    said = story(
        clients={"c": client({"process": "even", "rate": "5/s"}, [{"call": "GET /", "body": "3 KB"}])},
        assumptions={"rest_overhead": "8 ms"},
    )
    block = whole(stream(planned(said), 0))
    assert set(block.send) == {(0, 3 * 1024, 8 * MS, 0)}
    assert block.max_age_0 == [0] * 50
