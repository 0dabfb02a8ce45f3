"""Run benchmarks, each in a process of its own, and write what they find to RESULTS.md.

Each file beside this one answers one question: its first line asks it, and what it prints, as Markdown, is
the answer. Answers are kept in `results/`, one file a question, so that some can be measured again, or on
another machine, and the others stay. RESULTS.md is all of them, one after the other.

Usage: benchmarks [--list | --collect] [<name>...]

  --list      Show the names, and run nothing.
  --collect   Write RESULTS.md from the answers that are there, and run nothing.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import date
from pathlib import Path

import docopt
from common import NOT_HERE, machine

HERE = Path(__file__).parent
RESULTS = HERE / "results"
ORDER = (
    "feature_speed",
    "store_start",
    "training_speed",
    "embedding_speed",
    "training_peers",
    "distributed_speed",
    "gpu_speed",
    "threshold_speed",
    "validation_speed",
    "apply_speed",
    "long_recording",
    "startup",
    "peak_memory",
    "growth",
)
"""Names of the benchmarks, in the order in which they are run and shown."""
OPENING = """\
# Results

Made by `python scripts/benchmarks`, which runs the files of this folder and keeps what they print. The arms
of a comparison take turns in one run; figures are medians, with the lowest and the highest in brackets.
"""
ELSEWHERE = """\
## What helps a detector, and what helps a speaker embedding?

These two take hours and real recordings, and are run by hand: `detection_table.py database.yml output` and
`embedding_table.py --noise=... --domains=... <protocol> output`. Their tables and what they say are in the
tutorials, on [detection](../../tutorials/models/dcase/results.md) and on
[embeddings](../../tutorials/models/speaker_embedding/results.md).
"""


def documentation(name: str) -> list[str]:
    """Paragraphs of the docstring of a benchmark, without its usage."""
    text = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return [part for part in text.split("\n\n") if not part.startswith(("Usage:", "  -"))]


def measure(name: str) -> bool:
    """Run a benchmark, and keep what it prints if it succeeds."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, HERE / f"{name}.py"], stdout=subprocess.PIPE, text=True)
    if done.returncode == NOT_HERE:
        return True
    if done.returncode:
        print(f"{name} has failed; its last answer stays.", file=sys.stderr, flush=True)
        return False
    title, *explained = documentation(name)
    answer = [
        f"## {title}",
        *explained,
        f"`{name}.py`, {date.today().isoformat()}: {machine()}.",
        done.stdout.strip(),
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n\n".join(answer) + "\n", encoding="utf-8")
    return True


def collect() -> None:
    """Write RESULTS.md."""
    kept = [RESULTS / f"{name}.md" for name in ORDER]
    answers = [path.read_text(encoding="utf-8") for path in kept if path.exists()]
    (HERE / "RESULTS.md").write_text("\n".join([OPENING, *answers, ELSEWHERE]), encoding="utf-8")


def main() -> None:
    """Run what is asked for."""
    arguments = docopt.docopt(__doc__)
    names = arguments["<name>"] or [name for name in ORDER if (HERE / f"{name}.py").exists()]
    if unknown := sorted(set(names) - set(ORDER)):
        raise SystemExit(f"There is no benchmark {unknown[0]}; there are {', '.join(ORDER)}.")
    if arguments["--list"]:
        print("\n".join(names))
        return
    succeeded = [arguments["--collect"] or measure(name) for name in names]
    collect()
    raise SystemExit(0 if all(succeeded) else 1)


if __name__ == "__main__":
    main()
