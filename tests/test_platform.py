"""A platform without what POSIX alone has: every module imports, and `train`, `validate` and `apply` work."""

import subprocess
import sys
from pathlib import Path

POSIX_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
POSIX_NAMES = {
    "os": ("O_DIRECTORY", "O_NOFOLLOW", "set_blocking"),
    "signal": ("SIGHUP", "SIGKILL", "SIGPIPE", "pause"),
}

HIDDEN = f"""\
import importlib, os, signal, sys
for name in {POSIX_MODULES}:
    sys.modules[name] = None
for module, names in {POSIX_NAMES}.items():
    for name in names:
        delattr(sys.modules[module], name)
"""

MODULES = """\
import pkgutil
import pyannote.audio
names = [module.name for module in pkgutil.walk_packages(pyannote.audio.__path__, "pyannote.audio.")]
for name in names:
    importlib.import_module(name)
print(len(names), "modules")
"""

COMMANDS = """\
from pyannote.audio.applications import pyannote_audio
root, train, validate, protocol = sys.argv[1:]
for words in (["train", "--to=2", root], ["validate", train], ["apply", validate]):
    status = pyannote_audio.run(["dcase", words[0], "--cpu", *words[1:], protocol])
    assert status == 0, (words, status)
"""


def hidden(program, *arguments):
    """Run a program where the names above are not to be had."""
    command = [sys.executable, "-c", HIDDEN + program, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_module_imports():
    package = Path(__file__).parents[1] / "pyannote" / "audio"
    assert hidden(MODULES) == f"{len(list(package.rglob('*.py'))) - 1} modules\n"


def test_a_model_is_trained_validated_and_applied(experiment, environment):
    hidden(COMMANDS, experiment.root, experiment.train, experiment.validate, experiment.protocol)
    assert list(experiment.applied.glob("*.rttm"))
    assert not list(experiment.root.rglob(".lock.*"))
