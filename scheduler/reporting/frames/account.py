"""Figures of merit: kpis with their baseline, each site's account, what each freedom brings."""

from dataclasses import asdict, fields

import numpy as np
import pandas as pd

from optimizer.load import Load
from optimizer.tally import SiteTally, tally
from scheduler.accounting.kpis import savings_percent
from scheduler.accounting.spread import Range
from scheduler.planning.document import shortfalls as named_shortfalls
from scheduler.planning.foresight import Futures
from scheduler.planning.run import PlannedRun
from scheduler.reporting.frames import PLAN, RUN_NOW

WATERFALL = ("emissions_kg", "cost")


def kpis(run: PlannedRun) -> pd.DataFrame:
    """One row a figure: plan, run-now, their ranges, and how much less of it the plan needs."""
    ours, theirs = asdict(run.kpis), asdict(run.baseline_kpis)
    saved = savings_percent(run.kpis, run.baseline_kpis)
    ranges = {PLAN: run.spread.plan, RUN_NOW: run.spread.baseline} if run.spread else {}
    return pd.DataFrame(
        [
            {
                "kpi": name,
                "plan": ours[name],
                **_ends("plan", ranges.get(PLAN, {}).get(name)),
                "run_now": theirs[name],
                **_ends("run_now", ranges.get(RUN_NOW, {}).get(name)),
                "saving_percent": saving,
            }
            for name, saving in saved.items()
        ]
    )


def _ends(plan: str, ends: Range | None) -> dict[str, float]:
    """Both ends of a range as columns; nothing where there is none."""
    return {
        f"{plan}_low": np.nan if ends is None else ends.low,
        f"{plan}_high": np.nan if ends is None else ends.high,
    }


def sites(run: PlannedRun) -> pd.DataFrame:
    """One row a site and plan: its whole account."""
    problem = run.problem
    rows = []
    accounts = {
        name: tally(problem, plan, Load.of(problem, plan.placements, plan.servings))
        for name, plan in ((PLAN, run.plan), (RUN_NOW, run.baseline))
    }
    for s, site in enumerate(problem.sites):
        for name, account in accounts.items():
            figures = {one.name: getattr(account.sites[s], one.name) for one in fields(SiteTally)}
            rows.append({"site": site.name, "plan": name, **figures})
    return pd.DataFrame(rows)


def waterfall(run: PlannedRun) -> pd.DataFrame:
    """From run-now to the plan: a row a bar, with its two ends and the change between them."""
    rows = [_bar("run-now", 0.0, run.baseline_kpis, None)]
    before = run.baseline_kpis
    for number, step in enumerate(run.waterfall, start=1):
        rows.append(_bar(step.freedom, float(number), step.kpis, before))
        before = step.kpis
    rows.append(_bar("plan", float(len(rows)), run.kpis, None))
    return pd.DataFrame(rows)


def _bar(name: str, order: float, after: object, before: object | None) -> dict[str, object]:
    row: dict[str, object] = {"order": int(order), "freedom": name}
    for kpi in WATERFALL:
        start = 0.0 if before is None else float(getattr(before, kpi))
        end = float(getattr(after, kpi))
        row |= {f"{kpi}_from": start, f"{kpi}_to": end, f"{kpi}_change": end - start}
    return row


def futures(made_for: Futures) -> pd.DataFrame:
    """One row a future the plan was made for, the dearest first."""
    frame = pd.DataFrame(
        {
            "future": range(1, len(made_for.scenarios) + 1),
            "weight": [one.weight for one in made_for.scenarios],
            "cost": made_for.solution.costs,
        }
    )
    return frame.sort_values("cost", ascending=False, kind="stable", ignore_index=True)


def shortfalls(run: PlannedRun) -> pd.DataFrame:
    """One row a wish that could not be met; none where all were."""
    columns = ["shortfall", "amount", "unit", "price_per_unit"]
    rows = [[one.name, one.amount, one.unit, one.price_per_unit] for one in named_shortfalls(run)]
    return pd.DataFrame(rows, columns=columns)
