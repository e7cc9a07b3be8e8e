"""What `check` says of a scenario without errors: advice, its distributions, its assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from apigw_sim.plan import laws
from apigw_sim.plan.reading import Keys, Reading
from apigw_sim.plan.tables import NULL, BackendKind, Law, Plan
from apigw_sim.scenario.paths import show_path, split_path
from apigw_sim.terminal import assumptions
from apigw_sim.terminal.page import Page, Words
from apigw_sim.terminal.words import many, ms
from apigw_sim.units import MS

if TYPE_CHECKING:
    from apigw_sim.advice import Advice
    from apigw_sim.scenario import Scenario

SIZES = ("B", "KB", "MB", "GB")


def page(made: Page, name: str, scenario: Scenario, plan: Plan, found: Iterable[Advice]) -> None:
    """Add the review of a scenario."""
    advice = [one for one in found if not one.note]
    says = f"no errors, {many(len(advice), 'piece') + ' of advice' if advice else 'no advice'}"
    ignored = scenario.advice.ignore
    silent = f", {', '.join(ignored)} silenced" if ignored else ""
    made.title(name, f"{says}{silent}")
    for override in scenario.overrides:
        made.line(f"with {override}", "dim", hang=4)
    if advice:
        made.title("ADVICE")
    for rule in dict.fromkeys(one.rule for one in advice):
        of_rule = [one for one in advice if one.rule == rule]
        for number, one in enumerate(of_rule):
            made.table([(Words(f"{rule:8}" if number == 0 else " " * 8, "bold yellow"), one.text)], "ll")
            made.table([("at", _at(one)), ("do", one.fix)], "ll", indent=12)
        for source in dict.fromkeys(one.source for one in of_rule):
            made.exact(f"see  {source}", "dim", indent=12)
    _distributions(made, scenario, plan)
    if plan.assumptions:
        made.title("ASSUMPTIONS", "what AWS leaves open and this scenario leans on")
        assumptions.table(made, assumptions.leant_on(plan.assumptions))


def _at(one: Advice) -> str:
    return one.path if one.where == one.path else f"{one.where}  {one.path}"


# distributions


def _distributions(made: Page, scenario: Scenario, plan: Plan) -> None:
    """The mean and the p99.9 that each distribution comes to, of those that the scenario writes."""
    said = Reading(scenario)
    rows = []
    for keys, law, size in _laws(scenario, plan):
        if law.constant is None and said.where(keys) != "default":
            shown = _size if size else _duration
            rows.append((show_path(keys), shown(law.mean), shown(laws.percentile(law, 0.999)), law.text))
    if rows:
        made.title("DISTRIBUTIONS")
        made.table(rows, "lrrl", ("", "mean", "p99.9", "written"))


def _laws(scenario: Scenario, plan: Plan) -> Iterator[tuple[Keys, Law, bool]]:
    """The laws of a plan by path, each with whether it is of sizes."""
    for client in plan.clients:
        yield ("clients", client.name, "network", "rtt"), client.rtt, False
        for number, call in enumerate(client.calls):
            yield ("clients", client.name, "calls", number, "body"), call.body, True
    for backend in plan.backends:
        if backend.part:
            continue
        if backend.kind is not BackendKind.LAMBDA:
            name = backend.path.removeprefix("backends.")
            server: Keys = ("backends", name, scenario.backends[name].kind)
            yield (*server, "latency"), backend.duration, False
            yield (*server, "size"), backend.response, True
            continue
        function = split_path(backend.path)
        yield (*function, "duration"), backend.duration, False
        yield (*function, "response", "size"), backend.response, True
        if backend.cold is not None and backend.cold.restores:
            yield (
                ("functions", backend.name.partition(":")[0], "snap_start", "restore"),
                backend.cold.init,
                False,
            )
        elif backend.cold is not None:
            yield (*function, "cold_start", "provisioning"), backend.cold.provisioning, False
            yield (*function, "cold_start", "init"), backend.cold.init, False
        if backend.query is not None and backend.version_of == NULL:
            yield (*function, "database", "query"), backend.query, False
        if backend.idle_lifetime is not None:
            yield (*function, "idle_lifetime"), backend.idle_lifetime, False
    account, kinds = plan.account, {stage.http for stage in plan.stages}
    own = (("rest", account.gateway_overhead, False), ("http", account.http_overhead, True))
    laws = [(name, law) for name, law, http in own if http in kinds]
    for name, law in (*laws, ("lambda", account.service_overhead)):
        yield ("assumptions", f"{name}_overhead"), law, False


def _duration(ns: float) -> str:
    if ns < 1000 * MS:
        return f"{ms(ns / MS)} ms"
    seconds = ns / (1000 * MS)
    return f"{seconds:,.1f} s" if seconds < 120 else f"{seconds / 60:,.1f} min"


def _size(size: float) -> str:
    """Bytes in the largest unit that leaves a whole part."""
    unit = 0
    while size >= 1024 and unit < len(SIZES) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:,.1f} {SIZES[unit]}" if unit else f"{size:,.0f} B"
