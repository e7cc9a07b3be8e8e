"""The page of all rules, docs/advice.md."""

from __future__ import annotations

from apigw_sim.advice.assumptions import OPEN
from apigw_sim.advice.rules import RULES
from apigw_sim.advice.sources import page
from apigw_sim.plan.changes import show
from apigw_sim.scenario.base import dump
from apigw_sim.scenario.settings import Assumptions

_HEAD = """\
# Advice

`apigw-sim check` gives errors first, then advice: what a colleague who knows API Gateway would say about the \
scenario before it is run. Advice stops nothing. Each piece names the line, the setting, what to do, and the page of \
AWS behind it.

It looks at the scenario as it starts; what the timeline does later is taken as meant so. LMB003 and LMB004 \
reckon with the peak of what the clients offer together: first attempts, after the throttles of methods and of the \
account, before the cache, usage plans and retries. What those change, a run tells.

A rule is silenced in the scenario:

```yaml
advice: {ignore: [THR005]}
```
"""

_NOTES = """\
ASSUME lists the assumptions that bear on the scenario. It is a note: nothing needs to be changed.
"""


def markdown() -> str:
    """The page, from the rules themselves."""
    lines = [_HEAD, "| rule | looks for | why | source |", "|---|---|---|---|"]
    lines += [f"| {rule.id} | {rule.title} | {rule.why} | {_link(rule.source)} |" for rule in RULES]
    lines += ["", "## Assumptions", "", _NOTES]
    lines += [
        "| assumption | default | what is open | if it is otherwise | source |",
        "|---|---|---|---|---|",
    ]
    defaults = dump(Assumptions())
    lines += [
        f"| `{name}` | `{show(defaults[name])}` | {about.question} | {about.otherwise} | {_link(page(about.source))} |"
        for name, about in OPEN.items()
    ]
    return "\n".join(lines) + "\n"


def _link(address: str) -> str:
    if "://" not in address:
        return "this page"
    return f"[{address.rpartition('/')[2].removesuffix('.html')}]({address})"
