"""A planned run: everything a reader needs, and nothing that has to be solved again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from forecasting.forecast import Forecast
from optimizer.plan import Plan, Solution
from optimizer.problem import Problem
from optimizer.shortfalls.conflict import Conflict
from scheduler.accounting.kpis import Gain, Kpis
from scheduler.accounting.spread import Spread
from scheduler.planning.foresight import Futures
from scheduler.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """What was known ahead when the plan was made.

    Attributes:
        wind_kw: By site with a modelled or given wind plant. [kW]
        pv_kw: By site likewise. [kW]
        temperature_c: By site with weather. [degC]
        carbon_g_per_kwh: By site with a grid connection. [g/kWh]
        demand_rps: By service and client region. [1/s]
    """

    wind_kw: Mapping[str, Forecast]
    pv_kw: Mapping[str, Forecast]
    temperature_c: Mapping[str, Forecast]
    carbon_g_per_kwh: Mapping[str, Forecast]
    demand_rps: Mapping[tuple[str, str], Forecast]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the savings waterfall: what a further freedom adds.

    Attributes:
        freedom: dispatch, time, place, width-and-power or variants.
        kpis: With this freedom and those before it.
    """

    freedom: str
    kpis: Kpis


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A scenario planned.

    Attributes:
        issued_at: When the forecasts were issued; the plan knows nothing later.
        basis: forecast, simulated or measured.
        baseline: Run-now under the same forecasts.
        waterfall: From run-now to the plan, one freedom at a time.
        versions: Of the packages that decide the numbers.
        digest: SHA-256 of the inputs and the plan, without times of computing.
        left_for_later: Jobs that could not end inside the horizon even at once.
        spread: How far the figures may come out, plan and run-now held in every scenario of the
            forecasts; None where they are no forecast.
        conflicts: Why wishes stay unmet, the dearest first; none where every wish is met.
        futures: Where the plan was made for several futures, these and what it comes to in them;
            `solution` is then its first stage in the expected one. None where it was not.
    """

    scenario: Scenario
    issued_at: datetime
    basis: str
    forecasts: Forecasts
    problem: Problem
    solution: Solution
    baseline: Plan
    kpis: Kpis
    baseline_kpis: Kpis
    gain: Gain
    waterfall: tuple[Step, ...]
    versions: Mapping[str, str]
    digest: str
    left_for_later: tuple[str, ...] = ()
    spread: Spread | None = None
    conflicts: tuple[Conflict, ...] = ()
    futures: Futures | None = None

    @property
    def plan(self) -> Plan:
        """Placements, servings and dispatch."""
        return self.solution.plan
