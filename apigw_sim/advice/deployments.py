"""Advice on deployments, stage variables and canaries."""

from __future__ import annotations

from collections.abc import Iterator

from apigw_sim import units
from apigw_sim.advice.case import Case
from apigw_sim.advice.finding import Finding
from apigw_sim.advice.words import several
from apigw_sim.plan.tables import NULL, Method, Plan
from apigw_sim.scenario.deployments import VARIABLE


def never_deployed(case: Case) -> Iterator[Finding]:
    """Changes to an API that no stage has by the end of the run."""
    plan = case.plan
    for number, entry in enumerate(case.scenario.timeline):
        if entry.change is None:
            continue
        stages = [row for row, stage in enumerate(plan.stages) if stage.api == entry.change.api]
        late = {
            plan.methods[row.place].stage
            for row in plan.undeployed
            if row.end == NULL and row.begin <= entry.at
        }
        if all(stage in late for stage in stages):
            text = f"the change of {entry.change.api} at {units.show_duration(entry.at)} is deployed to no stage: it does nothing"
            where = several([plan.stages[stage].name for stage in stages])
            yield Finding(
                ("timeline", number, "change"), text, f"deploy it later in the timeline: deploy: {where}"
            )


def _answering(plan: Plan) -> list[Method]:
    """The rows of methods that answer at some time, in their order."""
    cells = [cell for event in plan.timeline for cell in event.begin]
    answering = {*plan.released, *plan.canary_released}
    answering |= {cell.args[1] for cell in cells if cell.verb in {"release", "canary_release"}}
    return [row for number, row in enumerate(plan.releases) if number in answering]


def never_in_context(case: Case) -> Iterator[Finding]:
    """Contexts of functions that no stage's variables make, at no time."""
    plan = case.plan
    met = {
        (plan.backends[row.backend].name.partition(":")[0], row.in_context)
        for row in _answering(plan)
        if row.backend != NULL
    }
    for name, function in case.scenario.functions.items():
        for number, said in enumerate(function.contexts):
            if (name, number) not in met:
                given = ", ".join(f"{key}={value}" for key, value in said.stage_variables.items())
                text = (
                    f"no stage that invokes {name} ever has {given}: it never works as contexts[{number}] say"
                )
                fix = "give a stage these variables, or take the context out"
                yield Finding(("functions", name, "contexts", number), text, fix)


def names_nothing(case: Case) -> Iterator[Finding]:
    """Integrations that on some stage, or for its canary, name no function or backend by a stage variable."""
    seen: set[tuple[str, str]] = set()
    plan = case.plan
    for row in _answering(plan):
        if not row.misconfigured:
            continue
        name = plan.stages[row.stage].name
        if (name, row.route) in seen:
            continue
        seen.add((name, row.route))
        api, _, stage = name.partition("/")
        text = f"{name} {row.route} leads nowhere by its stage variables: at some time it answers 500"
        fix = "set the variables that it names to a function or a backend there is"
        yield Finding(("apis", api, "stages", stage, "variables"), text, fix)


def answers_alike(case: Case) -> Iterator[Finding]:
    """Canaries that meet traffic and whose every method is answered as the stage answers it."""
    plan = case.plan
    for number, stage in enumerate(plan.stages):
        api, _, own = stage.name.partition("/")
        said = case.scenario.apis[api].stages[own].canary
        moves = [pointer for pointer in plan.pointers if pointer.stage == number]
        if said is None or not said.traffic or any(pointer.canary != pointer.active for pointer in moves):
            continue
        used = {
            name
            for method in case.scenario.apis[api].methods.values()
            for name in VARIABLE.findall(method.integration.target or "")
        }
        used |= {
            name
            for function in case.scenario.functions.values()
            for said in function.contexts
            for name in said.stage_variables
        }
        if not used & set(said.variables):
            text = (
                f"the canary of {stage.name} has the stage's deployment and overrides no variable that a method uses: "
                "it answers as the stage does"
            )
            fix = "deploy a change to it in the timeline, or override a variable that an integration names"
            yield Finding(("apis", api, "stages", own, "canary"), text, fix)


def hidden_by_a_canary(case: Case) -> Iterator[Finding]:
    """Deployments that go to a canary which nobody meets, since a promotion left it at 0 %."""
    promoted: dict[str, int] = {}
    order = sorted(
        range(len(case.scenario.timeline)), key=lambda number: (case.scenario.timeline[number].at, number)
    )
    for number in order:
        entry = case.scenario.timeline[number]
        if entry.promote_canary is not None:
            promoted[entry.promote_canary] = number
        elif entry.remove_canary is not None:
            promoted.pop(entry.remove_canary, None)
        for change in entry.set or ():
            if len(change.keys) == 6 and change.keys[4:] == ("canary", "traffic"):
                promoted.pop(f"{change.keys[1]}/{change.keys[3]}", None)
        if entry.deploy in promoted:
            text = (
                f"{entry.deploy} still has the canary that was promoted, at 0 %: this deployment goes to it, "
                "and nobody meets it"
            )
            fix = f"write remove_canary: {entry.deploy} before it, or set the canary's traffic"
            yield Finding(("timeline", number, "deploy"), text, fix)
