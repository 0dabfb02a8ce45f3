"""What helps a speaker embedding, and what does not: any configurations, side by side.

Every row is trained with each seed, once for each fold of the training speakers, which it leaves out and is
scored on, and once with all training speakers, to be scored on the trials of the test subset. Choose by the
folds, and look at the trials of what has been chosen. Last epochs are scored, each recording with one
embedding of all of it, by several back-ends that compare the same embeddings. What has been trained is kept,
and trained again only if its configuration, its files, or the code that trains have changed; what was
interrupted goes on where it was. Rows of earlier runs stay in the table.

Usage: embedding_table.py [options] [--row=ROW]... <protocol> <output>

  --row=ROW        NAME=CONFIG [KEY=VALUE]... [--epochs=N]: a configuration, entries of it to set
                   (architecture.params.dimension=64), and epochs (default: those of one cycle of the learning
                   rate). Default: rows of the tutorial.
  --against=NAME   Compare the other rows with this one, by a bootstrap over speakers.
  --seeds=N        Trainings of each row and fold [default: 2].
  --folds=N        Folds of the training speakers; 0 for none [default: 3].
  --no-trials      Train without the speakers of each fold only.
  --domains=D      Beginnings of uris, with commas between, of pairs that are also scored apart.
  --code=FILES     Python files with classes that configurations name, with commas between.
  --only-table     Print the table of what has been trained.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docopt
import torch
from detection_configs import Row, named_rows
from embedding_figures import Kept, tables
from embedding_runs import Run, finish

from pyannote.audio.applications.terminal import run as run_command
from pyannote.audio.applications.terminal import say, say_table, warn
from pyannote.audio.config.classes import load_code
from pyannote.audio.core.errors import ToolkitError, UsageError
from pyannote.audio.database.trials import is_verification
from pyannote.audio.io.storage import write_text

CONFIGS = Path(__file__).resolve().parents[2] / "tutorials" / "models" / "speaker_embedding"
XVECTOR = f"{CONFIGS}/config.xvector.yml"
INSIDE = "architecture.params"
TUTORIAL = (
    f"XVector={XVECTOR}",
    f"statistics of length 0.3={XVECTOR} {INSIDE}.statistics_length=0.3",
    f"no statistics={XVECTOR} {INSIDE}.input_statistics=none",
    f"ClopiNet, TripletLoss={CONFIGS}/config.triplet.yml",
)


def checked(arguments: Mapping[str, Any]) -> list[Row]:
    """Rows that are named, or those of the tutorial.

    Raises
    ------
    UsageError
        If a number or a row is none, two rows have one name, or the protocol has no trials.
    """
    for option, least in (("--seeds", 1), ("--folds", 0)):
        if not (arguments[option].isdigit() and int(arguments[option]) >= least):
            raise UsageError(f"{option}={arguments[option]} is no whole number of at least {least}.")
    if arguments["--folds"] == "1":
        raise UsageError("--folds=1 leaves nobody to train on.", fix="Name two folds or more, or 0.")
    if arguments["--no-trials"] and arguments["--folds"] == "0":
        raise UsageError("--folds=0 and --no-trials together leave nothing to score.")
    if not is_verification(arguments["<protocol>"]):
        raise UsageError(
            f"{arguments['<protocol>']} has no trials.", fix="Name a SpeakerVerification protocol."
        )
    rows = named_rows(arguments["--row"] or TUTORIAL)
    for row in rows:
        if row.duration or row.shuffled:
            raise UsageError(f"The row {row.name} has an option other than --epochs.")
    return rows


def planned(arguments: Mapping[str, Any], rows: Sequence[Row]) -> list[Run]:
    """Trainings of the rows: those of one seed of all rows before those of the next."""
    folds = int(arguments["--folds"])
    parts: list[int | None] = [*range(folds), *([] if arguments["--no-trials"] else [None])]
    output = Path(arguments["<output>"])
    return [
        Run(row, arguments["<protocol>"], seed, fold, folds, output)
        for seed in range(int(arguments["--seeds"]))
        for row in rows
        for fold in parts
    ]


def trained(runs: Sequence[Run], kept: Kept) -> bool:
    """Train what is missing, keep which trainings rows have, and return whether nothing has failed."""
    failed = False
    for number, run in enumerate(runs, start=1):
        label = f"{run.row.name}, seed {run.seed}, {run.part}"
        try:
            folder = finish(run)
        except ToolkitError as error:
            warn(f"{label}: {error}")
            failed = True
        else:
            kept.add(run, folder.name)
            say(f"{number} of {len(runs)}: {label}: {folder.name}")
    return not failed


def main() -> int:
    """Train what is missing, and print the table."""
    arguments = docopt.docopt(__doc__)
    # the sums of several threads would depend on the machine
    torch.set_num_threads(1)
    for file in (arguments["--code"] or "").split(","):
        if file:
            load_code(file)
    rows, output = checked(arguments), Path(arguments["<output>"])
    kept = Kept(output)
    done = arguments["--only-table"] or trained(planned(arguments, rows), kept)
    domains = arguments["--domains"].split(",") if arguments["--domains"] else []
    text = tables(kept.figures(), arguments["--against"], domains)
    write_text(output / "table.md", text + "\n")
    say_table(text)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(run_command(main))
