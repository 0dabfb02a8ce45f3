"""What can run code that stands in data is kept out of the package, but for places that are named here."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("pyannote", "scripts") for path in (ROOT / folder).rglob("*.py"))

ALLOWED = {
    ("pyannote/audio/io/tensor_files.py", "torch.load"): "with weights_only=True, of checked archives",
    ("pyannote/audio/io/workers.py", "pickle"): "of what this program has sent to its own workers",
    ("pyannote/audio/io/workers.py", "pickle.loads"): "of what this program has sent to its own workers",
    ("pyannote/audio/io/workers.py", "cloudpickle.dumps"): "it writes, for its own workers",
    ("pyannote/audio/io/workers.py", "pkgutil.resolve_name"): "asks workers for a name that stands there",
    ("pyannote/audio/io/yaml_files.py", "yaml.load"): "with a SafeLoader, of text that is checked",
    ("pyannote/audio/io/yaml_entries.py", "yaml.compose"): "gives nodes, from which nothing is built",
    ("pyannote/audio/io/yaml_files.py", "yaml.parse"): "gives events, from which nothing is built",
    ("pyannote/audio/config/yaml_lines.py", "yaml.load"): "with a SafeLoader, of text that is checked",
    ("pyannote/audio/config/yaml_lines.py", "yaml.compose"): "gives nodes, from which nothing is built",
    ("pyannote/audio/config/classes.py", "importlib.import_module"): "of folders of the package",
    ("pyannote/audio/config/registry.py", "importlib.import_module"): "of files that are listed as classes",
    ("pyannote/audio/core/class_files.py", "importlib.import_module"): "by names in code",
    ("scripts/write_stubs.py", "importlib.import_module"): "of all packages of the project",
    ("pyannote/audio/core/user_code.py", "importlib.machinery.SourceFileLoader"): "the file of --code",
    ("pyannote/audio/core/user_code.py", "importlib.util.spec_from_loader"): "the file of --code",
    ("pyannote/audio/applications/blocks/base.py", "importlib.import_module"): "of files of its folder",
    ("pyannote/audio/database/formats/base.py", "importlib.import_module"): "of files of its folder",
    ("pyannote/audio/applications/commands.py", "importlib.import_module"): "commands of a block",
    **dict.fromkeys(
        [
            ("scripts/benchmarks/detection_configs.py", "yaml.safe_load"),
            ("scripts/benchmarks/startup.py", "yaml.safe_load"),
            ("scripts/benchmarks/growth.py", "numpy.load"),
            ("scripts/benchmarks/growth.py", "numpy.lib.format.open_memmap"),
        ],
        "of files that the benchmark has made, or that belong to the project",
    ),
}
"""Places, and why nobody's data can run anything there."""

MODULES = {"pickle", "cPickle", "_pickle", "dill", "marshal", "shelve", "imp", "runpy", "pty", "code"}
"""Modules that are not to be imported."""

BUILTINS = {"eval", "exec", "compile", "__import__"}

CALLS = {
    "torch.load",
    "torch.jit.load",
    "joblib.load",
    "pandas.read_pickle",
    "pkgutil.resolve_name",
    "importlib.import_module",
    "importlib.util.spec_from_file_location",
    "importlib.util.spec_from_loader",
    "importlib.machinery.SourceFileLoader",
    "tempfile.mktemp",
    "os.system",
    "os.popen",
    "os.startfile",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "numpy.lib.format.open_memmap",
    "numpy.lib.format.read_array",
}
CALLS |= {
    f"yaml.{name}{every}"
    for name in ("load", "full_load", "unsafe_load", "safe_load", "parse", "compose")
    for every in ("", "_all")
}
FAMILIES = ("pickle.", "cloudpickle.", "marshal.", "shelve.", "torch.hub.", "torch.package.")
FAMILIES += ("os.exec", "os.spawn", "os.posix_spawn")


def names(tree):
    """What names in a file stand for, by its imports."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                known[one.asname or one.name.split(".")[0]] = (
                    one.name if one.asname else one.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            known.update({one.asname or one.name: f"{node.module}.{one.name}" for one in node.names})
    return known


def dotted(node, known):
    """Full name of what an expression refers to, if it is a name with dots."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (before := dotted(node.value, known)):
        return f"{before}.{node.attr}"
    return None


def keywords(call):
    return {one.arg: one.value for one in call.keywords}


def is_false(value):
    return isinstance(value, ast.Constant) and value.value is False


def of_imports(node):
    if isinstance(node, ast.Import):
        modules = [one.name for one in node.names]
    else:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return [module for module in modules if module.split(".")[0] in MODULES]


def of_call(node, known):
    name, given = dotted(node.func, known) or "", keywords(node)
    found = []
    if name == "numpy.load" and not is_false(given.get("allow_pickle")):
        found.append(name)
    if name in CALLS or name.startswith(FAMILIES):
        found.append(name)
    if name == "torch.load" and not (
        isinstance(given.get("weights_only"), ast.Constant) and given["weights_only"].value is True
    ):
        found.append("weights_only")
    if "shell" in given and not is_false(given["shell"]):
        found.append("shell=True")
    if "allow_pickle" in given and not is_false(given["allow_pickle"]):
        found.append("allow_pickle")
    return found


def findings(source):
    """What of the forbidden stands in a source."""
    tree = ast.parse(source)
    known = names(tree)
    found = []
    for node in ast.walk(tree):
        found += of_imports(node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in known:
            # a builtin need not be called to be handed on
            found += [node.id] if node.id in BUILTINS else []
        if isinstance(node, (ast.Name, ast.Attribute)) and (name := dotted(node, known)):
            # nor need a function
            found += [name] if name in CALLS else []
        if isinstance(node, ast.Call):
            found += of_call(node, known)
    return sorted(set(found))


def test_the_package_holds_nothing_but_what_is_allowed(promise):
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in FILES
        for name in findings(path.read_text(encoding="utf-8"))
    }
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "these are allowed, and not there any more"
    places = {file for file, _ in ALLOWED if file.startswith("pyannote")}
    promise(
        "No data is unpickled, evaluated or given to a shell.",
        "Look for `torch.load`, `pickle`, `yaml.load`, `eval`, `exec`, `shell=True` and their like in the "
        "syntax trees of the package and the scripts.",
        f"{len(FILES)} files, {len(found - ALLOWED.keys())} places beside {len(places)} files that are named "
        "with reasons",
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\ntorch.load('a')", ["torch.load", "weights_only"]),
        ("import torch as t\nt.load('a', weights_only=False)", ["torch.load", "weights_only"]),
        ("from torch import load as weights\nweights('a', weights_only=True)", ["torch.load"]),
        ("from torch import load\nmap(load, files)", ["torch.load"]),
        ("import pickle", ["pickle"]),
        ("from pickle import loads\nloads(b)", ["pickle", "pickle.loads"]),
        ("import _pickle as p", ["_pickle"]),
        ("import marshal, shelve", ["marshal", "shelve"]),
        ("import yaml\nyaml.load(text, Loader=yaml.Loader)", ["yaml.load"]),
        ("from yaml import unsafe_load\nunsafe_load(text)", ["yaml.unsafe_load"]),
        ("import yaml\nyaml.safe_load(text)", ["yaml.safe_load"]),
        ("import yaml\nyaml.safe_dump(text)", []),
        ("eval('1')", ["eval"]),
        ("run = exec", ["exec"]),
        ("model.eval()", []),
        ("from re import compile\ncompile('a')", []),
        ("import re\nre.compile('a')", []),
        ("compile('1', '', 'eval')", ["compile"]),
        ("__import__('os')", ["__import__"]),
        ("import subprocess\nsubprocess.run('ls', shell=True)", ["shell=True"]),
        ("import subprocess\nsubprocess.run('ls', shell=flag)", ["shell=True"]),
        ("import subprocess\nsubprocess.run(['ls'], shell=False)", []),
        ("import os\nos.system('ls')", ["os.system"]),
        ("from os import popen\npopen('ls')", ["os.popen"]),
        ("import os\nos.execvp('ls', [])", ["os.execvp"]),
        ("import numpy as np\nnp.load('a')", ["numpy.load"]),
        ("import numpy as np\nnp.load('a', allow_pickle=True)", ["allow_pickle", "numpy.load"]),
        ("import numpy as np\nnp.load('a', allow_pickle=False)", []),
        ("from numpy import load\nload('a', mmap_mode='r')", ["numpy.load"]),
        ("import joblib\njoblib.load('a')", ["joblib.load"]),
        ("from importlib import import_module as get\nget(name)", ["importlib.import_module"]),
        ("import importlib\nimportlib.import_module(name)", ["importlib.import_module"]),
        ("import tempfile\ntempfile.mktemp()", ["tempfile.mktemp"]),
        ("def f():\n    import os\n    return [os.system(a) for a in b]", ["os.system"]),
    ],
)
def test_what_is_planted_is_found(source, expected):
    assert findings(source) == expected
