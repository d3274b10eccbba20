"""Explains a job of a planned run: every start priced, what each is kept from, what was decided.

Works on one snapshot of the plan, all else held, and never solves: a whole table of explanations
costs a fraction of a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import numpy as np

from optimizer.load import Load, extra_it_kw, reserved_gpus, slopes
from optimizer.merit_order import MeritOrder
from optimizer.plan import Placement
from optimizer.site import FloatArray
from optimizer.timing import TOLERANCE_H, is_finished, late_h, resumes
from optimizer.work import Job
from scheduler.errors import InputError
from scheduler.planning.clauses import Clause
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
        self._order = MeritOrder.of(
            run.problem, dict(run.plan.dispatch), run.solution.prices.carbon_per_kg
        )
        self._slopes = slopes(run.problem)
        self._overhead = np.array([site.cooling.overhead_kw for site in run.problem.sites])

    def explain(self, name: str) -> Explanation:
        """Why job `name` runs when and where it does.

        Raises:
            InputError: There is no such job in the plan.
        """
        job, placement = self._found(name)
        with self._without(job, placement):
            starts = [
                start for s in self._problem.admissible_sites(job) for start in self._at(job, s)
            ]
            chosen = self._chosen(job, placement)
        reason = self._reason(job, placement, starts, chosen)
        return Explanation(
            job=name,
            reason=reason,
            clauses=tuple(self._clauses(job, placement, reason, starts, chosen)),
            chosen=chosen,
            starts=tuple(starts),
            alternatives=self._alternatives(job, starts, chosen),
        )

    def tell(self, name: str) -> tuple[Clause, ...]:
        """The clauses of `explain`, without pricing what they do not speak of.

        Raises:
            InputError: There is no such job in the plan.
        """
        job, placement = self._found(name)
        with self._without(job, placement):
            chosen = self._chosen(job, placement)
            if chosen is None:
                starts = [
                    start for s in self._problem.admissible_sites(job) for start in self._at(job, s)
                ]
            else:
                starts = self._at(job, self._problem.site_number[chosen.site], most=1)
        reason = self._reason(job, placement, starts, chosen)
        return tuple(self._clauses(job, placement, reason, starts, chosen))

    def _found(self, name: str) -> tuple[Job, Placement]:
        job = self._jobs.get(name)
        if job is None:
            near = get_close_matches(name, self._jobs, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; see `alize plan -o wide`"
            raise InputError(f"job: must be one of the plan's, got {name}{hint}")
        return job, self._placements[name]

    @contextmanager
    def _without(self, job: Job, placement: Placement) -> Iterator[None]:
        """The plan's load with `job` taken out, for as long as it lasts."""
        gpus, it_kw = self._load.gpus.copy(), self._load.it_kw.copy()
        self._load.add(self._problem, job, placement, -1)
        try:
            yield
        finally:
            # Put back, not added back: no job's numbers may depend on those explained before.
            self._load.gpus[:], self._load.it_kw[:] = gpus, it_kw

    def _at(self, job: Job, s: int, most: int | None = None) -> list[Start]:
        """The first `most` starts, or all, at site number `s` once its data is there."""
        problem, site = self._problem, self._problem.sites[s]
        h = problem.horizon.step_h
        length = int(np.ceil(job.work_h / h - 1e-9))
        before = [self._placements[name].runs for name in job.after]
        ends = [runs[-1].end_step for runs in before if runs]
        first = max([problem.first_step(job, site.name), *ends])
        money, carbon, short = self._steps(job, s, 0)
        pool, needed = problem.pool_number[s, job.gpu_type], reserved_gpus(problem, job, s, 0)
        free = problem.pool_gpus[pool] - self._load.gpus[pool]
        due_h = problem.horizon.steps_until(job.due) * h
        end_h = problem.horizon.steps_until(min(job.deadline, problem.horizon.end)) * h
        transfer = problem.transfer_cost(job, site.name)
        starts = []
        end = first + 1 if job.only_goes_on else problem.end_step(job)
        for step in range(first, end)[:most]:
            steps, finish_h = slice(step, step + length), step * h + job.work_h
            limit = None
            if finish_h > end_h + TOLERANCE_H:
                limit = Clause(says="too_late", facts={"hours": finish_h - end_h})
            elif free[steps].min() < needed:
                at = problem.horizon.instant(step + int(np.argmax(free[steps] < needed)))
                gpus = {"left": int(free[steps].min()), "needed": needed}
                limit = Clause(says="gpus", facts={**gpus, "at": at})
            elif short[steps].sum() > NEGLIGIBLE_KWH:
                at = problem.horizon.instant(step + int(np.argmax(short[steps])))
                missing_kw = float(short[steps].max() / h)
                limit = Clause(says="power", facts={"kw": missing_kw, "at": at})
            starts.append(
                Start(
                    site=site.name,
                    start=problem.horizon.instant(step),
                    cost=None if limit else float(money[steps].sum() + transfer),
                    emissions_kg=None if limit else float(carbon[steps].sum()),
                    late_h=finish_h - due_h if finish_h > due_h + TOLERANCE_H else 0.0,
                    limit=limit,
                )
            )
        return starts

    def _steps(self, job: Job, s: int, mode: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Money, emissions [kg] and missing energy [kWh] that each step of `job` would add."""
        problem, site = self._problem, self._problem.sites[s]
        h = problem.horizon.step_h
        extra = extra_it_kw(problem, job, s, mode)
        before = (self._overhead[s] + self._slopes[s] * self._load.drawn_it_kw(problem)[s])[None]
        both = np.stack([before, before + self._slopes[s] * extra])
        carbon, short, cost = (
            after - before
            for before, after in (
                self._order.emissions_kg(both, (s,)),
                self._order.unmet_kwh(both, (s,)),
                self._order.cost(both, (s,)),
            )
        )
        price_per_kg = self._run.solution.prices.carbon_per_kg
        money = cost - (problem.objective.carbon_price_per_kg + price_per_kg) * carbon
        money = money - problem.objective.unmet_price_per_kwh * short
        k = problem.pool_number[s, job.gpu_type]
        pool, gpus = problem.pools[k][1], reserved_gpus(problem, job, s, mode)
        free = np.maximum(0, pool.committed_gpus - self._load.gpus[k])
        leased = pool.lease_price_per_gpu_h * np.maximum(0, gpus - free)
        water = site.cooling.water_l_per_kwh * problem.objective.water_price_per_l
        money = money + h * (leased + extra * water)
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
        if _says(at_once, "gpus"):
            return WaitReason.WAITING_FOR_CAPACITY
        if _says(at_once, "power"):
            return WaitReason.WAITING_FOR_POWER
        return WaitReason.WAITING_FOR_CLEANER_ENERGY

    def _why_unfinished(self, job: Job, starts: list[Start]) -> WaitReason:
        problem = self._problem
        if all(
            problem.pool_gpus[problem.pool_number[s, job.gpu_type]].max()
            < reserved_gpus(problem, job, s, 0)
            for s in problem.admissible_sites(job)
        ):
            return WaitReason.EXCEEDS_CAPACITY
        if all(_says(start, "too_late") for start in starts):
            return WaitReason.DEADLINE_UNREACHABLE
        if all(_says(start, "power", "too_late") for start in starts):
            return WaitReason.WAITING_FOR_POWER
        return WaitReason.WAITING_FOR_CAPACITY

    def _clauses(
        self,
        job: Job,
        placement: Placement,
        reason: WaitReason | None,
        starts: list[Start],
        chosen: Start | None,
    ) -> Iterator[Clause]:
        if chosen is None:
            yield _unfinished([start for start in starts if start.site == job.origin])
            return
        first = next(start for start in starts if start.site == chosen.site)
        if reason is None:
            yield Clause(says="at_once")
        elif first.limit is not None:
            yield Clause(says="waits", facts={"limit": first.limit})
        else:
            assert first.cost is not None
            assert first.emissions_kg is not None
            assert chosen.cost is not None
            assert chosen.emissions_kg is not None
            change = {
                "kg": chosen.emissions_kg - first.emissions_kg,
                "money": chosen.cost - first.cost,
            }
            currency = self._problem.objective.currency
            yield Clause(says="cleaner", facts={**change, "currency": currency})
        if chosen.site != job.origin:
            yield Clause(says="moved", facts={"home": job.origin})
        again = resumes(job, placement)
        if again == 1:
            yield Clause(says="pause")
        elif again:
            yield Clause(says="pauses", facts={"n": again})
        if chosen.late_h > 0:
            yield Clause(says="late", facts={"hours": chosen.late_h})

    def _alternatives(self, job: Job, starts: list[Start], chosen: Start | None) -> tuple[str, ...]:
        currency, said = self._problem.objective.currency, []
        at_once = next((start for start in starts if start.site == job.origin), None)
        if at_once is not None and at_once.limit:
            said.append(f"at once at {job.origin} if this were lifted: {at_once.limit}")
        elif at_once is not None and chosen is not None and at_once.start < chosen.start:
            assert at_once.cost is not None
            assert at_once.emissions_kg is not None
            assert chosen.cost is not None
            assert chosen.emissions_kg is not None
            said.append(
                f"at once at {job.origin}: {at_once.emissions_kg - chosen.emissions_kg:+.1f} kg, "
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


def _says(start: Start, *limits: str) -> bool:
    """Whether a start is kept by one of `limits`."""
    return start.limit is not None and start.limit.says in limits


def _unfinished(at_home: list[Start]) -> Clause:
    """Why nothing became of a job, told by what is in the way at its home."""
    if not at_home:
        return Clause(says="unfinished", facts={"limit": Clause(says="no_site")})
    limits = [start.limit for start in at_home if start.limit is not None]
    if len(limits) < len(at_home):
        return Clause(says="left")
    return Clause(says="unfinished", facts={"limit": limits[0]})
