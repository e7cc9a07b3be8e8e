"""Traffic shifting: what each step writes, from where the alias sends its invocations as the shift begins (facts 8)."""

from __future__ import annotations

from apigw_sim.plan.tables import NULL, Cell, Plan, Step


class Shifts:
    """All traffic shifts of a plan, and what its aliases name at the moment."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = [alias.state for alias in plan.aliases]
        self.origin: dict[int, int] = {}
        """Row of plan.shifts, of those that have begun -> the row of plan.backends that its alias named before."""

    def see(self, cell: Cell) -> None:
        """A cell is written."""
        if cell.verb == "alias":
            number, *state = cell.args
            self.now[number] = (state[0], state[1], state[2])

    def cells(self, step: Step) -> tuple[Cell, ...]:
        """What a step writes."""
        shift = self.plan.shifts[step.shift]
        origin = self.origin.setdefault(step.shift, self.now[shift.alias][0])
        if step.last or origin == shift.to:
            state = (shift.to, NULL, 0)
        elif origin < shift.to:
            state = (origin, shift.to, step.share)
        else:
            state = (shift.to, origin, step.rest)
        return (Cell("alias", (shift.alias, *state)),)
