"""Typical weeks: a year told by some of its own weeks, each standing for its like.

Weeks are grouped by k-medoids (Kaufman and Rousseeuw 1990; for energy systems compared by Hoffmann
et al., "A Review on Time Series Aggregation Methods for Energy System Models", Energies 13, 2020),
and the week that asks most of the grid stands for itself, so that sizes meet it (Kotzur et al.,
"Impact of different time series aggregation methods on optimal energy system design", Renewable
Energy 117, 2018). Series are then scaled so that their yearly means are kept. Whole weeks keep the
order of hours that batteries and waiting work live on.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.site import FloatArray, IntArray
from optimizer.sizing.problem import Calendar, SizingProblem, SizingSite

WEEK_H = 168
ROUNDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalWeeks:
    """Which weeks were chosen, and for whom they stand.

    Attributes:
        problem: The year's problem on those weeks.
        chosen: Numbers of the weeks, in order, shape (K,).
        stands_for: The chosen week, by place in `chosen`, of every week, shape (weeks,).
    """

    problem: SizingProblem
    chosen: IntArray
    stands_for: IntArray


def typical_weeks(problem: SizingProblem, n_weeks: int) -> TypicalWeeks:
    """`problem`, one period of a year by the hour, on `n_weeks` weeks; the hardest is one of them.

    What is left of the year after whole weeks lends them its hours as weight.
    """
    of = problem.calendar
    if of.step_h != 1.0 or len(of.weight) != 1:
        raise ValueError("typical weeks: need a year in one period of hours")
    weeks = of.n_steps // WEEK_H
    if not 2 <= n_weeks <= weeks:  # noqa: PLR2004 - the hardest and another
        raise ValueError(f"typical weeks: must lie between 2 and {weeks}, got {n_weeks}")
    hardest = int(_weekly(_residual(problem), weeks).sum(axis=1).argmax())
    features = _features(problem, weeks)
    distance = np.linalg.norm(features[:, None, :] - features[None, :, :], axis=2)
    others = np.delete(np.arange(weeks), hardest)
    medoids = others[_medoids(distance[np.ix_(others, others)], n_weeks - 1)]
    chosen = np.sort(np.append(medoids, hardest))
    stands_for = distance[:, chosen].argmin(axis=1)
    place = int(np.searchsorted(chosen, hardest))
    for week in np.flatnonzero(stands_for == place):
        if week != hardest:
            rest = np.where(chosen == hardest, np.inf, distance[week, chosen])
            stands_for[week] = rest.argmin()
    return TypicalWeeks(
        problem=_on(problem, chosen, stands_for), chosen=chosen, stands_for=stands_for
    )


def _residual(problem: SizingProblem) -> FloatArray:
    """Load less sun and wind in even shares, as a share of the load's mean, summed over sites."""
    total = np.zeros(problem.calendar.n_steps)
    for site in problem.sites:
        load = site.pue * site.busy_gpus * site.gpus.kw_per_gpu + site.overhead_kw
        mean = max(float(load.mean()), 1e-9)
        total += load / mean
        for plant in site.plants:
            total -= plant.shape / max(float(plant.shape.mean()), 1e-9) / len(site.plants)
    return total


def _series(problem: SizingProblem) -> list[FloatArray]:
    found = [work.arriving_gpus for work in problem.work]
    for site in problem.sites:
        found += [site.pue * site.busy_gpus, *(plant.shape for plant in site.plants)]
        if site.grid is not None:
            found += [site.grid.price_per_kwh, site.grid.carbon_g_per_kwh]
    return found


def _features(problem: SizingProblem, weeks: int) -> FloatArray:
    """Each week as its hours of every series, in spreads of that series, shape (weeks, n)."""
    parts = [
        _weekly(series, weeks) / spread
        for series in _series(problem)
        if (spread := float(series.std())) > 1e-9  # noqa: PLR2004 - a constant tells nothing
    ]
    features: FloatArray = np.concatenate([*parts, np.zeros((weeks, 1))], axis=1)
    return features


def _weekly(series: FloatArray, weeks: int) -> FloatArray:
    blocks: FloatArray = series[: weeks * WEEK_H].reshape(weeks, WEEK_H)
    return blocks


def _medoids(distance: FloatArray, k: int) -> IntArray:
    """Numbers of `k` members nearest to all in sum: greedy build, then swaps while they help."""
    nearest = np.full(len(distance), np.inf)
    chosen: list[int] = []
    for _ in range(k):
        sums = np.minimum(nearest[:, None], distance).sum(axis=0)
        sums[chosen] = np.inf
        chosen.append(int(sums.argmin()))
        nearest = np.minimum(nearest, distance[:, chosen[-1]])
    for _ in range(ROUNDS):
        best, swap = float(nearest.sum()), None
        for place in range(k):
            rest = [one for number, one in enumerate(chosen) if number != place]
            without = distance[:, rest].min(axis=1) if rest else np.full(len(distance), np.inf)
            sums = np.minimum(without[:, None], distance).sum(axis=0)
            sums[rest] = np.inf
            if sums.min() < best - 1e-12:
                best, swap = float(sums.min()), (place, int(sums.argmin()))
        if swap is None:
            break
        chosen[swap[0]] = swap[1]
        nearest = distance[:, chosen].min(axis=1)
    return np.array(sorted(chosen), dtype=np.int64)


def _on(problem: SizingProblem, chosen: IntArray, stands_for: IntArray) -> SizingProblem:
    of, weeks = problem.calendar, len(stands_for)
    steps = (chosen[:, None] * WEEK_H + np.arange(WEEK_H)).ravel()
    held = np.bincount(stands_for, minlength=len(chosen)).astype(np.float64)
    weight = held * of.weight[0] * of.n_steps / (weeks * WEEK_H)
    period = np.repeat(np.arange(len(chosen)), WEEK_H)
    counts = np.zeros((len(of.counts), len(steps)), dtype=bool)
    for week, place in enumerate(stands_for):
        own = of.counts[:, week * WEEK_H : (week + 1) * WEEK_H]
        counts[:, place * WEEK_H : (place + 1) * WEEK_H] |= own
    share = (weight / weight.sum())[period] / WEEK_H

    def cut(series: FloatArray) -> FloatArray:
        """On the chosen weeks, with the year's mean."""
        part = series[steps]
        mean = float(part @ share)
        scaled: FloatArray = part * (float(series.mean()) / mean) if mean > 0 else part
        return scaled

    def site(one: SizingSite) -> SizingSite:
        grid = one.grid
        return replace(
            one,
            pue=cut(one.pue),
            busy_gpus=cut(one.busy_gpus),
            overhead_kw=cut(one.overhead_kw),
            plants=tuple(replace(p, shape=np.minimum(1.0, cut(p.shape))) for p in one.plants),
            grid=None
            if grid is None
            else replace(
                grid,
                price_per_kwh=cut(grid.price_per_kwh),
                carbon_g_per_kwh=cut(grid.carbon_g_per_kwh),
                clean_share=np.minimum(1.0, cut(grid.clean_share)),
                export_price_per_kwh=None
                if grid.export_price_per_kwh is None
                else cut(grid.export_price_per_kwh),
            ),
        )

    def scale(series: FloatArray) -> float:
        mean = float(series[steps] @ share)
        return float(series.mean()) / mean if mean > 0 else 1.0

    return replace(
        problem,
        calendar=Calendar(step_h=of.step_h, period=period, weight=weight, counts=counts),
        sites=tuple(site(one) for one in problem.sites),
        work=tuple(
            replace(
                work,
                arriving_gpus=cut(work.arriving_gpus),
                least_backlog_gpu_h=work.least_backlog_gpu_h[steps] * scale(work.arriving_gpus),
                most_backlog_gpu_h=work.most_backlog_gpu_h[steps] * scale(work.arriving_gpus),
            )
            for work in problem.work
        ),
    )
