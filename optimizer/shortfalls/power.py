"""Why power is unmet at a site: its supplies hour by hour, against what draws on them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.shortfalls.beside import Beside
from optimizer.shortfalls.conflict import Cause, Conflict, Constraint, Cure, Limit, Remedy, Wish
from optimizer.shortfalls.deletion import irreducible
from optimizer.shortfalls.jobs import MOST_YIELDING, least_number
from optimizer.shortfalls.supply import reach
from optimizer.site import FloatArray, IntArray

NEGLIGIBLE_SHARE = 1e-6


class PowerConflicts:
    """The sites of a plan where power is unmet, and why."""

    def __init__(self, problem: Problem, plan: Plan, beside: Beside) -> None:
        """Read the plan once."""
        self._problem, self._plan, self._beside = problem, plan, beside

    def missed(self) -> Iterator[tuple[float, int]]:
        """What unmet power costs, and the number of the site. [money]"""
        problem = self._problem
        for s in range(len(problem.sites)):
            kwh = self._unmet_kwh(s)
            load_kw = self._facility_kw(s, range(len(self._beside.owners)))
            asked_kwh = float(load_kw.sum()) * problem.horizon.step_h
            if kwh > NEGLIGIBLE_SHARE * max(1.0, asked_kwh):
                yield problem.objective.unmet_price_per_kwh * kwh, s

    def _unmet_kwh(self, s: int) -> float:
        flow = self._plan.dispatch[self._problem.sites[s].name]
        return float(flow.unmet_kw.sum()) * self._problem.horizon.step_h

    def conflict(self, s: int) -> Conflict:
        """Why power is unmet at site number `s`."""
        problem, site = self._problem, self._problem.sites[s]
        unmet_kw = self._plan.dispatch[site.name].unmet_kw
        steps = np.flatnonzero(unmet_kw > NEGLIGIBLE_SHARE * max(1.0, float(unmet_kw.max())))
        kwh, own = self._unmet_kwh(s), self._own(s, steps)
        cause = Cause.PRICE
        kept: tuple[Constraint, ...] = ()
        cures: tuple[Cure, ...] = ()
        for world, held in ((Cause.ALONE, own), (Cause.BESIDE, [*self._others(s), *own])):
            if self._is_forced(s, held):
                cause = world
                kept = irreducible(held, lambda some: self._is_forced(s, some))
                cures = tuple(self._cures(s, held, kept))
                break
        return Conflict(
            wish=Wish.POWERED,
            subject=site.name,
            amount=kwh,
            cost=problem.objective.unmet_price_per_kwh * kwh,
            cause=cause,
            constraints=tuple(self._where(s, one, steps) for one in kept),
            cures=cures,
            first_step=int(steps[0]),
            end_step=int(steps[-1]) + 1,
        )

    def _own(self, s: int, steps: IntArray) -> list[Constraint]:
        """The supplies of a site, with the most each gives where power is unmet."""
        site = self._problem.sites[s]
        found = [
            Constraint(
                limit=Limit.PLANT,
                subject=plant.name,
                amount=float(plant.available_kw[steps].max()),
            )
            for plant in site.plants
        ]
        if site.battery is not None:
            found.append(Constraint(limit=Limit.BATTERY, amount=site.battery.energy_kwh))
        if site.generator is not None:
            found.append(Constraint(limit=Limit.GENERATOR, amount=site.generator.power_kw))
        if site.grid is not None:
            most_kw = float(site.grid.import_limit_kw[steps].max())
            found.append(Constraint(limit=Limit.GRID, amount=most_kw))
        return found

    def _others(self, s: int) -> list[Constraint]:
        """What the plan runs at a site, that which draws least first."""
        drawn = [
            (float(self._beside.of_owner(n).it_kw[s].sum()), name)
            for name, numbers in self._beside.numbers.items()
            for n in numbers
        ]
        return [
            Constraint(limit=Limit.OTHER_WORK, subject=name) for kwh, name in sorted(drawn) if kwh
        ]

    def _facility_kw(self, s: int, owners: Sequence[int]) -> FloatArray:
        load, cooling = self._beside.load(owners), self._problem.sites[s].cooling
        facility_kw: FloatArray = cooling.overhead_kw + cooling.slope * load.it_kw[s]
        return facility_kw

    def _is_forced(self, s: int, held: Sequence[Constraint], more_kw: float = 0.0) -> bool:
        """Whether power must be unmet somewhere where only `held` holds."""
        site = self._problem.sites[s]
        supplies = [one for one in held if one.limit is not Limit.OTHER_WORK]
        parts = (site.battery, site.generator, site.grid)
        if len(supplies) < len(site.plants) + sum(part is not None for part in parts):
            return False  # a supply without limit gives all that is asked
        owners = [
            n
            for one in held
            if one.limit is Limit.OTHER_WORK
            for n in self._beside.numbers[one.subject]
        ]
        return not reach(self._problem, site, self._facility_kw(s, owners), more_kw).is_met

    def _where(self, s: int, one: Constraint, steps: IntArray) -> Constraint:
        """Other work with the hours and the power it draws there."""
        if one.limit is not Limit.OTHER_WORK:
            return one
        numbers = self._beside.numbers[one.subject]
        it_kw = np.sum([self._beside.of_owner(n).it_kw[s] for n in numbers], axis=0)
        drawn_kw = it_kw * self._problem.sites[s].cooling.slope
        active = np.flatnonzero(drawn_kw)
        within = active[(active >= steps[0]) & (active <= steps[-1])]
        active = within if len(within) else active
        return replace(
            one,
            first_step=int(active[0]),
            end_step=int(active[-1]) + 1,
            amount=float(drawn_kw[active].max()),
        )

    def _cures(
        self, s: int, held: list[Constraint], kept: tuple[Constraint, ...]
    ) -> Iterator[Cure]:
        """The least more power in every hour that does, and single work that could go elsewhere."""
        name = self._problem.sites[s].name
        every = range(len(self._beside.owners))
        most_kw = float(self._facility_kw(s, every).max()) + self._battery_kw(s)
        least_kw = least_number(
            int(np.ceil(most_kw)) + 1, lambda n: not self._is_forced(s, held, float(n))
        )
        if least_kw is not None:
            yield Cure(remedy=Remedy.MORE_POWER, subject=name, amount=least_kw)
        work = [one for one in kept if one.limit is Limit.OTHER_WORK]
        for one in work[-MOST_YIELDING:]:
            rest = [
                other for other in held if (other.limit, other.subject) != (one.limit, one.subject)
            ]
            if not self._is_forced(s, rest):
                yield Cure(remedy=Remedy.WITHOUT, subject=one.subject)

    def _battery_kw(self, s: int) -> float:
        battery = self._problem.sites[s].battery
        return 0.0 if battery is None else battery.power_kw
