"""Where the public data lie, found by pattern, and refused in one line where they do not.

A pattern leaves months, zones and grids open, so that another folder of the same layout works.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from scheduler.errors import DataUnavailable

# Beside the repository: the data may not be redistributed with it.
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"


def existing_folder(folder: Path) -> Path:
    """`folder`, made sure of.

    Raises:
        DataUnavailable: Where there is none.
    """
    if not folder.is_dir():
        raise DataUnavailable(f"no data folder {folder}; name another with --data DIR")
    return folder


def read_all(folder: Path, pattern: str, columns: Sequence[str]) -> pd.DataFrame:
    """`columns` of every file that fits `pattern`, files in the order of their names.

    Raises:
        DataUnavailable: Where none fits, or one lacks a column.
    """
    paths = sorted(existing_folder(folder).glob(pattern))
    if not paths:
        raise DataUnavailable(f"no file {pattern} in {folder}; name another folder with --data DIR")
    frames = []
    for path in paths:
        frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise DataUnavailable(f"{path.name}: no column {', '.join(missing)}")
        frames.append(frame[list(columns)])
    return pd.concat(frames, ignore_index=True)
