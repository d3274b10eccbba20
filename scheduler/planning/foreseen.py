"""A scenario as it looks at an instant: forecasts issued then, and the events known of by then."""

from dataclasses import dataclass
from datetime import datetime

from optimizer.problem import Problem
from scheduler.planning.assemble import assemble
from scheduler.planning.events.knowledge import Knowledge, followed, known_jobs
from scheduler.planning.forecasts import look_ahead
from scheduler.planning.run import Forecasts
from scheduler.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What there is to plan.

    Attributes:
        problem: In expected values.
        forecasts: Behind them.
        left_for_later: Jobs that could not end inside the horizon even at once.
    """

    problem: Problem
    forecasts: Forecasts
    left_for_later: tuple[str, ...]


def foreseen(scenario: Scenario, now: datetime) -> Foreseen:
    """What `scenario` looks like at `now`."""
    outlook = look_ahead(scenario, now)
    problem, later = assemble(known_jobs(scenario, now), outlook)
    if not scenario.events:
        return Foreseen(problem=problem, forecasts=outlook.forecasts, left_for_later=later)
    struck = Knowledge(events=scenario.events, now=now).struck(problem)
    forecasts = followed(outlook.forecasts, problem, struck)
    return Foreseen(problem=struck, forecasts=forecasts, left_for_later=later)
