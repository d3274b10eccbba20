"""The clock: see, plan, decide, live through a step, and again.

What was lived through comes out as a plan of the world's own problem, so that it is verified and
accounted for like any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from optimizer.load import Load, reserved_gpus
from optimizer.plan import Commitment, Dispatch, Placement, Plan, Serving
from optimizer.problem import Problem
from optimizer.site import FloatArray, Site
from optimizer.work import Job
from scheduler.planning.decide import Action, Decision, decide
from scheduler.planning.snapshot import Room, Snapshot, Timetable
from scheduler.planning.timetable import timetable
from scheduler.scenario import Scenario
from scheduler.simulation.eyes import Eyes, Meter
from scheduler.simulation.failures import Failures
from scheduler.simulation.intent import intent_of
from scheduler.simulation.journal import JobLog, Journal
from scheduler.simulation.metering import Flow, flow_of, next_meter
from scheduler.simulation.policy import Policy, Wanted
from scheduler.simulation.serving import Answered, answer_all

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often the planner looks again, and how far.

    Attributes:
        replan_steps: Steps from one plan to the next.
        window_steps: Steps that a plan looks ahead.
    """

    replan_steps: int = 3
    window_steps: int = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A decision that changed something, and when."""

    step: int
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One policy's life in one world.

    Attributes:
        plan: All that was done, as a plan of the world's problem.
        deeds: Decisions other than to hold and to keep, in order.
        replans: How often it planned.
        lost: What jobs ran before they lost it and had to begin anew.
        failures: Jobs that failed, each with its step.
    """

    policy: str
    plan: Plan
    deeds: tuple[Deed, ...]
    replans: int
    lost: tuple[Placement, ...] = ()
    failures: tuple[tuple[int, str], ...] = ()


def live_through(
    scenario: Scenario,
    truth: Problem,
    policy: Policy,
    *,
    pace: Pace | None = None,
    progress: Progress = lambda _step, _of: None,
) -> Lived:
    """Live through `truth`, the world of `scenario`, with `policy` deciding.

    Args:
        scenario: What is said of the world.
        truth: What comes true in it.
        policy: Who decides.
        pace: How often it looks again, and how far.
        progress: Told the step and how many there are.
    """
    return _Life(scenario, truth, policy, pace or Pace()).run(progress)


class _Life:
    """The state of one life."""

    def __init__(
        self,
        scenario: Scenario,
        truth: Problem,
        policy: Policy,
        pace: Pace,
    ) -> None:
        self._truth, self._policy, self._pace = truth, policy, pace
        self._eyes = Eyes(
            scenario,
            truth,
            window_steps=pace.window_steps,
            staffed_steps=pace.replan_steps,
        )
        self._firm_kw: Mapping[str, FloatArray] = {}
        self._journal = Journal(
            truth,
            {job.name: job.work_h for job in scenario.jobs},
            {job.name: job.known for job in scenario.jobs if job.known is not None},
        )
        self._meters = {site.name: _first_meter(site) for site in truth.sites}
        self._flows: dict[str, list[Flow]] = {site.name: [] for site in truth.sites}
        self._answers: dict[str, list[Answered]] = {one.name: [] for one in truth.services}
        surprises = scenario.world.surprises
        self._failures = Failures(scenario.world.seed, surprises.gpu_h_between_failures)
        self._failed: list[tuple[int, str]] = []
        self._deeds: list[Deed] = []
        self._replans = 0

    def run(self, progress: Progress) -> Lived:
        n_steps, truth_gpus = self._truth.horizon.n_steps, self._truth.pool_gpus
        wanted: Wanted | None = None
        table: Timetable | None = None
        for step in range(n_steps):
            progress(step, n_steps)
            self._journal.make_room(
                step, {key: int(truth_gpus[k, step]) for key, k in self._truth.pool_number.items()}
            )
            news = self._fail(step)
            news = self._eyes.news(step) or news
            if wanted is None or step % self._pace.replan_steps == 0 or news:
                wanted = self._planned(step)
                table = self._timetable(wanted)
            elif come := self._come(step, wanted):
                wanted = self._policy.place(wanted, come)
                table = self._timetable(wanted)
            self._do(step, wanted, table)
            self._answer(step, wanted)
            self._supply(step, wanted)
        progress(n_steps, n_steps)
        return Lived(
            policy=self._policy.name,
            plan=self._plan(),
            deeds=tuple(self._deeds),
            lost=tuple(self._journal.lost),
            failures=tuple(self._failed),
            replans=self._replans,
        )

    def _fail(self, step: int) -> bool:
        """What ran in the step before may fail; whether anything does."""
        failed = [
            log for log in self._journal.running(step) if self._failures.strikes(*self._held(log))
        ]
        for log in failed:
            self._journal.fail(log, step)
            self._failed.append((step, log.job.name))
        return bool(failed)

    def _held(self, log: JobLog) -> tuple[str, float]:
        """A running job, and the GPU-hours it held in its last step."""
        gpus = log.job.modes[log.runs[-1].mode].gpus
        return log.job.name, gpus * self._truth.horizon.step_h

    def _planned(self, step: int) -> Wanted:
        seen = self._eyes.window(step, self._journal.as_seen(step), self._meters)
        self._firm_kw = seen.firm_kw
        self._replans += 1
        return self._policy.plan(seen.problem, step)

    def _come(self, step: int, wanted: Wanted) -> tuple[Job, ...]:
        """Jobs that have come since the plan, and that could still end in its window."""
        known = {job.name for job in wanted.window.jobs}
        return tuple(
            job for job in self._journal.as_seen(step) if job.name not in known and not job.after
        )

    def _timetable(self, wanted: Wanted) -> Timetable:
        life = self._truth.horizon.step * (self._pace.replan_steps + 1)
        return timetable(
            wanted.window,
            wanted.plan,
            issued_at=wanted.issued_at,
            expires_at=wanted.issued_at + max(life, timedelta(hours=1)),
        )

    def _do(self, step: int, wanted: Wanted, table: Timetable | None) -> None:
        """Decide for every live job, and carry it out."""
        now = self._truth.horizon.instant(step)
        live = self._journal.as_live(step)
        decisions = decide(self._snapshot(step, wanted), table, live, now)
        self._journal.carry_out(decisions, step)
        self._deeds += [
            Deed(step=step, decision=one)
            for one in decisions
            if one.action not in (Action.HOLD, Action.KEEP)
        ]

    def _snapshot(self, step: int, wanted: Wanted) -> Snapshot:
        """Room beside the replicas the plan holds and the jobs that run."""
        truth, at = self._truth, step - wanted.first_step
        free = truth.pool_gpus[:, step].copy()
        power_kw = self._power_left_kw(step, wanted)
        for service in truth.services:
            replicas = wanted.plan.servings[service.name].replicas[:, at]
            for s in truth.admissible_sites(service):
                k = truth.pool_number[s, service.gpu_type]
                free[k] -= replicas[s] * service.gpus_per_replica
        for log in self._journal.running(step):
            assert log.site is not None
            s = truth.site_number[log.site]
            k = truth.pool_number[s, log.job.gpu_type]
            free[k] -= reserved_gpus(truth, log.job, s, log.runs[-1].mode)
        return Snapshot(
            taken_at=truth.horizon.instant(step),
            rooms={
                site.name: Room(
                    gpus={
                        pool.gpu_type: int(free[truth.pool_number[s, pool.gpu_type]])
                        for pool in site.pools
                    },
                    power_kw=float(power_kw[s]),
                )
                for s, site in enumerate(truth.sites)
            },
        )

    def _power_left_kw(self, step: int, wanted: Wanted) -> FloatArray:
        """Power each site can count on beside what runs already, shape (S,). [kW]"""
        truth, at = self._truth, step - wanted.first_step
        load = Load.idle(truth)
        for log in self._journal.running(step):
            last = replace(log.runs[-1], first_step=step, n_steps=1)
            load.add(truth, log.job, replace(log.placement, runs=(last,)))
        at_step = np.arange(truth.horizon.n_steps) == step
        for service in truth.services:
            planned = wanted.plan.servings[service.name]
            sites = list(truth.admissible_sites(service))
            load.add_replicas(
                truth,
                service,
                np.outer(at_step, planned.replicas[sites, at]),
                np.outer(at_step, planned.served_rps.sum(axis=0)[sites, at]),
            )
        drawn_kw = load.facility_kw(truth)[:, step]
        firm_kw = np.array([self._firm_at(s, step, at) for s in range(len(truth.sites))])
        left: FloatArray = firm_kw - drawn_kw
        return left

    def _firm_at(self, s: int, step: int, at: int) -> float:
        """Power a site can count on in a step: grid, generator, battery, and low wind and sun."""
        site = self._truth.sites[s]
        firm = float(self._firm_kw[site.name][at])
        if site.grid:
            firm += float(site.grid.import_limit_kw[step])
        if site.generator:
            firm += site.generator.power_kw
        if site.battery:
            stored = max(0.0, self._meters[site.name].soc_kwh - site.battery.soc_min_kwh)
            stored *= site.battery.discharge_efficiency / self._truth.horizon.step_h
            most_kw = site.battery.most_kw(self._truth.horizon.n_steps)[step]
            firm += min(float(most_kw), stored)
        return firm

    def _jobs_load(self, step: int) -> Load:
        """What jobs reserve and draw in `step`, idle GPUs included."""
        truth = self._truth
        load = Load.idle(truth)
        for job, placement in zip(truth.jobs, self._journal.placements, strict=True):
            if placement.runs and placement.runs[-1].end_step > step:
                load.add(truth, job, replace(placement, runs=placement.runs[-1:]))
        return load

    def _answer(self, step: int, wanted: Wanted) -> None:
        """Requests come, and are answered as far as there is room."""
        truth, at = self._truth, step - wanted.first_step
        answered = answer_all(
            truth,
            {service.name: service.demand_rps[:, step] for service in truth.services},
            planned=wanted.plan.servings,
            expected_rps={one.name: one.demand_rps[:, at] for one in wanted.window.services},
            at=at,
            free_gpus=truth.pool_gpus[:, step] - self._jobs_load(step).gpus[:, step],
        )
        for name, one in answered.items():
            self._answers[name].append(one)

    def _supply(self, step: int, wanted: Wanted) -> None:
        """The meters turn."""
        truth, at = self._truth, step - wanted.first_step
        load = self._jobs_load(step)
        for service in truth.services:
            one = self._answers[service.name][-1]
            sites = list(truth.admissible_sites(service))
            at_step = np.arange(truth.horizon.n_steps) == step
            load.add_replicas(
                truth,
                service,
                np.outer(at_step, one.replicas[sites]),
                np.outer(at_step, one.served_rps.sum(axis=0)[sites]),
            )
        facility_kw = load.facility_kw(truth)[:, step]
        step_h, n_steps = truth.horizon.step_h, truth.horizon.n_steps
        for s, site in enumerate(truth.sites):
            flow = flow_of(
                site,
                step,
                float(facility_kw[s]),
                meter=self._meters[site.name],
                intent=intent_of(
                    wanted, s, at, ends=wanted.first_step + wanted.window.horizon.n_steps >= n_steps
                ),
                steps_left=n_steps - 1 - step,
                step_h=step_h,
                carbon_price_per_kg=truth.objective.carbon_price_per_kg,
            )
            self._flows[site.name].append(flow)
            self._meters[site.name] = next_meter(
                self._meters[site.name],
                flow,
                new_period=_ends_period(site, step),
                step_h=step_h,
            )

    def _plan(self) -> Plan:
        """All that was lived through, as one plan."""
        return Plan(
            placements=self._journal.placements,
            servings={
                name: Serving(
                    replicas=np.stack([one.replicas for one in steps], axis=1),
                    served_rps=np.stack([one.served_rps for one in steps], axis=2),
                )
                for name, steps in self._answers.items()
            },
            dispatch={
                site.name: _dispatch(site, self._flows[site.name]) for site in self._truth.sites
            },
        )


def _first_meter(site: Site) -> Meter:
    charge = site.grid.demand_charge if site.grid else None
    generator = site.generator
    return Meter(
        soc_kwh=site.battery.soc_initial_kwh if site.battery else 0.0,
        peak_so_far_kw=charge.peak_so_far_kw if charge else 0.0,
        generator_on=bool(generator and generator.runs_at_start),
        generator_h=generator.hours_so_far if generator else np.inf,
    )


def _ends_period(site: Site, step: int) -> bool:
    charge = site.grid.demand_charge if site.grid else None
    if charge is None or step + 1 >= len(charge.period):
        return False
    return bool(charge.period[step + 1] != charge.period[step])


def _dispatch(site: Site, flows: list[Flow]) -> Dispatch:
    def series(name: str) -> FloatArray:
        return np.array([getattr(flow, name) for flow in flows], dtype=np.float64)

    commitment = None
    if site.generator and site.generator.has_commitment:
        commitment = Commitment(on=series("generator_on"), load_bank_kw=series("load_bank_kw"))
    used = np.array([flow.plant_used_kw for flow in flows], dtype=np.float64)
    return Dispatch(
        grid_import_kw=series("grid_import_kw"),
        grid_export_kw=series("grid_export_kw"),
        plant_used_kw=used.reshape(len(flows), len(site.plants)).T,
        charge_kw=series("charge_kw"),
        discharge_kw=series("discharge_kw"),
        soc_kwh=series("soc_kwh"),
        generator_kw=series("generator_kw"),
        unmet_kw=series("unmet_kw"),
        commitment=commitment,
    )
