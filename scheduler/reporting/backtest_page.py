"""The page of a backtest: skill by lead, coverage, PIT and reliability, in one file of HTML.

Its three small drawings are plain SVG, so the page needs no JavaScript and no extra package.
"""

import numpy as np
from jinja2 import Environment, PackageLoader

from forecasting.backtest import BANDS, LEVELS, Backtest
from scheduler.reporting import palette

WIDTH, HEIGHT, MARGIN = 460, 200, 34
_BINS = 10


def table(found: Backtest) -> str:
    """Scores by lead for the terminal."""
    head = f"{'lead h':>7} {'alize':>10} {'harmonics':>10} {'climatology':>12} {'persistence':>12}"
    head += f" {'skill':>8}  95 %"
    rows = [head]
    for place, lead in enumerate(found.leads_h):
        low, high = found.skill_interval[place]
        rows.append(
            f"{lead:>7} {found.crps['alize'][place]:>10.4g} "
            f"{found.crps['harmonics'][place]:>10.4g} "
            f"{found.crps['climatology'][place]:>12.4g} "
            f"{found.crps['persistence'][place]:>12.4g} {found.skill[place]:>8.1%}  "
            f"{low:.1%} to {high:.1%}"
        )
    bands = ", ".join(f"{band:.0%}: {found.coverage[band]:.1%}" for band in BANDS)
    said = [f"truths inside the central bands: {bands}"]
    if found.recalibrated_90 is not None:
        said.append(_recalibrated(*found.recalibrated_90))
    return "\n".join([*rows, *said, f"the record: {found.made_of.in_words()}"])


def _recalibrated(share: float, n: int) -> str:
    return f"90 % band, calibrated on forecasts issued before: {share:.1%} of {n} truths inside"


def page(found: Backtest, *, variable: str, source: str, notes: tuple[str, ...]) -> str:
    """The whole page."""
    environment = Environment(
        loader=PackageLoader("scheduler.reporting"), autoescape=True, trim_blocks=True
    )
    rows = [
        {
            "lead": lead,
            "scores": [f"{found.crps[name][place]:.4g}" for name in _NAMES],
            "skill": f"{found.skill[place]:.1%}",
            "interval": " to ".join(f"{edge:.1%}" for edge in found.skill_interval[place]),
            "sure": bool(found.skill_interval[place][0] > 0),
        }
        for place, lead in enumerate(found.leads_h)
    ]
    return environment.get_template("backtest.html.jinja").render(
        variable=variable,
        source=source,
        notes=notes,
        found=found,
        rows=rows,
        names=_NAMES,
        recalibrated=_recalibrated(*found.recalibrated_90) if found.recalibrated_90 else "",
        made_of=found.made_of.in_words(),
        bands=[(f"{band:.0%}", f"{found.coverage[band]:.1%}") for band in BANDS],
        skill=_skill(found),
        histogram=_histogram(found),
        reliability=_reliability(found),
        colour=palette.PLAN,
        width=WIDTH,
        height=HEIGHT,
        margin=MARGIN,
    )


_NAMES = ("alize", "harmonics", "climatology", "persistence")


def _place(x: float, y: float) -> tuple[float, float]:
    """Pixels of a point of the unit square."""
    across = MARGIN + x * (WIDTH - 2 * MARGIN)
    return round(across, 1), round(HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN), 1)


def _skill(found: Backtest) -> str:
    """Points of skill by lead, the lead on a logarithmic axis, −50 to 100 %."""
    leads = np.log(np.array(found.leads_h, dtype=np.float64))
    x = leads / leads[-1]
    y = np.clip((found.skill + 0.5) / 1.5, 0, 1)
    return " ".join("{},{}".format(*_place(a, b)) for a, b in zip(x, y, strict=True))


def _histogram(found: Backtest) -> list[tuple[float, float, float, float]]:
    """Bars of the PIT histogram; twice the even share fills the height."""
    counts, _ = np.histogram(found.pits, bins=_BINS, range=(0, 1))
    share = counts / max(counts.sum(), 1) * _BINS / 2
    bars = []
    for number, value in enumerate(np.clip(share, 0, 1)):
        left, top = _place(number / _BINS, value)
        right, bottom = _place((number + 1) / _BINS, 0)
        bars.append((left, top, round(right - left - 1, 1), round(bottom - top, 1)))
    return bars


def _reliability(found: Backtest) -> str:
    """How often truths fell below each level, against the level."""
    below = [(found.pits <= level).mean() for level in LEVELS]
    return " ".join(
        "{},{}".format(*_place(a, float(b))) for a, b in zip(LEVELS, below, strict=True)
    )
