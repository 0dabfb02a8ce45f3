"""What more annotation brings: a detector trained on some of the files, and on more of them.

For each number N of files, the training and development files of each protocol are drawn in one random order,
and the first N are trained on. Nothing is chosen by development files: the last epoch and the threshold 0.5
are scored on all test files, whose counts are pooled (segments of 1 s). Trainings are those of
detection_table.py: they are kept, and what was interrupted goes on where it was.

Usage: learning_curve.py [options] <config.yml> <database.yml> <output>

  --files=NUMBERS    Numbers of files, with commas between [default: 2,4,8,12].
  --protocols=NAMES  Protocols that are pooled, with commas between; later ones may be the last part alone
                     [default: TUT2017.SpeakerDiarization.Fold1,Fold2,Fold3,Fold4].
  --seeds=N          Trainings for each number and protocol [default: 1].
  --epochs=N         Epochs of each training [default: 20].
  --jobs=N           Trainings at once, of one thread each [default: 2].
  --keep             Keep trainings by earlier code of the package.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import docopt
import numpy as np
import yaml
from common import table
from detection_configs import Row
from detection_figures import MEASURES, spread
from detection_rows import Figures, Kept, pooled
from detection_runs import Run, common_labels
from detection_scores import LAST
from detection_table import full_names, prepare, trained

from pyannote.audio.applications.terminal import run as run_command
from pyannote.audio.applications.terminal import say, say_table
from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.randomness import generator
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.sources import entries_of, sources_of
from pyannote.audio.io.storage import write_text
from pyannote.audio.io.yaml_files import read_plain


def reduced(protocols: Sequence[str], counts: Sequence[int], output: Path) -> dict[str, Any]:
    """Protocols whose training files are some of those of other protocols, as in a database.yml.

    Parameters
    ----------
    protocols : sequence of str
        Full names.
    counts : sequence of int
        Numbers of training files.
    output : Path
        Folder for their lists.

    Raises
    ------
    UsageError
        If a protocol has fewer files.
    """
    content: dict[str, Any] = {}
    for number, protocol in enumerate(protocols):
        uris = _learnable(protocol)
        order = generator(0, number).permutation(len(uris))
        for count in counts:
            if count > len(uris):
                raise UsageError(f"{protocol} has {len(uris)} files to learn from, not {count}.")
            listed = output / "lists" / f"{protocol}.{count}.lst"
            write_text(listed, "".join(f"{uris[index]}\n" for index in order[:count]))
            subsets = {name: dict(sources_of(protocol, name)) for name in ("train", "test")}
            subsets["train"]["uri"] = listed.resolve()
            paths = {name: {key: str(path) for key, path in own.items()} for name, own in subsets.items()}
            database, task, name = reduced_name(protocol, count).split(".")
            content.setdefault(database, {}).setdefault(task, {})[name] = {"scope": "database", **paths}
    return content


def reduced_name(protocol: str, count: int) -> str:
    """Name of the protocol with a number of training files.

    Examples
    --------
    >>> reduced_name("TUT2017.SpeakerDiarization.Fold1", 4)
    'TUT2017.SpeakerDiarization.Fold1With4Files'
    """
    return f"{protocol}With{count}Files"


def _learnable(protocol: str) -> list[str]:
    """Recordings to learn from: those of train, and of development if there are any."""
    subsets = [name for name in ("train", "development") if entries_of(protocol, name)[1]]
    return sorted({file["uri"] for name in subsets for file in recordings(protocol, name)})


def write_database(original: Path, protocols: Mapping[str, Any], path: Path) -> None:
    """Write a database.yml with other protocols for the recordings of an existing one."""
    databases = read_plain(original)["Databases"]
    for name, places in databases.items():
        several = places if isinstance(places, list) else [places]
        databases[name] = [str(original.resolve().parent / place) for place in several]
    content = {"Databases": databases, "Protocols": dict(protocols)}
    write_text(path, yaml.safe_dump(content, sort_keys=False))


def extrapolated(counts: Sequence[int], rates: Sequence[float], count: int) -> float:
    """Error rate with another number of files, by the power law that fits best: rate = a count^-b.

    Examples
    --------
    >>> round(extrapolated([1, 2, 4], [0.8, 0.4, 0.2], 8), 6)
    0.1
    """
    slope, offset = np.polyfit(np.log(counts), np.log(rates), 1)
    return float(np.exp(offset + slope * np.log(count)))


def draw(counts: Sequence[int], rows: Sequence[Figures], path: Path) -> None:
    """Plot error rate and F1 over the number of files: each training a point, their mean a line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(MEASURES), figsize=(10, 3.2), layout="constrained")
    for axis, (name, (measure, _)) in zip(axes, MEASURES.items(), strict=True):
        values = [[float(measure(pooled(one))) for one in row.trainings[LAST]] for row in rows]
        for count, own in zip(counts, values, strict=True):
            axis.plot([count] * len(own), own, "o", color="tab:blue", alpha=0.4)
        axis.plot(counts, [np.mean(own) for own in values], color="tab:blue")
        axis.set(xscale="log", xlabel="files to learn from", title=name, xticks=counts)
        axis.set_xticks([], minor=True)
        axis.set_xticklabels([str(count) for count in counts])
        axis.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def planned(
    arguments: Mapping[str, Any], counts: Sequence[int], protocols: Sequence[str], labels: tuple[str, ...]
) -> list[Run]:
    """Trainings of all numbers of files, those of one seed before those of the next."""
    epochs = int(arguments["--epochs"])
    row = partial(Row, config=arguments["<config.yml>"])
    run = partial(Run, epochs=epochs, labels=labels, every=epochs, keep=bool(arguments["--keep"]))
    return [
        run(
            row=row(f"{count} files"),
            protocol=reduced_name(protocol, count),
            seed=seed,
            output=Path(arguments["<output>"]),
        )
        for seed in range(int(arguments["--seeds"]))
        for count in counts
        for protocol in protocols
    ]


def report(counts: Sequence[int], rows: Sequence[Figures]) -> str:
    """Markdown of the figures, and what twice as many files would bring."""
    cells = [
        [row.name, *(spread(row.trainings[LAST], measure) for measure, _ in MEASURES.values()), row.marks[0]]
        for row in rows
    ]
    rates = [np.mean([pooled(one).overall.error_rate for one in row.trainings[LAST]]) for row in rows]
    more = 2 * counts[-1]
    extrapolation = f"ER with {more} files, by the power law: {extrapolated(counts, rates, more):.3f}"
    return table(["trained on", *MEASURES, "remarks"], cells) + f"\n\n{extrapolation}"


def main() -> int:
    """Train what is missing, print the table, and draw the curve."""
    arguments = docopt.docopt(__doc__)
    counts = sorted({int(count) for count in arguments["--files"].split(",")})
    database, output = Path(arguments["<database.yml>"]), Path(arguments["<output>"])
    prepare(str(database), [])
    protocols = full_names(arguments["--protocols"])
    # few files may lack a class, which is scored all the same
    labels = common_labels(protocols)
    changed = output / "database.yml"
    write_database(database, reduced(protocols, counts, output), changed)
    prepare(str(changed), [])
    kept = Kept(output)
    runs = planned(arguments, counts, protocols, labels)
    whole = trained(runs, {**arguments, "<database.yml>": str(changed), "--code": None}, kept)
    found = {row.name: row for row in kept.figures(None)}
    rows = [found[f"{count} files"] for count in counts]
    text = report(counts, rows)
    write_text(output / "table.md", text + "\n")
    draw(counts, rows, output / "learning_curve.png")
    say_table(text)
    say(f"The curve is {output / 'learning_curve.png'}.")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(run_command(main))
