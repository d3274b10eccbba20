"""The work of a scenario as a year sees it: what is busy whatever happens, and what may wait.

Services keep as many GPUs busy as their demand asks for, at home. Jobs come every week as they come
in the scenario, spread evenly over the hours of the week they are released in, and may wait as long
as their soft deadline allows. Widths, whole nodes and pauses are not seen by a year.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimizer.site import FloatArray
from optimizer.sizing.problem import Calendar, FlexibleWork
from optimizer.sizing.windows import within_hours
from scheduler.errors import InputError
from scheduler.scenario import Scenario
from scheduler.scenario.resolve import service_series
from scheduler.scenario.world import Horizon

DAY_H, WEEK_H = 24, 168
#: Hours that work of a class may wait at least.
CLASSES_H = (0, 3, 6, 12, 24, 48, 96)
WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A year of work.

    Attributes:
        busy_gpus: Of services, by site, each of shape (T,).
        flexible: Jobs by how long they may wait, and where they may run.
        kw_per_gpu: IT power of a busy GPU, the mean over all work. [kW]
    """

    busy_gpus: dict[str, FloatArray]
    flexible: tuple[FlexibleWork, ...]
    kw_per_gpu: float


def workload(scenario: Scenario, horizon: Horizon, calendar: Calendar) -> Workload:
    """The year of `horizon`."""
    busy, energy, hours = _services(scenario, horizon)
    flexible = _jobs(scenario, horizon, calendar)
    for job in scenario.jobs:
        base = job.modes[0]
        worked = job.work_h * base.gpus
        energy += job.work_h * base.power_kw / scenario.world.horizon.days * 365
        hours += worked / scenario.world.horizon.days * 365
    if hours <= 0:
        raise InputError(f"{scenario.source}: nothing runs in this world; add jobs or services")
    return Workload(busy_gpus=busy, flexible=flexible, kw_per_gpu=energy / hours)


def _services(scenario: Scenario, horizon: Horizon) -> tuple[dict[str, FloatArray], float, float]:
    """Busy GPUs by site, and their energy and GPU-hours in the year."""
    busy = {name: np.zeros(horizon.n_steps) for name in scenario.world.sites}
    energy = hours = 0.0
    for name, service in scenario.world.services.items():
        for region, demand in service.demand.items():
            if hasattr(demand, "rps") and isinstance(demand.rps, tuple):
                raise InputError(
                    f"{scenario.source}: services.{name}.demand.{region}: a year of hours is "
                    f"needed, got {len(demand.rps)} values; give mean_rps and its shapes"
                )
        series = service_series(service, scenario.world.regions, horizon)
        rps = sum(series.rps.values(), np.zeros(horizon.n_steps))
        replicas = np.maximum(service.min_replicas, rps / service.carries_rps(service))
        gpus = replicas * service.gpus_per_replica
        busy[service.home] += gpus
        request = service.energy_per_request_wh / WH_PER_KWH * 3600
        energy += float((replicas * service.replica_idle_kw + rps * request).sum())
        hours += float(gpus.sum())
    return busy, energy, hours


def _jobs(scenario: Scenario, horizon: Horizon, calendar: Calendar) -> tuple[FlexibleWork, ...]:
    """Jobs in classes of slack and sites; those of a shorter world come every day."""
    world, cycle = (
        scenario.world,
        WEEK_H if scenario.world.horizon.days >= WEEK_H / DAY_H else DAY_H,
    )
    names = list(world.sites)
    occurs = world.horizon.days * DAY_H / cycle
    classes: dict[tuple[int, tuple[int, ...]], FloatArray] = defaultdict(lambda: np.zeros(cycle))
    for job in scenario.jobs:
        slack_h = (job.due - job.release).total_seconds() / 3600 - job.work_h
        wait = max((one for one in CLASSES_H if one <= max(0.0, slack_h)), default=0)
        sites = tuple(sorted(names.index(one) for one in job.sites))
        hour = int(_hour_of(pd.DatetimeIndex([job.release]), cycle)[0])
        # Work that takes many hours keeps its GPUs busy over them, not all in one.
        spread = max(1, round(job.work_h))
        places = (hour + np.arange(spread)) % cycle
        each = job.work_h * job.modes[0].gpus / spread / occurs
        np.add.at(classes[wait, sites], places, each)
    at = _hour_of(horizon.index, cycle)
    return tuple(
        within_hours(
            f"wait-{wait}h-{'-'.join(names[s] for s in sites)}",
            pattern[at],
            float(wait),
            sites,
            calendar,
        )
        for (wait, sites), pattern in sorted(classes.items())
    )


def _hour_of(index: pd.DatetimeIndex, cycle: int) -> np.ndarray:
    hours = index.hour if cycle == DAY_H else index.day_of_week * DAY_H + index.hour
    return hours.to_numpy()
