"""What all jobs and services together would choose at given prices: one question, one answer."""

import numpy as np

from optimizer.answers import add_load, ask
from optimizer.bound import question, service_prices, service_step_costs
from optimizer.fleet import Roster
from optimizer.load import Load, slopes
from optimizer.money import dearer, dearer_roster, without_work
from optimizer.plan import Prices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray


class Demand:
    """What all jobs and services draw and reserve at prices of power and GPUs."""

    def __init__(self, problem: Problem, choices: tuple[Choices, ...]) -> None:
        """Of `problem`, whose services have those choices."""
        self._problem, self._choices = without_work(problem), choices
        self._slopes = slopes(problem)
        self.idle_kw = Load.idle(problem).facility_kw(problem)

    def at(
        self, roster: Roster, weight: float, prices: Prices
    ) -> tuple[FloatArray, FloatArray, float]:
        """What everyone chooses at `prices`, where each job of `roster` stands for `weight` jobs.

        Returns:
            Facility power, shape (S, T) [kW]; GPUs, shape (K, T); cost of transfers [money].
        """
        problem = dearer(self._problem, prices.money_premium)
        asked = question(problem, prices)
        it_kw, gpus = np.zeros(self.idle_kw.shape), np.zeros(problem.pool_gpus.shape)
        timetable = ask(dearer_roster(self._problem, roster, prices.money_premium), asked).timetable
        add_load(roster, timetable, weight, it_kw, gpus)
        runs = np.flatnonzero(timetable.position >= 0)
        moved = weight * float(roster.fleet.start_cost[runs, timetable.position[runs]].sum())
        steps = np.arange(problem.horizon.n_steps)
        for one in self._choices:
            costs, split = service_step_costs(
                one, *service_prices(problem, one, asked.it_price, asked.gpu_price)
            )
            best = np.argmin(costs, axis=1)
            replicas, served = one.replicas[steps, best], split[steps, best]
            for i, site in enumerate(one.sites):
                it_kw[site] += replicas[:, i] * one.extra_kw[i] + served[:, i] * one.request_kw
                pool = problem.pool_number[site, one.service.gpu_type]
                gpus[pool] += replicas[:, i] * one.service.gpus_per_replica
        return self.idle_kw + self._slopes * it_kw, gpus, moved
