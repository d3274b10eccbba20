"""A planned run as one table: a row for each site and step, for spreadsheets and other tools.

Derived from the run and never read back; whatever stands here can be computed again. Curtailed is
what plants, and a generator at its minimum load, could give and nobody takes.
"""

import csv
from io import StringIO

import numpy as np

from optimizer.load import Load
from optimizer.problem import Problem
from optimizer.site import FloatArray, Site
from scheduler.planning.codec import instant_text
from scheduler.planning.run import PlannedRun

COLUMNS = (
    "time_utc",
    "site",
    "it_kw",
    "facility_kw",
    "wind_available_kw",
    "pv_available_kw",
    "wind_used_kw",
    "pv_used_kw",
    "curtailed_kw",
    "grid_import_kw",
    "grid_export_kw",
    "charge_kw",
    "discharge_kw",
    "soc_kwh",
    "generator_kw",
    "unmet_kw",
    "gpus_reserved",
    "import_price_per_kwh",
    "grid_carbon_g_per_kwh",
)


def csv_text(run: PlannedRun) -> str:
    """The table as CSV: by time, then by site; an empty cell where a site has no grid."""
    problem = run.problem
    load = Load.of(problem, run.plan.placements, run.plan.servings)
    facility_kw, it_kw = load.facility_kw(problem), load.drawn_it_kw(problem)
    gpus = _reserved_gpus(problem, load)
    by_site = [
        _columns(run, site, it_kw[s], facility_kw[s], gpus[s])
        for s, site in enumerate(problem.sites)
    ]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for t in range(problem.horizon.n_steps):
        time_utc = instant_text(problem.horizon.instant(t))
        for site, columns in zip(problem.sites, by_site, strict=True):
            cells = ["" if one is None else one[t].item() + 0 for one in columns]  # no -0.0
            writer.writerow([time_utc, site.name, *cells])
    return text.getvalue()


def _columns(
    run: PlannedRun, site: Site, it_kw: FloatArray, facility_kw: FloatArray, gpus: np.ndarray
) -> list[np.ndarray | None]:
    """The columns after `site`, each of shape (T,), None for an empty one."""
    flow = run.plan.dispatch[site.name]
    zero = np.zeros_like(it_kw)
    available, used = {"wind": zero, "pv": zero}, {"wind": zero, "pv": zero}
    for plant, used_kw in zip(site.plants, flow.plant_used_kw, strict=True):
        available[plant.name] = available[plant.name] + plant.available_kw
        used[plant.name] = used[plant.name] + used_kw
    curtailed_kw = sum(available.values(), zero) - sum(used.values(), zero)
    return [
        it_kw,
        facility_kw,
        available["wind"],
        available["pv"],
        used["wind"],
        used["pv"],
        np.maximum(0.0, curtailed_kw) + flow.load_bank_kw,
        flow.grid_import_kw,
        flow.grid_export_kw,
        flow.charge_kw,
        flow.discharge_kw,
        flow.soc_kwh,
        flow.generator_kw,
        flow.unmet_kw,
        gpus,
        site.grid.import_price_per_kwh if site.grid else None,
        site.grid.carbon_intensity_g_per_kwh if site.grid else None,
    ]


def _reserved_gpus(problem: Problem, load: Load) -> np.ndarray:
    """GPUs reserved by site and step, all types together, shape (S, T)."""
    gpus = np.zeros(load.it_kw.shape, dtype=np.int64)
    for k, (s, _) in enumerate(problem.pools):
        gpus[s] += load.gpus[k]
    return gpus
