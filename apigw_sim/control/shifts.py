"""Traffic shifting: what each step writes, from where the alias sends its invocations as the shift begins (facts 8)."""

from __future__ import annotations

from apigw_sim.plan.tables import NULL, Cell, Plan, Step


class Shifts:
    """All traffic shifts of a plan, and what its aliases name at the moment.

    An alarm of a shift that rings while it is under way ends it, and the alias goes back to where it came from; while one
    rings, none of its shifts begins. A shift is under way until its last step.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.now = [alias.state for alias in plan.aliases]
        self.origin: dict[int, int] = {}
        """Row of plan.shifts, of those that are under way -> the row of plan.backends that its alias named before."""
        self.over: set[int] = set()
        """Rows of plan.shifts that have ended, or never begin."""
        self.ringing: set[str] = set()
        """Names of the alarms in state ALARM."""

    def see(self, cell: Cell) -> None:
        """A cell is written."""
        if cell.verb == "alias":
            number, *state = cell.args
            self.now[number] = (state[0], state[1], state[2])

    def goes_on(self, step: Step) -> bool:
        """Whether a step is taken; a shift does not begin while one of its alarms rings."""
        if step.shift not in self.origin and self.ringing.intersection(self.plan.shifts[step.shift].alarms):
            self.over.add(step.shift)
        return step.shift not in self.over

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
        if step.last:
            self.over.add(step.shift)
        return (Cell("alias", (shift.alias, *state)),)

    def rings(self, alarm: str, on: bool) -> list[tuple[int, Cell]]:
        """An alarm begins or ceases to ring; gives the shifts that it ends, each with what takes it back."""
        if not on:
            self.ringing.discard(alarm)
            return []
        self.ringing.add(alarm)
        ended = [
            number
            for number, shift in enumerate(self.plan.shifts)
            if alarm in shift.alarms and number in self.origin and number not in self.over
        ]
        self.over.update(ended)
        back = [(self.plan.shifts[number].alias, self.origin[number], NULL, 0) for number in ended]
        return [(number, Cell("alias", state)) for number, state in zip(ended, back, strict=True)]
