"""Explains a job of a planned run: every start priced, what each is kept from, what was decided.

Works on one snapshot of the plan, all else held, and never solves: a whole table of explanations
costs a fraction of a second.
"""

from difflib import get_close_matches

import numpy as np

from optimizer.load import Load, extra_it_kw, slopes
from optimizer.merit_order import MeritOrder
from optimizer.plan import Placement
from optimizer.site import FloatArray
from optimizer.timing import is_finished, late_h
from optimizer.work import Job
from scheduler.errors import InputError
from scheduler.planning.explain import Explanation, Start, WaitReason
from scheduler.planning.run import PlannedRun

NEGLIGIBLE_KWH = 1e-6


class Explainer:
    """Explains the jobs of one run."""

    def __init__(self, run: PlannedRun) -> None:
        """Read the plan's load and supplies once."""
        self._run, self._problem = run, run.problem
        self._jobs = {job.name: job for job in run.problem.jobs}
        self._placements = {placement.job: placement for placement in run.plan.placements}
        self._load = Load.of(run.problem, run.plan.placements, run.plan.servings)
        self._order = MeritOrder.of(run.problem, dict(run.plan.dispatch))
        self._slopes = slopes(run.problem)
        self._overhead = np.array([site.cooling.overhead_kw for site in run.problem.sites])

    def explain(self, name: str) -> Explanation:
        """Why job `name` runs when and where it does.

        Raises:
            InputError: There is no such job in the plan.
        """
        job = self._jobs.get(name)
        if job is None:
            near = get_close_matches(name, self._jobs, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; see `alize plan -o wide`"
            raise InputError(f"job: must be one of the plan's, got {name}{hint}")
        placement = self._placements[name]
        self._load.add(self._problem, job, placement, -1)
        try:
            starts = [
                start for s in self._problem.admissible_sites(job) for start in self._at(job, s)
            ]
            chosen = self._chosen(job, placement)
        finally:
            self._load.add(self._problem, job, placement)
        reason = self._reason(job, placement, starts, chosen)
        return Explanation(
            job=name,
            reason=reason,
            sentence=self._sentence(job, placement, reason, starts, chosen),
            chosen=chosen,
            starts=tuple(starts),
            alternatives=self._alternatives(job, placement, starts, chosen),
        )

    def _at(self, job: Job, s: int) -> list[Start]:
        """Every start at site number `s` from the first step its data is there."""
        problem, site = self._problem, self._problem.sites[s]
        h = problem.horizon.step_h
        length = int(np.ceil(job.work_h / h - 1e-9))
        first = problem.first_step(job, site.name)
        money, carbon, short = self._steps(job, s, 0)
        pool = problem.pool_number[s, job.gpu_type]
        free = problem.pool_gpus[pool] - self._load.gpus[pool]
        due_h = problem.horizon.steps_until(job.due) * h
        end_h = problem.horizon.steps_until(min(job.deadline, problem.horizon.end)) * h
        transfer = problem.transfer_cost(job, site.name)
        starts = []
        for step in range(first, problem.end_step(job)):
            steps, finish_h = slice(step, step + length), step * h + job.work_h
            limit = ""
            if finish_h > end_h + 1e-6:
                limit = f"would end {finish_h - end_h:.3g} h after the hard deadline"
            elif free[steps].min() < job.base.gpus:
                at = problem.horizon.instant(step + int(np.argmax(free[steps] < job.base.gpus)))
                left = int(free[steps].min())
                limit = f"GPUs: {left} of the {job.base.gpus} needed are free at {at:%a %H:%M}"
            elif short[steps].sum() > NEGLIGIBLE_KWH:
                at = problem.horizon.instant(step + int(np.argmax(short[steps])))
                limit = f"power: {short[steps].max() / h:.0f} kW are missing at {at:%a %H:%M}"
            starts.append(
                Start(
                    site=site.name,
                    start=problem.horizon.instant(step),
                    cost=None if limit else float(money[steps].sum() + transfer),
                    emissions_kg=None if limit else float(carbon[steps].sum()),
                    late_h=max(0.0, finish_h - due_h),
                    limit=limit,
                )
            )
        return starts

    def _steps(self, job: Job, s: int, mode: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Money, emissions [kg] and missing energy [kWh] that each step of `job` would add."""
        problem, site = self._problem, self._problem.sites[s]
        h = problem.horizon.step_h
        extra = extra_it_kw(problem, job, s, mode)
        before = (self._overhead[s] + self._slopes[s] * self._load.it_kw[s])[None]
        after = before + self._slopes[s] * extra
        order, sites = self._order, (s,)
        carbon = order.emissions_kg(after, sites) - order.emissions_kg(before, sites)
        short = order.unmet_kwh(after, sites) - order.unmet_kwh(before, sites)
        cost = order.cost(after, sites) - order.cost(before, sites)
        money = cost - problem.objective.carbon_price_per_kg * carbon
        money = money - problem.objective.unmet_price_per_kwh * short
        pool = problem.pools[problem.pool_number[s, job.gpu_type]][1]
        water = site.cooling.water_l_per_kwh * problem.objective.water_price_per_l
        money = money + h * (pool.lease_price_per_gpu_h * job.modes[mode].gpus + extra * water)
        return money[0], carbon[0], short[0]

    def _chosen(self, job: Job, placement: Placement) -> Start | None:
        """What the placement itself adds, pauses and modes included."""
        problem = self._problem
        if not is_finished(problem, job, placement):
            return None
        s = problem.site_number[placement.site]
        money, carbon = problem.transfer_cost(job, placement.site), 0.0
        for run in placement.runs:
            cost, kg, _ = self._steps(job, s, run.mode)
            money += float(cost[run.first_step : run.end_step].sum())
            carbon += float(kg[run.first_step : run.end_step].sum())
        return Start(
            site=placement.site,
            start=problem.horizon.instant(placement.runs[0].first_step),
            cost=money,
            emissions_kg=carbon,
            late_h=late_h(problem, job, placement),
        )

    def _earliest(self, job: Job, starts: list[Start]) -> Start | None:
        """The start at its release, at home."""
        return next((start for start in starts if start.site == job.home), None)

    def _reason(
        self, job: Job, placement: Placement, starts: list[Start], chosen: Start | None
    ) -> WaitReason | None:
        problem = self._problem
        if chosen is None:
            return self._why_unfinished(job, starts)
        first = problem.horizon.instant(problem.first_step(job, placement.site))
        if chosen.start <= first:
            return None
        at_once = next(s for s in starts if s.site == chosen.site and s.start == first)
        if at_once.limit.startswith("GPUs"):
            return WaitReason.WAITING_FOR_CAPACITY
        if at_once.limit.startswith("power"):
            return WaitReason.WAITING_FOR_POWER
        return WaitReason.WAITING_FOR_CLEANER_ENERGY

    def _why_unfinished(self, job: Job, starts: list[Start]) -> WaitReason:
        problem = self._problem
        pools = [problem.pool_number[s, job.gpu_type] for s in problem.admissible_sites(job)]
        if problem.pool_gpus[pools].max() < job.base.gpus:
            return WaitReason.EXCEEDS_CAPACITY
        if all("deadline" in start.limit for start in starts):
            return WaitReason.DEADLINE_UNREACHABLE
        if all(start.limit.startswith(("power", "would")) for start in starts):
            return WaitReason.WAITING_FOR_POWER
        return WaitReason.WAITING_FOR_CAPACITY

    def _sentence(
        self,
        job: Job,
        placement: Placement,
        reason: WaitReason | None,
        starts: list[Start],
        chosen: Start | None,
    ) -> str:
        if chosen is None:
            limits = {start.limit for start in starts if start.site == job.home}
            why = next(iter(sorted(limits)), "no site has the GPUs it asks for")
            return f"left unfinished: {why}"
        where = "" if chosen.site == job.home else f", moved from {job.home}"
        pauses = f", {placement.resumes} pauses" if placement.resumes else ""
        if reason is None:
            return f"starts as soon as it may{where}{pauses}"
        first = next(s for s in starts if s.site == chosen.site)
        if reason is WaitReason.WAITING_FOR_CLEANER_ENERGY:
            assert first.cost is not None
            assert first.emissions_kg is not None
            assert chosen.cost is not None
            assert chosen.emissions_kg is not None
            kg, money = first.emissions_kg - chosen.emissions_kg, first.cost - chosen.cost
            currency = self._problem.objective.currency
            return (
                f"waits for cleaner or cheaper energy: {kg:.1f} kg and {money:.0f} {currency} "
                f"less than at once{where}{pauses}"
            )
        return f"waits: at once, {first.limit}{where}{pauses}"

    def _alternatives(
        self, job: Job, placement: Placement, starts: list[Start], chosen: Start | None
    ) -> tuple[str, ...]:
        currency, said = self._problem.objective.currency, []
        at_once = self._earliest(job, starts)
        if at_once is not None and at_once.limit:
            said.append(f"at once at {job.home} if this were lifted: {at_once.limit}")
        elif at_once is not None and chosen is not None and at_once.start < chosen.start:
            assert at_once.cost is not None
            assert at_once.emissions_kg is not None
            assert chosen.cost is not None
            assert chosen.emissions_kg is not None
            said.append(
                f"at once at {job.home}: {at_once.emissions_kg - chosen.emissions_kg:+.1f} kg, "
                f"{at_once.cost - chosen.cost:+.0f} {currency}"
            )
        possible = [start for start in starts if not start.limit and start.late_h <= 0]
        if possible:
            greenest = min(possible, key=lambda start: start.emissions_kg or 0.0)
            cheapest = min(possible, key=lambda start: start.cost or 0.0)
            for word, start in (("least carbon", greenest), ("least money", cheapest)):
                said.append(
                    f"{word} in one unbroken run: {start.site} at {start.start:%a %H:%M}, "
                    f"{start.emissions_kg:.1f} kg, {start.cost:.0f} {currency}"
                )
        return tuple(said)
