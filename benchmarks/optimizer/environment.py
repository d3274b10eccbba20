"""An environment of its own for what is only compared with, never a dependency of the project.

Made once from pinned versions, in the user's cache or where one says; made again when the pins
change.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

from scheduler.errors import DataUnavailable

LINOPY = Path(__file__).with_name("linopy.requirements.txt")
READY = ".ready"


def cache_folder() -> Path:
    """Where environments are kept unless another folder is named."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "alize" / "benchmarks"


def home_of(requirements: Path, folder: Path) -> Path:
    """The environment of these pins and this Python below `folder`."""
    pins = f"{sys.version_info[:2]}{requirements.read_text(encoding='utf-8')}"
    key = hashlib.sha256(pins.encode()).hexdigest()[:12]
    return folder.absolute() / f"{requirements.name.partition('.')[0]}-{key}"


def python_with(requirements: Path, folder: Path) -> Path:
    """An interpreter with exactly the packages of `requirements`, below `folder`.

    Raises:
        DataUnavailable: Where pip cannot install them; with the last it said.
    """
    home = home_of(requirements, folder)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    if (home / READY).exists():
        return python
    print(f"making {home} from {requirements.name}", file=sys.stderr, flush=True)
    venv.create(home, clear=True, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--requirement", requirements],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise DataUnavailable(f"pip could not install {requirements.name} into {home}: {said}")
    (home / READY).touch()
    return python
