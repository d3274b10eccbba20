"""What can still be checked in a scenario with wrong fields.

Names and times are judged only in a world whose fields are all right. So that one run tells
everything, the wrong parts are taken out and the rest is judged, wherever that cannot raise an
alarm that the repair would silence.
"""

from collections.abc import Iterable
from typing import Any

from scheduler.scenario.errors import Path

# Paths whose removal silences checks but raises none; * is any name.
_REMOVABLE: tuple[Path, ...] = (
    ("jobs", "list", "*"),
    ("jobs", "files", "*"),
    ("jobs", "generate"),
    ("investment",),
    ("services", "*"),
    ("events",),
    ("sites", "*", "battery"),
    ("sites", "*", "grid", "demand_charge"),
    ("sites", "*", "weather"),
)
# Stand-ins for parts that cannot be left out and that no other part refers to.
_STAND_INS: tuple[tuple[Path, Any], ...] = (
    (
        ("policy",),
        {
            f"{name}_price_per_{unit}": 1
            for name, unit in (
                ("unmet", "kwh"),
                ("unserved", "request"),
                ("late", "gpu_h"),
                ("unfinished", "gpu_h"),
            )
        },
    ),
    (
        ("sites", "*", "grid"),
        {"import_limit_kw": 1, "tariff": {"price_per_kwh": 1}, "carbon": {"g_per_kwh": 100}},
    ),
    (("sites", "*", "cooling"), {"pue": 1}),
    (("sites", "*", "pv"), {"available_kw": 1, "life_cycle_g_per_kwh": 48}),
    (("sites", "*", "wind"), {"available_kw": 1, "life_cycle_g_per_kwh": 48}),
    (("version",), 1),
    (("name",), "name"),
    (("question",), ""),
    (("description",), ""),
    (("data_note",), ""),
    (("seed",), 0),
    (("currency",), "XXX"),
)


def pruned(content: dict[str, Any], wrong: Iterable[Path], unknown: Iterable[Path]) -> bool:
    """Take the parts at `wrong` and the `unknown` keys out of `content`.

    Returns:
        Whether what is left can be judged fairly; if not, a part others refer to is broken.
    """
    for path in unknown:
        _remove(content, path)
    for path in wrong:
        for pattern in _REMOVABLE:
            if _matches(path, pattern):
                _remove(content, path[: len(pattern)])
                break
        else:
            for pattern, stand_in in _STAND_INS:
                if _matches(path, pattern):
                    _replace(content, path[: len(pattern)], stand_in)
                    break
            else:
                return False
    return True


def _matches(path: Path, pattern: Path) -> bool:
    return len(path) >= len(pattern) and all(
        wanted in ("*", key) for key, wanted in zip(path, pattern, strict=False)
    )


def _remove(content: Any, path: Path) -> None:
    *above, last = path
    for key in above:
        try:
            content = content[key]
        except (KeyError, IndexError, TypeError):
            return
    # A list keeps its numbers: a removed item would renumber the paths of the others.
    if isinstance(content, dict):
        content.pop(last, None)


def _replace(content: Any, path: Path, value: Any) -> None:
    *above, last = path
    for key in above:
        content = content[key]
    content[last] = value
