"""A user's own backends as rows: what they do is known only when they run."""

from __future__ import annotations

from fractions import Fraction

from apigw_sim import quotas, units
from apigw_sim.plan import laws
from apigw_sim.plan.reading import Reading
from apigw_sim.plan.tables import Backend, BackendKind
from apigw_sim.scenario import laws as said


def coded(reading: Reading) -> list[Backend]:
    """The rows of backends that are Python code."""
    return [
        Backend(
            kind=BackendKind.CODE,
            name=name,
            path=f"backends.{name}",
            where=reading.scenario.where(("backends", name, "python")),
            duration=reading.nothing("duration"),
            response=reading.law(said.constant(units.KB), "size", ("backends", name)),
            status=laws.shares([(200, Fraction(1))]),
            crash=0,
            malformed=0,
            largest_response=quotas.count("payload_max"),
            code=body.python,
        )
        for name, body in reading.scenario.backends.items()
        if body.python is not None
    ]
