"""Policies to stand beside Alizé in the same world: run-now, and the peers' by their definitions.

Each times jobs by the forecast carbon intensity of the grid where they are, as its paper says;
none knows wind, sun or battery. Jobs stay at home, services answer from home, batteries follow
greedy self-consumption. Room is given by the same decisions as to everyone: what does not fit is
held, and starts wherever it fits once it must.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.baselines import run_now, self_consumption
from optimizer.load import Load
from optimizer.plan import Placement, Plan, Prices, Run
from optimizer.problem import Problem
from optimizer.site import FloatArray
from optimizer.work import Job, JobKind
from scheduler.simulation.policy import Wanted

#: Share of the coming day's steps that are clean enough to run in.
CLEANEST_SHARE = 0.3
DAY_H = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """What a policy knows when it times one job.

    Attributes:
        job: With what is left of it.
        carbon: Forecast by step of the window. [g/kWh]
        earliest: First step it may run in.
        latest: Step at whose end it should be done, not before it can be.
        n_steps: That it takes in its base mode.
        step_h: [h]
    """

    job: Job
    carbon: FloatArray
    earliest: int
    latest: int
    n_steps: int
    step_h: float

    @property
    def pausable(self) -> bool:
        """Whether it may be stopped and resumed."""
        return self.job.kind is not JobKind.CONTIGUOUS

    @property
    def goes_on(self) -> bool:
        """Whether it runs and may not be stopped."""
        return self.job.running_at is not None and not self.pausable


#: Steps in which a job runs, each with its mode.
Timing = dict[int, int]
Rule = Callable[[Chance], Timing]


def at_once(chance: Chance) -> Timing:
    """Run-now."""
    return _stretch(chance, chance.earliest)


def lets_wait_awhile(chance: Chance) -> Timing:
    """Let's Wait Awhile: the cleanest steps before the deadline, in one piece where it must be."""
    if not chance.pausable:
        starts = range(chance.earliest, chance.latest - chance.n_steps + 1)
        return _stretch(chance, min(starts, key=lambda t: _emitted(chance, t)))
    steps = np.arange(chance.earliest, chance.latest)
    chosen = steps[np.argsort(chance.carbon[steps], kind="stable")[: chance.n_steps]]
    return dict.fromkeys(map(int, chosen), 0)


def carbon_time(chance: Chance) -> Timing:
    """GAIA's Carbon-Time: the start that saves most carbon an hour of completion."""
    now, best, chosen = _emitted(chance, chance.earliest), 0.0, chance.earliest
    for start in range(chance.earliest + 1, chance.latest - chance.n_steps + 1):
        saved = now - _emitted(chance, start)
        rate = saved / (start - chance.earliest + chance.n_steps)
        if rate > best + 1e-12:
            best, chosen = rate, start
    return _stretch(chance, chosen)


def threshold(chance: Chance) -> Timing:
    """Ecovisor's threshold: run in the cleanest share of the coming day, else when it must."""
    day = chance.carbon[: max(1, round(DAY_H / chance.step_h))]
    limit = float(np.quantile(day, CLEANEST_SHARE))
    last_start = chance.latest - chance.n_steps
    if not chance.pausable:
        clean = [t for t in range(chance.earliest, last_start) if chance.carbon[t] <= limit]
        return _stretch(chance, clean[0] if clean else last_start)
    timing: Timing = {}
    for t in range(chance.earliest, chance.latest):
        must = chance.latest - t <= chance.n_steps - len(timing)
        if len(timing) < chance.n_steps and (must or chance.carbon[t] <= limit):
            timing[t] = 0
    return timing


def carbon_scaler(chance: Chance) -> Timing:
    """CarbonScaler's greedy: widths by marginal progress a gram; other jobs as by waiting."""
    job = chance.job
    if job.kind is not JobKind.ELASTIC:
        return lets_wait_awhile(chance)
    order = sorted(range(len(job.modes)), key=lambda m: job.modes[m].power_kw)
    gains = []
    for t in range(chance.earliest, chance.latest):
        speed = power_kw = 0.0
        for rank, mode in enumerate(order):
            more = job.modes[mode].speed - speed
            watts = max(job.modes[mode].power_kw - power_kw, 1e-9)
            gains.append((-more / (watts * max(chance.carbon[t], 1e-9)), t, rank, mode))
            speed, power_kw = job.modes[mode].speed, job.modes[mode].power_kw
    timing: Timing = {}
    done, level = 0.0, dict.fromkeys(range(chance.earliest, chance.latest), -1)
    for _, t, rank, mode in sorted(gains):
        if done >= job.work_h - 1e-9:
            break
        if rank != level[t] + 1:
            continue
        before = job.modes[timing[t]].speed if t in timing else 0.0
        done += (job.modes[mode].speed - before) * chance.step_h
        timing[t], level[t] = mode, rank
    return timing


def _stretch(chance: Chance, start: int) -> Timing:
    return dict.fromkeys(range(start, start + chance.n_steps), 0)


def _emitted(chance: Chance, start: int) -> float:
    return float(chance.carbon[start : start + chance.n_steps].sum())


RULES: dict[str, Rule] = {
    "run-now": at_once,
    "lets-wait-awhile": lets_wait_awhile,
    "carbon-time": carbon_time,
    "threshold": threshold,
    "carbon-scaler": carbon_scaler,
}


class Rival:
    """A rule that times jobs, with services at home and batteries that follow the surplus."""

    def __init__(self, name: str) -> None:
        """By its name in RULES."""
        self._name, self._rule = name, RULES[name]

    @property
    def name(self) -> str:
        """As in reports."""
        return self._name

    def plan(self, window: Problem, first_step: int) -> Wanted:
        """Every job by the rule, without a look at the others."""
        placements = tuple(self._placed(window, job) for job in window.jobs)
        servings = run_now(replace(window, jobs=())).servings
        load = Load.of(window, placements, servings)
        plan = Plan(
            placements=placements,
            servings=servings,
            dispatch=self_consumption(window, load.facility_kw(window)),
        )
        return Wanted(window=window, plan=plan, prices=_none(window), first_step=first_step)

    def place(self, wanted: Wanted, jobs: tuple[Job, ...]) -> Wanted:
        """Jobs that have come since, by the same rule."""
        placements = tuple(self._placed(wanted.window, job) for job in jobs)
        return replace(
            wanted,
            window=replace(wanted.window, jobs=(*wanted.window.jobs, *jobs)),
            plan=replace(wanted.plan, placements=(*wanted.plan.placements, *placements)),
        )

    def _placed(self, window: Problem, job: Job) -> Placement:
        site = job.running_at or job.home
        chance = _chance(window, job, site)
        timing = at_once(chance) if chance.goes_on else self._rule(chance)
        return Placement(job=job.name, site=site, runs=_runs(timing, window.horizon.n_steps))


def _chance(window: Problem, job: Job, site: str) -> Chance:
    horizon, grid = window.horizon, window.sites[window.site_number[site]].grid
    last = horizon.n_steps
    earliest = min(max(0, window.first_step(job, site)), last - 1)
    n_steps = max(1, int(np.ceil(job.work_h / job.modes[0].speed / horizon.step_h - 1e-9)))
    due = int((job.due - horizon.start) // horizon.step)
    latest = max(min(due, last), earliest + n_steps)
    carbon = grid.carbon_intensity_g_per_kwh if grid else np.zeros(last)
    # Beyond the window nothing is forecast: its last value holds.
    carbon = np.append(carbon, np.full(max(0, latest - last), carbon[-1]))
    return Chance(
        job=job,
        carbon=carbon,
        earliest=earliest,
        latest=latest,
        n_steps=n_steps,
        step_h=horizon.step_h,
    )


def _runs(timing: Timing, n_steps: int) -> tuple[Run, ...]:
    """Stretches of one mode, as far as the window reaches."""
    runs: list[Run] = []
    for t in sorted(one for one in timing if one < n_steps):
        if runs and runs[-1].end_step == t and runs[-1].mode == timing[t]:
            runs[-1] = replace(runs[-1], n_steps=runs[-1].n_steps + 1)
        else:
            runs.append(Run(first_step=t, n_steps=1, mode=timing[t]))
    return tuple(runs)


def _none(window: Problem) -> Prices:
    """A stored kWh is worth nothing: it is given as soon as it is asked for."""
    at_sites = np.zeros((len(window.sites), window.horizon.n_steps))
    return Prices(
        power_per_kwh=at_sites,
        gpu_per_gpu_h=np.zeros((len(window.pools), window.horizon.n_steps)),
        stored_per_kwh=at_sites,
        peak_per_kw=at_sites,
    )
