"""`python -m benchmarks peers CASE|all`: the peers' own cases, theirs and ours side by side."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.line import Line, Metric, line_over_seeds
from benchmarks.meter import Meter
from benchmarks.peers.outcome import Outcome, saving_percent
from benchmarks.sources import DEFAULT_FOLDER, existing_folder
from scheduler.errors import InputError

NAME = "peers"
SUMMARY = "the peers' published cases: their policies, ours and the bound on the same input"
ALL = "all"
SEEDS, YEAR_SEEDS = 10, 3

METRICS = (
    Metric(name="saving_percent", unit="%", better="higher", meaning="carbon, against run-now"),
    Metric(
        name="saving_share_percent",
        unit="%",
        better="higher",
        meaning="of what the bound saves, under a cap",
    ),
    Metric(name="cost", unit="money", better="lower", meaning="of the year, or of the week"),
    Metric(name="emissions_kg", unit="kg CO2e", better="lower", meaning="of the same span"),
    Metric(
        name="efficiency_gain_percent",
        unit="%",
        better="higher",
        meaning="useful work a bought kWh, against run-now, as lived through",
    ),
    Metric(
        name="captured_percent",
        unit="%",
        better="higher",
        meaning="of what perfect foresight could save at the objective, as lived through",
    ),
    Metric(
        name="differing_optima",
        unit="means",
        better="lower",
        meaning="published means not matched to four decimals",
    ),
)

Case = Callable[[Path, int], Iterator[Outcome]]


def _next_workday(data: Path, seeds: int) -> Iterator[Outcome]:
    return _lwa(data, seeds, "next-workday", 0.05, {"DE": 7.82, "GB": 9.04})


def _semi_weekly(data: Path, seeds: int) -> Iterator[Outcome]:
    return _lwa(data, seeds, "semi-weekly", 0.10, {"DE": 17.19, "GB": 18.89})


def _lwa(
    data: Path, seeds: int, rule: str, error: float, published: dict[str, float]
) -> Iterator[Outcome]:
    from benchmarks.peers import lwa
    from benchmarks.peers.cleaning import cleaned
    from benchmarks.peers.series import lwa_carbon

    jobs = lwa.project(rule)
    for zone, to_beat in published.items():
        carbon = lwa_carbon(data, zone)
        run_now = lwa.run_now_t(jobs, carbon)
        spread = error * float(carbon.mean())
        ours, theirs = [], []
        for seed in range(seeds):
            noise = np.random.default_rng(seed).normal(0, spread, len(carbon))
            forecast = carbon + noise
            theirs.append(saving_percent(lwa.interruptible_t(jobs, carbon, forecast), run_now))
            clean = cleaned(forecast, spread)
            ours.append(saving_percent(lwa.interruptible_t(jobs, carbon, clean), run_now))
        bound = saving_percent(lwa.interruptible_t(jobs, carbon, carbon), run_now)
        yield Outcome(
            metric="saving_percent",
            values=tuple(ours),
            references={"peer": float(np.mean(theirs)), "published": to_beat, "bound": bound},
            conditions={"zone": zone, "deadline": rule, "noise": error, "run_now_t": run_now},
            n=len(jobs.start),
        )


def _capped(data: Path, seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import capped, lwa
    from benchmarks.peers.series import lwa_carbon

    cap = 45
    jobs = lwa.project("semi-weekly")
    for zone in ("DE", "GB"):
        carbon = lwa_carbon(data, zone)
        run_now, bound = lwa.run_now_t(jobs, carbon), capped.bound_t(jobs, carbon, cap)
        lived = [capped.closed_loop(jobs, carbon, cap, seed) for seed in range(min(seeds, 1))]
        shares = (100 * (run_now - one.emitted_t) / (run_now - bound) for one in lived)
        yield Outcome(
            metric="saving_share_percent",
            values=tuple(shares),
            references={"bound": 100.0, "bound_saving": saving_percent(bound, run_now)},
            conditions={
                "zone": zone,
                "cap": cap,
                "errors": "E2",
                "most_at_once": max(one.most_at_once for one in lived),
                "misses": max(one.misses for one in lived),
            },
            n=len(jobs.start),
        )


def _unknown(data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import gaia

    trace = gaia.Trace.of(data)
    run_now = trace.started(trace.arrival_h)
    peer = saving_percent(trace.started(gaia.carbon_time(trace)), run_now)
    lived = gaia.unknown_lengths(trace, gaia.PRICE_OF_WAITING_G)
    yield Outcome(
        metric="saving_percent",
        values=(saving_percent(lived.carbon, run_now),),
        references={"peer": peer, "published": 27.53},
        conditions={
            "lengths": "unknown",
            "mean_wait_h": lived.mean_wait_h,
            "most_mean_wait_h": 4.72,
            "price_of_waiting_g": gaia.PRICE_OF_WAITING_G,
            "misses": lived.misses,
        },
        n=len(trace.cpus),
    )


def _gaia_capped(data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import gaia, gaia_capped

    trace = gaia.Trace.of(data)
    run_now = trace.started(trace.arrival_h)
    for cap in (42.88, 24.0):
        lived = gaia_capped.closed_loop(trace, cap)
        bound = gaia_capped.bound(trace, cap)
        yield Outcome(
            metric="saving_percent",
            values=(saving_percent(lived.carbon, run_now),),
            references={"bound": saving_percent(bound, run_now)},
            conditions={
                "lengths": "known",
                "arrivals": "known within their hour",
                "cap_cpus": cap,
                "peak_cpus": lived.peak_cpus,
                "misses": lived.misses,
            },
            n=len(trace.cpus),
        )


def _reserved(data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import gaia, gaia_capped

    trace = gaia.Trace.of(data)
    run_now = trace.started(trace.arrival_h)
    known = gaia_capped.closed_loop(trace, np.inf, gaia_capped.PRICE_BEYOND_G)
    unknown = gaia.unknown_lengths(trace, gaia.PRICE_OF_WAITING_G)
    for lengths, lived in (("known", known), ("unknown", unknown)):
        yield Outcome(
            metric="saving_percent",
            values=(saving_percent(lived.carbon, run_now),),
            references={"published": 14.56, "bound": 38.21},
            conditions={
                "lengths": lengths,
                "cost_usd": lived.cost_usd,
                "most_cost_usd": 142.20,
                "misses": lived.misses,
            },
            n=len(trace.cpus),
        )


def _elastic(data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import elastic
    from benchmarks.peers.series import profile, steam_carbon

    cases = (
        ("resnet18", "US-CAL-CISO", 24, 40.30),
        ("vgg16", "AU-SA", 24, 7.42),
        ("densenet121", "AU-SA", 36, 50.69),
    )
    for model, zone, hours, published in cases:
        carbon = steam_carbon(data, zone)
        one = elastic.Profile.of(*profile(data, model))
        windows = [carbon[first : first + hours] for first in elastic.starts(carbon, hours)]
        agnostic = sum(float(window[: elastic.WORK_H].sum()) for window in windows)
        agnostic *= float(one.power_kw[1])
        peer = sum(elastic.greedy(one, window).grams(one, window) for window in windows)
        levels = range(1, len(one.speed))
        static = min(
            sum(elastic.static_g(one, window, level) for window in windows) for level in levels
        )
        found = [(window, *elastic.best(one, window)) for window in windows]
        ours = sum(schedule.grams(one, window) for window, schedule, _ in found)
        bound = sum(least for _, _, least in found)
        yield Outcome(
            metric="saving_percent",
            values=(saving_percent(ours, agnostic),),
            references={
                "peer": saving_percent(peer, agnostic),
                "published": published,
                "best_static": saving_percent(static, agnostic),
                "bound": saving_percent(bound, agnostic),
            },
            conditions={"model": model, "zone": zone, "window_h": hours, "errors": "E0"},
            n=len(windows),
        )


def _site_year(data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import site_year

    year = site_year.Year.of(data)
    peer, bound = site_year.greedy(year), site_year.bound(year, 0.0)
    lived = [site_year.closed_loop(year, seed) for seed in range(YEAR_SEEDS)]
    conditions: dict[str, str | float | bool] = {
        "errors": "E2",
        "window_h": site_year.WINDOW_H,
        "carbon_price_per_t": site_year.CARBON_PER_T,
    }
    for metric, values, theirs, least in (
        ("cost", [one.cost for one in lived], peer.cost, bound.cost),
        (
            "emissions_kg",
            [1000 * one.emissions_t for one in lived],
            1000 * peer.emissions_t,
            1000 * bound.emissions_t,
        ),
    ):
        yield Outcome(
            metric=metric,
            values=tuple(values),
            references={"peer": theirs, "bound_of_cost": least},
            conditions=conditions,
            n=site_year.HOURS,
        )


def _geo(data: Path, seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import geo

    for sla_ms in (35.0, 20.0):
        world = geo.World.of(data, sla_ms)
        lived = [geo.closed_loop(world, seed) for seed in range(min(seeds, YEAR_SEEDS))]
        home = geo.at_home_g(world)
        fractional = float((world.carbon * world.demand).sum())
        yield Outcome(
            metric="saving_percent",
            values=tuple(saving_percent(one.grams, home) for one in lived),
            references={"bound": saving_percent(geo.bound_g(world), fractional)},
            conditions={
                "sla_ms": sla_ms,
                "errors": "E2, an hour ahead",
                "idle_share": geo.IDLE_SHARE,
                "unserved_share": max(one.unserved_share for one in lived),
            },
            n=world.carbon.shape[1],
        )


def _eurosys(data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import eurosys

    found = eurosys.match(data)
    conditions: dict[str, str | float | bool] = {"compared": float(found.compared)}
    yield Outcome(
        metric="differing_optima",
        values=(float(found.differing),),
        references={},
        conditions=conditions,
        n=found.compared,
    )
    yield Outcome(
        metric="saving_percent",
        values=(found.saving_percent,),
        references={"published": found.published_percent},
        conditions=conditions,
        n=found.compared,
    )


def _seasons(_data: Path, _seeds: int) -> Iterator[Outcome]:
    from benchmarks.peers import seasons

    yield from seasons.outcomes()


CASES: dict[str, Case] = {
    "eurosys": _eurosys,
    "b1-next-workday": _next_workday,
    "b1-semi-weekly": _semi_weekly,
    "b1-capped": _capped,
    "b2-unknown": _unknown,
    "b2-capped": _gaia_capped,
    "b2c-reserved": _reserved,
    "b3-elastic": _elastic,
    "b4-site-year": _site_year,
    "b5-geo": _geo,
    "dakhla-seasons": _seasons,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What this case can be asked."""
    parser.add_argument("peer_case", metavar="CASE", help=f"{ALL}, or one of {', '.join(CASES)}")
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, metavar="N", help="draws of noise (%(default)s)"
    )


def run(options: argparse.Namespace) -> Iterator[Line]:
    """Lines of every case asked for, each as soon as it is done."""
    data: Path = options.data or DEFAULT_FOLDER
    existing_folder(data)
    if options.peer_case not in (ALL, *CASES):
        raise InputError(
            f"CASE: must be {ALL} or one of {', '.join(CASES)}, got {options.peer_case}"
        )
    if options.seeds < 1:
        raise InputError(f"--seeds: must be at least 1, got {options.seeds}")
    metrics = {metric.name: metric for metric in METRICS}
    for name in CASES if options.peer_case == ALL else (options.peer_case,):
        print(f"{NAME} {name}", file=sys.stderr, flush=True)
        meter = Meter()
        for outcome in CASES[name](data, options.seeds):
            yield line_over_seeds(
                name,
                metrics[outcome.metric],
                [float(value) for value in outcome.values],
                costs=[meter.read()],
                conditions=outcome.conditions,
                n=outcome.n,
                references=outcome.references,
            )
