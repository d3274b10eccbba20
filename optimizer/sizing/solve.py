"""A sizing problem to its least-cost sizes, or to what makes its wishes impossible.

Small problems are solved by the simplex method, to a corner; larger ones by an interior point
method, whose primal and dual objectives meet within 1e-8: a year of hours is beyond the simplex.
"""

import time
from dataclasses import replace

import numpy as np

from optimizer.highs import Answer, LinearModel, NothingFeasible
from optimizer.site import FloatArray, IntArray
from optimizer.sizing.model import GPUS, SiteColumns, SizingModel, state
from optimizer.sizing.problem import SizingProblem, SizingSite
from optimizer.sizing.sizes import SiteSizes, Sizes, bill, builds

AT_LIMIT = 1e-6
#: Of the model; from here on it is solved by an interior point method.
LARGE_ROWS = 5_000
INTERIOR = {"solver": "hipo", "run_crossover": "off"}
CORNER = {"solver": "simplex"}


class CannotBeMet(Exception):
    """No sizes keep to the wishes.

    Attributes:
        least_kg: Least carbon that any sizes reach in a year; None where none serve the load.
        binding: Sizes that stand at the most there may be, as `site.kind`.
    """

    def __init__(self, text: str, *, least_kg: float | None, binding: tuple[str, ...]) -> None:
        """Say so in `text`."""
        super().__init__(text)
        self.least_kg = least_kg
        self.binding = binding


def size(problem: SizingProblem, *, time_limit_s: float) -> Sizes:
    """The sizes of least cost a year.

    Args:
        problem: The problem.
        time_limit_s: [s]

    Raises:
        CannotBeMet: No sizes serve the load within the wishes.
        TimeLimitReached: The limit ended it first.
    """
    model = state(problem)
    try:
        answer, scale, spent = _solved(model, time_limit_s)
    except NothingFeasible:
        raise _why(problem, time_limit_s) from None
    return _read(model, answer, scale, spent)


def least_carbon(problem: SizingProblem, *, time_limit_s: float) -> Sizes:
    """The sizes of least carbon a year, whatever they cost.

    Raises:
        CannotBeMet: No sizes serve the load within the build limits.
    """
    model = state(problem, min_carbon=True)
    try:
        answer, scale, spent = _solved(model, time_limit_s)
    except NothingFeasible:
        raise CannotBeMet(
            "no sizes within the build limits serve the load; raise a limit, or give a site a grid",
            least_kg=None,
            binding=(),
        ) from None
    return _read(model, answer, scale, spent)


def _solved(model: SizingModel, time_limit_s: float) -> tuple[Answer, float, float]:
    """The answer, by how much its money is scaled, and the CPU it took. [s]"""
    arrays = model.arrays.finish()
    largest = float(np.abs(arrays.cost).max())
    # A power of two loses no digit, so that doubled costs give the same sizes to the last one.
    scale = 2.0 ** -np.floor(np.log2(largest)) * 1e4 if largest > 0 else 1.0
    options = INTERIOR if len(arrays.row_lower) >= LARGE_ROWS else CORNER
    linear = LinearModel(replace(arrays, cost=arrays.cost * scale), **options)
    start = time.process_time()
    answer = linear.solve(time_limit_s=time_limit_s)
    return answer, scale, time.process_time() - start


def _why(problem: SizingProblem, time_limit_s: float) -> CannotBeMet:
    """What is possible at best, where the wishes are not."""
    wishes = problem.wishes
    free = replace(problem, wishes=replace(wishes, carbon_limit_kg=None, clean_share=None))
    try:
        best = least_carbon(free, time_limit_s=time_limit_s)
    except CannotBeMet as nothing:
        return nothing
    at_limit = tuple(
        f"{site.name}.{kind}"
        for site, at in zip(problem.sites, best.sites, strict=True)
        for kind, value in at.value_per_unit.items()
        if value > AT_LIMIT and _is_most(site, kind, at.sizes[kind])
    )
    least, share = best.bill.emissions_kg, best.bill.clean_share
    if wishes.carbon_limit_kg is not None and wishes.carbon_limit_kg < least:
        text = (
            f"carbon limit {wishes.carbon_limit_kg:,.0f} kg/a: the least possible is {least:,.0f}"
        )
    else:
        text = f"clean share {wishes.clean_share}: with least carbon it is {share:.4f}"
    limits = f"; what binds: {', '.join(at_limit)}" if at_limit else ""
    return CannotBeMet(text + limits, least_kg=least, binding=at_limit)


def _is_most(site: SizingSite, kind: str, value: float) -> bool:
    most = builds(site)[kind].most
    return bool(value >= most * (1 - AT_LIMIT))


def _read(model: SizingModel, answer: Answer, scale: float, spent: float) -> Sizes:
    sites = tuple(
        _site(model, site, at, answer, scale)
        for site, at in zip(model.problem.sites, model.sites, strict=True)
    )
    carbon = 0.0
    if model.carbon_row is not None:
        carbon = -float(answer.row_duals[model.carbon_row]) / scale / (model.unit_kw * 1000)
    return Sizes(
        objective=answer.objective / scale + model.constant_cost,
        sites=sites,
        bill=bill(model.problem, sites),
        carbon_value_per_kg=carbon + 0.0,
        solve_s=spent,
    )


def _site(
    model: SizingModel, site: SizingSite, at: SiteColumns, answer: Answer, scale: float
) -> SiteSizes:
    unit = model.unit_kw

    def flow(columns: IntArray | None) -> FloatArray:
        if columns is None:
            return np.zeros(model.problem.calendar.n_steps)
        return np.maximum(0.0, answer.column_values[columns]) * unit

    sizes, values = {}, {}
    for kind, one in at.sizes.items():
        own = 1.0 if kind == GPUS else unit
        if one.column is None:
            sizes[kind] = one.build.existing
            reduced = [answer.reduced_costs[columns] for columns in one.bounds]
            shape = next((p.shape for p in site.plants if p.name == kind), 1.0)
            values[kind] = -float(sum(np.sum(np.minimum(r, 0.0) * shape) for r in reduced))
        else:
            sizes[kind] = float(answer.column_values[one.column]) * own
            values[kind] = one.build.cost_per_unit * own * scale - float(
                answer.reduced_costs[one.column]
            )
        values[kind] = values[kind] / own / scale
    busy = site.busy_gpus + sum(flow(run) for run in at.runs.values())
    gpus = site.gpus
    load = site.overhead_kw + site.pue * (
        gpus.idle_kw_per_gpu * sizes[GPUS] + (gpus.kw_per_gpu - gpus.idle_kw_per_gpu) * busy
    )
    imported, counts = flow(at.grid_import), model.problem.calendar.counts
    return SiteSizes(
        name=site.name,
        sizes=sizes,
        value_per_unit=values,
        load_kw=load,
        plants_kw=sum(
            (plant.shape * sizes[plant.name] for plant in site.plants), np.zeros(len(load))
        ),
        import_kw=imported,
        export_kw=flow(at.export),
        charge_kw=flow(at.charge),
        discharge_kw=flow(at.discharge),
        soc_kwh=flow(at.soc),
        generator_kw=flow(at.generator),
        busy_gpus=busy,
        price_per_kwh=answer.row_duals[at.balance] / scale / model.h / unit,
        peaks_kw=np.array([imported[one].max(initial=0.0) for one in counts]),
    )
