"""The chosen sizes lived through: whole weeks in closed loop, with forecasts that are wrong.

A sizing knows its year before it begins; whoever runs the site does not. Four weeks, one a season,
and the hardest week are lived through by the planner that runs the world, and set beside the same
weeks known in advance.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from optimizer.limits import Limits
from optimizer.site import FloatArray
from optimizer.sizing.problem import SizingProblem, SizingSite
from optimizer.sizing.sizes import SiteSizes, Sizes, builds
from optimizer.sizing.weeks import WEEK_H
from scheduler.capacity.question import investment_of, question
from scheduler.capacity.study import Study
from scheduler.scenario import dump, load
from scheduler.scenario.investment_checks import existing
from scheduler.simulation.run import simulate
from scheduler.simulation.simulate import Pace

PLACES = {
    "pv": "pv.capacity_kw",
    "wind": "wind.capacity_kw",
    "battery_power": "battery.power_kw",
    "battery_energy": "battery.energy_kwh",
    "grid": "grid.import_limit_kw",
    "generator": "generator.power_kw",
}
#: Of the year's weeks, one in the middle of each quarter.
SEASONS = (6, 19, 32, 45)
WEEK_D = 7
PACE = Pace(replan_steps=6, window_steps=72)
GAP = 0.01

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LivedWeek:
    """A week of the year with the chosen sizes.

    Attributes:
        start: Its Monday.
        hardest: Whether it is the one that asks most of the grid.
        cost: Of operation, as lived. [money]
        foresight_cost: Of the same week, known before it began. [money]
    """

    start: datetime
    hardest: bool
    cost: float
    emissions_kg: float
    import_kwh: float
    generator_kwh: float
    unmet_kwh: float
    jobs_late: int
    jobs_unfinished: int
    foresight_cost: float
    foresight_emissions_kg: float


def live(one: Study, *, progress: Progress = lambda _: None) -> tuple[LivedWeek, ...]:
    """Four seasonal weeks, then the hardest one."""
    weeks = [*SEASONS, hardest_week(question(one.scenario), one.sizes)]
    found = []
    for place, week in enumerate(weeks):
        start = _monday(investment_of(one.scenario).weather_year, week)
        progress(f"week of {start:%Y-%m-%d}, {place + 1} of {len(weeks)}")
        found.append(_lived(one, start, hardest=place == len(weeks) - 1))
    return tuple(found)


def hardest_week(year: SizingProblem, sizes: Sizes) -> int:
    """The week, from 0, in which work that cannot move lacks most beside what is built."""
    pairs = zip(year.sites, sizes.sites, strict=True)
    lacking_kw = sum((_lacking_kw(site, at) for site, at in pairs), np.zeros(year.calendar.n_steps))
    n_weeks = len(lacking_kw) // WEEK_H
    by_week = lacking_kw[: n_weeks * WEEK_H].reshape(n_weeks, WEEK_H).sum(axis=1)
    return int(np.argmax(by_week))


def _lacking_kw(site: SizingSite, at: SiteSizes) -> FloatArray:
    busy_kw = site.busy_gpus * site.gpus.kw_per_gpu
    own_kw = sum((plant.shape * at.sizes[plant.name] for plant in site.plants), 0 * site.pue)
    lacking: FloatArray = site.pue * busy_kw + site.overhead_kw - own_kw
    return lacking


def edits_of(one: Study) -> tuple[str, ...]:
    """The chosen sizes, as changes of the scenario; GPUs as whole servers' worth, rounded up."""
    edits = []
    for site, at in zip(one.problem.sites, one.sizes.sites, strict=True):
        described = one.scenario.world.sites[site.name]
        for kind in builds(site):
            value = at.sizes[kind]
            if existing(described, kind) == value:
                continue
            if kind == "gpus":
                (pool,) = described.pools
                place, value = f"pools.{pool}.gpus", float(np.ceil(value - 1e-6))
                edits.append(f"sites.{site.name}.{place}={value:.0f}")
            else:
                edits.append(f"sites.{site.name}.{PLACES[kind]}={value:.3f}")
    return tuple(edits)


def _monday(year: int, week: int) -> datetime:
    at = datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=WEEK_H * week)
    return at - timedelta(days=at.weekday())


def _lived(one: Study, start: datetime, *, hardest: bool) -> LivedWeek:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scenario.yaml")
        path.write_text(dump(one.scenario), encoding="utf-8")
        world = load(path, edits=edits_of(one), start=start, days=float(WEEK_D))
    simulated = simulate(world, limits=Limits(gap=GAP), pace=PACE, seed=world.world.seed)
    kpis, known = simulated.run.kpis, simulated.foresight
    return LivedWeek(
        start=start,
        hardest=hardest,
        cost=kpis.cost,
        emissions_kg=kpis.emissions_kg,
        import_kwh=kpis.grid_import_kwh,
        generator_kwh=kpis.generator_kwh,
        unmet_kwh=kpis.unmet_kwh,
        jobs_late=kpis.jobs_late,
        jobs_unfinished=kpis.jobs_unfinished,
        foresight_cost=known.cost,
        foresight_emissions_kg=known.emissions_kg,
    )
