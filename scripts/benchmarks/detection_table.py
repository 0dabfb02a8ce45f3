"""What helps a sound event detector, and what does not: any configurations, side by side.

Every row is trained on each protocol (such as the folds of one) with each seed, and applied to its test
files; the counts of all protocols are pooled, as the challenge does, and scored in segments of 1 s (error
rate and F1 as sed_eval defines them). What has been trained is kept, and trained again only if its
configuration, its files, or the code that trains have changed; what was interrupted goes on where it was.
Rows of earlier runs stay in the table.

Usage: detection_table.py [options] [--row=ROW]... <database.yml> <output>

  --row=ROW          NAME=CONFIG [KEY=VALUE]... [--duration=D] [--epochs=N] [--shuffled]: a configuration,
                     entries of it to set (task.params.logavgmel=False), seconds of a chunk when it is
                     applied, epochs, and whether each file gets the long-term vector of another one
                     (default: rows of the tutorial).
  --against=NAME     Compare the other rows with this one, by a bootstrap over files.
  --protocols=NAMES  Protocols that are pooled, with commas between; later ones may be the last part alone
                     [default: TUT2017.SpeakerDiarization.Fold1,Fold2,Fold3,Fold4].
  --seeds=N          Trainings of each row and protocol [default: 2].
  --epochs=N         Epochs of each training [default: 20].
  --every=N          Score epochs that are multiples of N, and the last one [default: 1].
  --mean=N           Also the mean of the scores of N trainings with different seeds, in each combination.
  --way=WAY          Selection of epochs and thresholds of the first tables
                     [default: class-wise, default]; without development files: last epoch, 0.5.
  --labels=L         Classes: those of the data, or of the config [default: data].
  --code=FILES       Python files with classes that configurations name, with commas between.
  --jobs=N           Trainings at once, of one thread each [default: 2].
  --keep             Keep trainings by earlier code of the package.
  --only-table       Print the table of what has been trained.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import docopt
import torch
from detection_configs import named_rows
from detection_figures import tables
from detection_rows import Kept
from detection_runs import Row, Run, common_labels, finish
from detection_scores import WAYS

from pyannote.audio.applications.terminal import run as run_command
from pyannote.audio.applications.terminal import say, say_table, warn
from pyannote.audio.config.classes import load_code
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import ToolkitError, UsageError
from pyannote.audio.database.known_protocols import load_database
from pyannote.audio.io.storage import write_text

HERE = Path(__file__).resolve().parent
CONFIGS = HERE.parents[1] / "tutorials" / "models" / "dcase"
TUTORIAL = (
    f"Dcase, short-term input alone={CONFIGS}/config.yml task.params.logavgmel=False",
    f"Dcase, with long-term input={CONFIGS}/config.yml",
    f"Dcase, long-term input shuffled between files={CONFIGS}/config.yml --shuffled",
    f"Crnn, with long-term input={CONFIGS}/config.crnn.yml",
)


def prepare(database: str, code: Sequence[str]) -> None:
    """Prepare a process: protocols, classes of the user, and one thread."""
    torch.set_num_threads(1)
    load_database(database)
    for file in code:
        load_code(file)


def work(runs: Sequence[Run]) -> list[str | ToolkitError]:
    """Train and score in a worker, and return the name of each folder, or why that failed."""
    return [_attempted(run) for run in runs]


def _attempted(run: Run) -> str | ToolkitError:
    try:
        return finish(run).name
    except ToolkitError as error:
        return error


def sharing(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs in groups, each of which shares a training: rows that differ in how they are applied alone."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        content = [run.row.content(run.labels), run.row.shuffled, run.protocol, run.seed, run.epochs]
        groups.setdefault(digest(content), []).append(run)
    return list(groups.values())


def full_names(protocols: str) -> list[str]:
    """Full names of protocols; those that are the last part alone belong to the first one."""
    first, *others = protocols.split(",")
    return [first, *(one if "." in one else f"{first.rpartition('.')[0]}.{one}" for one in others)]


def planned(arguments: Mapping[str, Any], rows: Sequence[Row]) -> list[Run]:
    """Trainings of the rows, those of one seed of all rows before those of the next."""
    protocols = full_names(arguments["--protocols"])
    labels = common_labels(protocols) if arguments["--labels"] == "data" else None
    return [
        Run(
            row,
            protocol,
            seed,
            row.epochs or int(arguments["--epochs"]),
            labels,
            int(arguments["--every"]),
            Path(arguments["<output>"]),
            bool(arguments["--keep"]),
        )
        for seed in range(int(arguments["--seeds"]))
        for row in rows
        for protocol in protocols
    ]


def trained(runs: Sequence[Run], arguments: Mapping[str, Any], kept: Kept) -> bool:
    """Train what is missing, keep which trainings rows have, and return whether nothing has failed."""
    # threads of libraries are set before a process begins
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    pool = ProcessPoolExecutor(
        int(arguments["--jobs"]),
        multiprocessing.get_context("spawn"),
        prepare,
        (str(Path(arguments["<database.yml>"]).resolve()), _files(arguments["--code"])),
    )
    number, failed = 0, False
    try:
        futures = {pool.submit(work, group): group for group in sharing(runs)}
        for future in as_completed(futures):
            for run, folder in zip(futures[future], future.result(), strict=True):
                number, label = number + 1, f"{run.row.name}, {run.protocol}, seed {run.seed}"
                if isinstance(folder, ToolkitError):
                    warn(f"{label}: {folder}")
                    failed = True
                else:
                    kept.add(run, folder)
                    say(f"{number} of {len(runs)}: {label}: {folder}")
    except BaseException:
        # finished epochs are safe: nobody waits for trainings that are under way
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return not failed


def _files(code: str | None) -> list[str]:
    return [str(Path(file).resolve()) for file in (code or "").split(",") if file]


def checked(arguments: Mapping[str, Any]) -> list[Row]:
    """Rows that are named, or those of the tutorial.

    Raises
    ------
    UsageError
        If a number, a way, or a row is none, or two rows have one name.
    """
    for option in ("--seeds", "--epochs", "--every", "--jobs", "--mean"):
        if arguments[option] is not None and not (arguments[option].isdigit() and int(arguments[option])):
            raise UsageError(f"{option}={arguments[option]} is no number above 0.")
    if arguments["--labels"] not in ("data", "config"):
        raise UsageError(f"--labels={arguments['--labels']} is neither data nor config.")
    if arguments["--way"] not in WAYS:
        raise UsageError(f"There is no way {arguments['--way']!r} to select; there are {'; '.join(WAYS)}.")
    if not Path(arguments["<database.yml>"]).is_file():
        raise UsageError(f"There is no file {arguments['<database.yml>']}.", fix="Name a database.yml.")
    return named_rows(arguments["--row"] or TUTORIAL)


def main() -> int:
    """Train what is missing, and print the table."""
    arguments = docopt.docopt(__doc__)
    rows, output = checked(arguments), Path(arguments["<output>"])
    prepare(arguments["<database.yml>"], _files(arguments["--code"]))
    kept = Kept(output)
    done = arguments["--only-table"] or trained(planned(arguments, rows), arguments, kept)
    mean = int(arguments["--mean"]) if arguments["--mean"] else None
    text = tables(list(kept.figures(mean)), arguments["--against"], arguments["--way"])
    write_text(output / "table.md", text + "\n")
    say_table(text)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(run_command(main))
