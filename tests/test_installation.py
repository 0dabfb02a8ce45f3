"""What is installed: the same by pip and by conda, a namespace shared with others, modules that import."""

import ast
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import pyannote.audio

ROOT = Path(__file__).parents[1]
PACKAGE = Path(pyannote.audio.__file__).parent


def setup_arguments():
    """Arguments of `setup()`, and the constants of setup.py, read without running it."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
    }
    (call,) = [
        node.value for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    return {keyword.arg: keyword.value for keyword in call.keywords}, constants


def modules():
    return sorted(
        module.name for module in pkgutil.walk_packages(pyannote.audio.__path__, prefix="pyannote.audio.")
    )


def test_conda_installs_the_same():
    _, constants = setup_arguments()
    environment = yaml.safe_load((ROOT / "env.yml").read_text())
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    assert [name for name in pip if not name.startswith("-e")] == constants["REQUIREMENTS"]
    assert "-e ." in pip
    arguments, _ = setup_arguments()
    assert f"python{ast.literal_eval(arguments['python_requires'])}" in environment["dependencies"]


def test_requirements_are_sorted_and_named_once():
    _, constants = setup_arguments()
    for names in constants.values():
        bare = [re.split("[<>]", name)[0] for name in names]
        assert bare == sorted(set(bare))


def test_tested_versions_are_those_of_requirements():
    """constraints.txt names what setup.py requires, each in its range; torch on every Python."""
    _, constants = setup_arguments()
    allowed = {
        requirement.name: requirement.specifier
        for requirement in map(Requirement, constants["REQUIREMENTS"] + constants["TEST_REQUIREMENTS"])
    }
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    tested = [Requirement(line) for line in lines if not line.startswith("#")]
    assert {one.name for one in tested} == set(allowed)
    for one in tested:
        (version,) = one.specifier
        assert (
            (version.operator, one.marker) == ("<", None) if one.name == "torch" else version.operator == "=="
        )
        assert version.operator == "<" or allowed[one.name].contains(version.version)


def test_the_installer_takes_the_tested_versions():
    script = (ROOT / "scripts" / "install.sh").read_text()
    assert "--constraint constraints.txt" in script
    assert "wanted=$(cat setup.py constraints.txt" in script


def test_stubs_are_installed():
    arguments, _ = setup_arguments()
    assert ast.literal_eval(arguments["package_data"]) == {"": ["*.pyi"], "pyannote.audio": ["py.typed"]}


def test_every_import_is_required():
    """Whatever a module imports is of the standard library, of this package, or among the requirements."""
    _, constants = setup_arguments()
    extras = ("REVERB_REQUIREMENTS", "CLUSTER_REQUIREMENTS", "MEDIA_REQUIREMENTS", "ONNX_REQUIREMENTS")
    names = constants["REQUIREMENTS"] + [name for extra in extras for name in constants[extra]]
    required = {re.split("[<>]", name)[0] for name in names}
    called = {"yaml": "pyyaml", "docopt": "docopt-ng"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                first = name.split(".")[0]
                name = ".".join(name.split(".")[:2]) if first == "pyannote" else called.get(first, first)
                known = name == "pyannote.audio" or name in required or first in sys.stdlib_module_names
                assert known, f"{path} imports {name}"


def test_the_namespace_is_shared():
    """A file pyannote/__init__.py would hide pyannote.core and pyannote.database."""
    import pyannote.core
    import pyannote.database

    assert not (PACKAGE.parent / "__init__.py").exists()
    assert pyannote.core and pyannote.database
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_the_version_is_said_in_one_voice():
    arguments, _ = setup_arguments()
    assert ast.literal_eval(arguments["version"]) == pyannote.audio.__version__
    assert ast.literal_eval(arguments["name"]) == "pyannote.audio"


def test_the_command_exists():
    arguments, _ = setup_arguments()
    for line in ast.literal_eval(arguments["entry_points"])["console_scripts"]:
        module, _, function = line.partition("=")[2].partition(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", modules())
def test_every_module_imports(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} says nothing about itself"
