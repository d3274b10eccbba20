"""What the shell offers after Tab: worlds that ship, runs, jobs of the last run.

Reads names of files only, since Tab must answer at once; it never fails, it offers less.
"""

import json
import os
from pathlib import Path

WORLDS = Path(__file__).parent.parent / "scenario" / "worlds"


def worlds(incomplete: str) -> list[str]:
    """Worlds that ship."""
    names = sorted(path.stem for path in WORLDS.glob("*.yaml"))
    return [name for name in names if name.startswith(incomplete)]


def jobs(incomplete: str) -> list[str]:
    """Jobs of the last run."""
    kpis = Path(os.environ.get("ALIZE_RUNS_DIR", "runs"), "latest", "kpis.json")
    try:
        placements = json.loads(kpis.read_text(encoding="utf-8"))["placements"]
        names = [str(one["job"]) for one in placements]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [name for name in names if name.startswith(incomplete)]
