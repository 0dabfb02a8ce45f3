"""How long do commands take before they do anything?

Whole processes, from their call to their end. Goals: 0.3 s for `--help` of every command; 6 s for commands on
a data set so small that they have next to nothing to do, with features in the store as at a second start.
The limit is `import torch` in a process of its own. Imports are timed apart, in a process that imports all
that the command has imported, and does nothing else. Training and validation begin anew in each round.

Usage: startup.py [--rounds=N]

  --rounds=N  Times that each process is run [default: 5].
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docopt
import yaml
from commands import MODULE, TUTORIAL, Experiment, detection_experiment, embedding_experiment
from common import interleaved, median, ratio, table

from pyannote.audio.applications.blocks.base import blocks

HELP, START = 0.3, 6.0
MODULES = f"""
import json, sys
from {MODULE} import run
code = run(sys.argv[1:])
print(json.dumps(list(sys.modules)))
sys.exit(code)
"""
IMPORTS = """
import contextlib, importlib, json, sys
for name in json.load(open(sys.argv[1])):
    with contextlib.suppress(Exception):
        importlib.import_module(name)
"""
SHOWN = 6
"""Packages that are named."""


def python(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python to its end; if it fails, its errors are shown."""
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done


def help_row(rounds: int) -> list[object]:
    """Slowest help of all commands, by the median."""
    asked = [[], *([block, name] for block, found in blocks().items() for name in found.commands)]
    arms = {
        " ".join(words): lambda words=words: python("-m", MODULE, *words, "--help")  # type: ignore[misc]
        for words in asked
    }
    spent = {name: median(seconds.tolist()) for name, seconds in interleaved(arms, rounds).items()}
    slowest = max(spent, key=lambda name: spent[name])
    return [f"`--help`, the slowest of {len(asked)} (`{slowest}`)", HELP, f"{spent[slowest]:.2f}", "", ""]


class Start:
    """A command, and what it imports.

    Parameters
    ----------
    experiment : Experiment
        What the command works on.
    command : str
        "train", "validate" or "apply".
    work : Path
        Folder for the list of its imports.
    forget : callable
        Removes what an earlier run of the command has written.
    """

    def __init__(
        self, experiment: Experiment, command: str, work: Path, forget: Callable[[], object] = lambda: None
    ) -> None:
        options = ("--to=1",) if command == "train" else ()
        self.name = f"{experiment.block} {' '.join((command, *options))}"
        self._experiment, self._forget = experiment, forget
        self._arguments = experiment.arguments(command, *options)
        self._imports = work / f"{experiment.block}-{command}.json"
        # the first run fills the store
        self.run()
        forget()
        listed = python("-c", MODULES, *self._arguments, environment=experiment.environment).stdout
        self._imports.write_text(listed.splitlines()[-1])

    def run(self) -> None:
        """Run it, as a user does."""
        self._forget()
        python("-m", MODULE, *self._arguments, environment=self._experiment.environment)

    def imports(self) -> None:
        """Import what it imports."""
        python("-c", IMPORTS, str(self._imports))

    def packages(self) -> Counter[str]:
        """Milliseconds that each package takes to import, without what it imports itself."""
        self._forget()
        done = python(
            "-X", "importtime", "-m", MODULE, *self._arguments, environment=self._experiment.environment
        )
        spent: Counter[str] = Counter()
        for own, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", done.stderr):
            spent[".".join(name.split(".")[: 2 if name.startswith("pyannote.") else 1])] += int(own) // 1000
        return spent


def rows(starts: list[Start], rounds: int) -> Iterator[list[object]]:
    """Whole process and imports of each command, in turns with what torch alone takes."""
    whole = {start.name: start.run for start in starts}
    imports = {f"imports of {start.name}": start.imports for start in starts}
    torch = {"torch": lambda: python("-c", "import torch")}
    # all have run before
    spent = interleaved(whole | imports | torch, rounds, warmup=0)
    seconds = {name: f"{median(of_one.tolist()):.2f}" for name, of_one in spent.items()}
    yield ["`python -c 'import torch'`", "", seconds["torch"], "", 1]
    for name in whole:
        times = ratio(spent[name].tolist(), spent["torch"].tolist())
        yield [f"`{name}`", START, seconds[name], seconds[f"imports of {name}"], times]


@contextmanager
def commands() -> Iterator[list[Start]]:
    """Commands that are started, on data that are removed afterwards."""
    work = Path(tempfile.mkdtemp())
    try:
        config = yaml.safe_load(TUTORIAL.read_text())
        # two batches an epoch
        config["task"]["params"]["per_epoch"] = 0.001
        detection = detection_experiment(work, files=4, seconds=20.0, config=yaml.safe_dump(config))
        embedding = embedding_experiment(work)

        def forget(folder: Path) -> Callable[[], object]:
            return lambda: shutil.rmtree(folder, ignore_errors=True)

        yield [
            Start(detection, "train", work, forget(detection.trained)),
            Start(detection, "validate", work, forget(detection.validated)),
            Start(detection, "apply", work),
            Start(embedding, "train", work, forget(embedding.trained)),
            Start(embedding, "validate", work, forget(embedding.validated)),
        ]
    finally:
        shutil.rmtree(work)


def main() -> None:
    """Print how long commands take, and what they import."""
    rounds = int(docopt.docopt(__doc__)["--rounds"])
    print("help", file=sys.stderr, flush=True)
    found = [help_row(rounds)]
    with commands() as starts:
        print("commands", file=sys.stderr, flush=True)
        found += rows(starts, rounds)
        packages = {start.name: start.packages().most_common(SHOWN) for start in starts}
    print(table(["process", "goal (s)", "seconds", "of which imports", "times `import torch`"], found))
    print("\nMilliseconds that the slowest packages take to import, each without what it imports itself:\n")
    print(table(["process", "packages"], [[f"`{n}`", _listed(p)] for n, p in packages.items()]))


def _listed(packages: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {milliseconds}" for name, milliseconds in packages)


if __name__ == "__main__":
    main()
