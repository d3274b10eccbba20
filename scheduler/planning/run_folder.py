"""A planned run on disk: written whole or not at all, read back without solving anything again.

A folder can be sent to a colleague or an auditor. The same run gives the same bytes; only the
seconds the solve took, in `plan.json` and `provenance.json`, may differ.
"""

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from optimizer.plan import Plan, Prices, Proof, Solution
from optimizer.problem import Problem
from optimizer.shortfalls.conflict import Conflict
from scheduler.accounting.kpis import Gain, Kpis
from scheduler.accounting.spread import Spread
from scheduler.errors import DataUnavailable, InputError
from scheduler.planning import codec
from scheduler.planning.document import document
from scheduler.planning.foresight import Futures
from scheduler.planning.run import Forecasts, PlannedRun, Step
from scheduler.planning.timeseries import csv_text
from scheduler.scenario import Scenario, ScenarioError, dump, load
from scheduler.scenario.table import InputFile

SCHEMA = "alize.dev/run/v1"
SCENARIO, PROBLEM, PLAN, PRICES = "scenario.yaml", "problem.json", "plan.json", "prices.json"
BASELINE, KPIS, FORECASTS = "baseline.json", "kpis.json", "forecasts.json"
TIMESERIES, PROVENANCE = "timeseries.csv", "provenance.json"
#: There where the plan was made for several futures.
FUTURES = "futures.json"
FILES = (
    SCENARIO,
    PROBLEM,
    PLAN,
    PRICES,
    BASELINE,
    KPIS,
    FORECASTS,
    TIMESERIES,
    PROVENANCE,
)
#: What reading a file that somebody else has changed can end in.
DAMAGES = (
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    codec.DamagedDocument,
)
AGAIN = "`alize plan` writes the folder anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """What `plan.json` holds."""

    plan: Plan
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marginals:
    """What `prices.json` holds."""

    prices: Prices
    idle_prices: Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """What `provenance.json` holds.

    Attributes:
        inputs: Files the scenario was read from, beside its own.
        notes: The scenario's.
    """

    schema: str
    basis: str
    issued_at: datetime
    versions: Mapping[str, str]
    seed: int
    stage: str
    seconds: float
    digest: str
    source: str
    inputs: tuple[InputFile, ...]
    notes: tuple[str, ...]
    left_for_later: tuple[str, ...]


def write(run: PlannedRun, folder: Path, *, replace: bool = False) -> None:
    """Write `run` into a new `folder`; nothing is left behind where that fails.

    Raises:
        InputError: The folder exists and may not be replaced, or cannot be written.
    """
    if folder.exists() and not (replace and is_run_folder(folder)):
        hint = "choose another name" if is_run_folder(folder) else "it holds something else"
        raise InputError(f"{folder}: exists already and is left as it is; {hint}")
    contents = rendered(run)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    try:
        for name, text in contents.items():
            (made / name).write_text(text, encoding="utf-8", newline="\n")
        made.chmod(0o755)
        if folder.exists() and _same(contents, folder):
            _keep_others(folder, made)
        _put(made, folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _same(contents: Mapping[str, str], folder: Path) -> bool:
    """Whether `folder` holds these very files, but for how long the solve took."""
    others = (name for name in contents if name != PROVENANCE)
    return all((folder / name).read_bytes() == contents[name].encode() for name in others)


def _keep_others(folder: Path, made: Path) -> None:
    """Copy what else lies in `folder`, such as its report and somebody's notes."""
    for kept in folder.iterdir():
        if kept.name not in (*FILES, FUTURES) and kept.is_file():
            shutil.copy2(kept, made / kept.name)


def _put(made: Path, folder: Path) -> None:
    """Give `made` the name `folder`; an old one is set aside first and removed after."""
    if not folder.exists():
        made.rename(folder)
        return
    aside = made.with_name(made.name + "-old")
    folder.rename(aside)
    try:
        made.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def is_run_folder(path: Path) -> bool:
    """Whether `path` looks like a run folder, whole or not."""
    return (path / PROVENANCE).is_file()


def rendered(run: PlannedRun) -> dict[str, str]:
    """The text of every file of a run folder, by name."""
    proof = run.solution.proof
    origin = _Origin(
        schema=SCHEMA,
        basis=run.basis,
        issued_at=run.issued_at,
        versions=dict(sorted(run.versions.items())),
        seed=proof.seed,
        stage=proof.stage.value,
        seconds=proof.seconds,
        digest=run.digest,
        source=run.scenario.source,
        inputs=run.scenario.files,
        notes=run.scenario.notes,
        left_for_later=run.left_for_later,
    )
    prices = _Marginals(prices=run.solution.prices, idle_prices=run.solution.idle_prices)
    kpis = document(run)
    del kpis["solver"]["seconds"]
    futures = {} if run.futures is None else {FUTURES: codec.text(codec.encode(run.futures))}
    return {
        SCENARIO: dump(run.scenario),
        PROBLEM: codec.text(codec.encode(run.problem)),
        PLAN: codec.text(codec.encode(_Decision(plan=run.plan, proof=proof))),
        PRICES: codec.text(codec.encode(prices)),
        BASELINE: codec.text(codec.encode(run.baseline)),
        KPIS: codec.text(kpis),
        FORECASTS: codec.text(codec.encode(run.forecasts)),
        TIMESERIES: csv_text(run),
        PROVENANCE: codec.text(codec.encode(origin)),
        **futures,
    }


def read(folder: Path) -> PlannedRun:
    """The run in `folder`.

    Raises:
        DataUnavailable: There is no such folder.
        InputError: It is no run folder, or a file of it is missing or damaged.
    """
    _must_be_whole(folder)
    origin = _decoded(folder, PROVENANCE, _Origin)
    if origin.schema != SCHEMA:
        raise InputError(
            f"{folder / PROVENANCE}: schema must be {SCHEMA}, got {origin.schema}; "
            "read it with the version of Alizé that wrote it"
        )
    decision = _decoded(folder, PLAN, _Decision)
    marginals = _decoded(folder, PRICES, _Marginals)
    kpis = _json(folder, KPIS)
    try:
        run = PlannedRun(
            scenario=_scenario(folder, origin),
            issued_at=origin.issued_at,
            basis=origin.basis,
            forecasts=_decoded(folder, FORECASTS, Forecasts),
            problem=_decoded(folder, PROBLEM, Problem),
            solution=Solution(
                plan=decision.plan,
                proof=decision.proof,
                prices=marginals.prices,
                idle_prices=marginals.idle_prices,
            ),
            baseline=_decoded(folder, BASELINE, Plan),
            versions=origin.versions,
            digest=origin.digest,
            left_for_later=origin.left_for_later,
            futures=_decoded(folder, FUTURES, Futures) if (folder / FUTURES).is_file() else None,
            conflicts=tuple(_conflict(one) for one in kpis["conflicts"]),
            **_figures(kpis["kpis"]),
        )
    except DAMAGES as error:
        raise _damaged(folder / KPIS, error) from None
    return run


def differing(folder: Path, run: PlannedRun) -> tuple[str, ...]:
    """Files of `folder` that do not say what `run`, read from it, says: edited, or a stale copy."""
    return tuple(
        name
        for name, text in rendered(run).items()
        if (folder / name).read_bytes() != text.encode()
    )


def _must_be_whole(folder: Path) -> None:
    if not folder.exists():
        raise DataUnavailable(f"{folder}: no such run; `alize plan` writes one")
    if not is_run_folder(folder):
        raise InputError(f"{folder}: is no run folder, it has no {PROVENANCE}; name another")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder}: misses {', '.join(missing)}; {AGAIN}")


def _scenario(folder: Path, origin: _Origin) -> Scenario:
    try:
        scenario = load(folder / SCENARIO)
    except ScenarioError as error:
        raise InputError(f"{error}\n{folder / SCENARIO}: damaged; {AGAIN}") from None
    return dataclasses.replace(
        scenario, source=origin.source, files=origin.inputs, notes=origin.notes
    )


def _figures(kpis: Any) -> dict[str, Any]:
    """What `kpis.json` alone holds: the figures as they were told."""
    spread = kpis["spread"]
    if spread is not None:
        spread = {name: spread[name] for name in ("n_scenarios", "plan", "baseline")}
    return {
        "kpis": codec.decode(kpis["plan"], Kpis),
        "baseline_kpis": codec.decode(kpis["baseline"], Kpis),
        "gain": Gain(
            energy_efficiency_percent=kpis["energy_efficiency_gain_percent"],
            facility_efficiency_percent=kpis["facility_efficiency_gain_percent"],
            reason=kpis["energy_efficiency_gain_reason"] or "",
        ),
        "waterfall": tuple(
            Step(freedom=step["freedom"], kpis=codec.decode(step["after"], Kpis))
            for step in kpis["savings"]["waterfall"]
        ),
        "spread": None if spread is None else codec.decode(spread, Spread),
    }


def _conflict(told: Mapping[str, Any]) -> Conflict:
    """Without its sentence, which is told anew."""
    return codec.decode(
        {name: value for name, value in told.items() if name != "sentence"}, Conflict
    )


def _decoded(folder: Path, name: str, kind: type[codec.T]) -> codec.T:
    try:
        return codec.decode(_json(folder, name), kind)
    except DAMAGES as error:
        raise _damaged(folder / name, error) from None


def _json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise _damaged(folder / name, error) from None
    except OSError as error:
        raise InputError(f"{folder / name}: cannot be read: {error.strerror}") from None


def _damaged(path: Path, error: Exception) -> InputError:
    what = f"misses {error}" if isinstance(error, KeyError) else str(error)
    return InputError(f"{path}: damaged: {what}; {AGAIN}")
