"""Tables beside a scenario, CSV or parquet, opened with care.

Says what is wrong with a file as a whole; what its rows mean is for `series` and `job_files`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from pyarrow import ArrowException

from scheduler.scenario.suggest import did_you_mean, quoted

LARGEST_BYTES = 50_000_000
LARGEST_ROWS = 1_000_000
FIRST_CSV_ROW = 2


class TableError(Exception):
    """A file, or one row of it, that cannot be used; the message says why and what to do."""

    def __init__(self, message: str, row: int | None = None) -> None:
        """Keep the row as the user counts it, None where the whole file is at fault."""
        super().__init__(message)
        self.row = row


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read, for the provenance of a run.

    Attributes:
        name: As the scenario names it.
        sha256: Of its bytes.
        rows: Rows of data in it.
    """

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a file, and how to name them.

    Attributes:
        frame: CSV cells as text, empty ones missing; parquet as stored.
        first_row: Number users see for the first row: the line of a CSV, 1 in parquet.
        file: For provenance.
    """

    frame: pd.DataFrame
    first_row: int
    file: InputFile

    def row(self, position: int) -> int:
        """How a user names the row at `position`, counted from 0."""
        return self.first_row + int(position)

    def must_have(self, columns: Sequence[str]) -> None:
        """Refuse a file without one of `columns`."""
        for column in columns:
            if column not in self.frame.columns:
                names = [str(name) for name in self.frame.columns]
                raise TableError(f"no column {quoted(column)}{did_you_mean(column, names)}")


def read_table(folder: Path, name: str) -> Table:
    """The table in file `name`, relative to `folder`.

    Raises:
        TableError: Where there is no such file, or no table in it.
    """
    path = folder / name
    parquet = path.suffix == ".parquet"
    if path.suffix not in (".csv", ".parquet"):
        raise TableError(f"must be a .csv or .parquet file, got {quoted(name)}")
    if not path.is_file():
        near = [found.name for found in path.parent.glob(f"*{path.suffix}")]
        raise TableError(
            f"no file {quoted(name)} beside the scenario{did_you_mean(path.name, near)}"
        )
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise TableError(
            f"{quoted(name)} must not exceed {LARGEST_BYTES / 1e6:g} MB, got {size / 1e6:.0f} MB"
        )
    try:
        frame = _read_parquet(path) if parquet else _read_csv(path)
    except UnicodeDecodeError:
        raise TableError(f"{quoted(name)} is not text in UTF-8; save it as such") from None
    except (ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        text = " ".join(str(error).split())
        raise TableError(f"{quoted(name)} holds no readable table: {text}") from None
    if frame.empty:
        raise TableError(f"{quoted(name)} has no rows")
    if len(frame) > LARGEST_ROWS:
        raise TableError(f"{quoted(name)} must not exceed {LARGEST_ROWS} rows, got {len(frame)}")
    if len(set(frame.columns)) < len(frame.columns):
        raise TableError(f"{quoted(name)} has two columns of one name; keep one of them")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Table(frame, 1 if parquet else FIRST_CSV_ROW, InputFile(name, digest, len(frame)))


def _read_csv(path: Path) -> pd.DataFrame:
    # No header for pandas: it would rename the second of two like columns in silence.
    raw = pd.read_csv(
        path,
        header=None,
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=False,
        encoding="utf-8-sig",
    )
    header = [str(name).strip() for name in raw.iloc[0]]
    body = raw.iloc[1:].reset_index(drop=True)
    body.columns = pd.Index(header)
    return body[~body.isna().all(axis=1).to_numpy()[::-1].cumprod()[::-1].astype(bool)]


def _read_parquet(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    if frame.index.name is not None:
        frame = frame.reset_index()
    return frame
