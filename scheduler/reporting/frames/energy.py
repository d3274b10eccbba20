"""Where each kilowatt came from and went, by plan, site and step.

Sources and uses meet in every row:

    pv + wind + discharge + import + generator + unmet
        = services + jobs + idle and overhead + charge + export + curtailed

with PV and wind as available, so that what is curtailed stands among the uses, beside what a
generator at its minimum load gives and nobody takes.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from optimizer.load import Load
from optimizer.plan import Plan
from optimizer.problem import Problem
from optimizer.site import FloatArray
from scheduler.planning.run import PlannedRun
from scheduler.reporting.frames import MAX_ROWS, PLAN, RUN_NOW

NUMBERS_AT_END = ("soc_kwh",)
KEYS = ("plan", "site")


def energy(run: PlannedRun) -> pd.DataFrame:
    """One row a plan, site and step; longer steps where there would be too many rows."""
    problem = run.problem
    both = {PLAN: run.plan, RUN_NOW: run.baseline}
    n_rows = len(both) * len(problem.sites) * problem.horizon.n_steps
    return coarsened(
        pd.concat(
            [_of_plan(problem, name, plan) for name, plan in both.items()], ignore_index=True
        ),
        n_together=-(-n_rows // MAX_ROWS),
    )


def steps_together(run: PlannedRun, frame: pd.DataFrame) -> int:
    """How many of the plan's steps one row of `frame` stands for."""
    n_rows = int((frame[list(KEYS)] == frame.loc[0, list(KEYS)]).all(axis=1).sum())
    return -(-run.problem.horizon.n_steps // n_rows)


def coarsened(frame: pd.DataFrame, *, n_together: int) -> pd.DataFrame:
    """Means over `n_together` steps; stored energy as it is at their end."""
    if n_together <= 1:
        return frame
    block = frame.groupby(list(KEYS), sort=False).cumcount() // n_together
    how: dict[str, str] = dict.fromkeys(frame.columns.difference([*KEYS], sort=False), "mean")
    how |= {"time_utc": "first", "end_utc": "last", **dict.fromkeys(NUMBERS_AT_END, "last")}
    means = frame.groupby([*(frame[key] for key in KEYS), block], sort=False).agg(how)
    return means.droplevel(-1).reset_index()[list(frame.columns)]


def _of_plan(problem: Problem, name: str, plan: Plan) -> pd.DataFrame:
    load = Load.of(problem, plan.placements, plan.servings)
    facility_kw, it_kw = load.facility_kw(problem), load.drawn_it_kw(problem)
    jobs_it_kw = _jobs_it_kw(problem, plan)
    services_it_kw = _services_it_kw(problem, plan)
    index = problem.horizon.index
    nothing = np.full(problem.horizon.n_steps, np.nan)
    tables = []
    for s, site in enumerate(problem.sites):
        flow = plan.dispatch[site.name]
        available = _available_kw(problem, s)
        per_it_kw = facility_kw[s] / np.maximum(it_kw[s], 1e-9)
        jobs_kw, services_kw = jobs_it_kw[s] * per_it_kw, services_it_kw[s] * per_it_kw
        curtailed = available["pv"] + available["wind"] - flow.plant_used_kw.sum(axis=0)
        columns = {
            "pv_kw": available["pv"],
            "wind_kw": available["wind"],
            "discharge_kw": flow.discharge_kw,
            "grid_import_kw": flow.grid_import_kw,
            "generator_kw": flow.generator_kw,
            "unmet_kw": flow.unmet_kw,
            "services_kw": services_kw,
            "jobs_kw": jobs_kw,
            "idle_and_overhead_kw": np.maximum(0.0, facility_kw[s] - jobs_kw - services_kw),
            "charge_kw": flow.charge_kw,
            "grid_export_kw": flow.grid_export_kw,
            "curtailed_kw": np.maximum(0.0, curtailed) + flow.load_bank_kw,
            "soc_kwh": flow.soc_kwh if site.battery else nothing,
            "carbon_g_per_kwh": site.grid.carbon_intensity_g_per_kwh if site.grid else nothing,
            "import_price_per_kwh": site.grid.import_price_per_kwh if site.grid else nothing,
        }
        table = pd.DataFrame(columns)
        table.insert(0, "end_utc", index + problem.horizon.step)
        table.insert(0, "time_utc", index)
        table.insert(0, "site", site.name)
        table.insert(0, "plan", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _available_kw(problem: Problem, s: int) -> Mapping[str, FloatArray]:
    """PV and wind of a site, zeros where it has none. [kW]"""
    zero = np.zeros(problem.horizon.n_steps)
    by_name: dict[str, FloatArray] = {"pv": zero, "wind": zero}
    for plant in problem.sites[s].plants:
        by_name[plant.name] = by_name[plant.name] + plant.available_kw
    return by_name


def _jobs_it_kw(problem: Problem, plan: Plan) -> FloatArray:
    """IT power of the jobs by site and step, shape (S, T). [kW]"""
    drawn = np.zeros((len(problem.sites), problem.horizon.n_steps))
    for job, placed in zip(problem.jobs, plan.placements, strict=True):
        for run in placed.runs:
            steps = slice(run.first_step, run.end_step)
            drawn[problem.site_number[placed.site], steps] += job.modes[run.mode].power_kw
    return drawn


def _services_it_kw(problem: Problem, plan: Plan) -> FloatArray:
    """IT power of the services by site and step, shape (S, T). [kW]"""
    drawn = np.zeros((len(problem.sites), problem.horizon.n_steps))
    for service in problem.services:
        serving = plan.servings[service.name]
        for model, part in zip(service.models, serving.parts, strict=False):
            drawn += part.replicas * model.replica_kw
            drawn += part.served_rps.sum(axis=0) * model.request_kw
    return drawn
