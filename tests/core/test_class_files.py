"""Lazy import of the classes of a package: by name, in `dir`, and in stubs for type checkers."""

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

import pyannote.audio
from pyannote.audio.config.classes import FOLDERS, available

ROOT = Path(__file__).parents[2]
PACKAGE = '''"""A package."""
from pyannote.audio.core.class_files import lazy_classes
__getattr__, __dir__, __all__ = lazy_classes(__name__, __file__, {"DataError": "pyannote.audio.core.errors"})
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package `shelf_of_tests` of some files."""

    def make(files):
        folder = tmp_path / "shelf_of_tests"
        folder.mkdir()
        for name, text in {"__init__.py": PACKAGE, **files}.items():
            (folder / name).write_text(text)
        return importlib.import_module("shelf_of_tests")

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in [name for name in sys.modules if name.startswith("shelf_of_tests")]:
        del sys.modules[name]


def test_a_file_is_enough(package):
    found = package(
        {
            "new_net.py": "class Helper: pass\nclass NewNet: pass\n",
            "_hidden.py": "class Hidden: pass\n",
            "broken.py": "class Broken: pass\nraise RuntimeError('imported without need')\n",
        }
    )
    assert dir(found) == found.__all__ == ["Broken", "DataError", "NewNet"]
    assert "shelf_of_tests.new_net" not in sys.modules
    assert found.NewNet.__module__ == "shelf_of_tests.new_net"
    assert found.DataError.__module__ == "pyannote.audio.core.errors"
    for name in ("Helper", "Hidden", "new_nett", "Other"):
        with pytest.raises(AttributeError, match=name):
            getattr(found, name)


@pytest.mark.parametrize("kind", FOLDERS)
def test_dir_shows_what_a_configuration_can_name(kind):
    package = importlib.import_module(FOLDERS[kind])
    elsewhere = {"Pretrained"} if kind == "feature_extraction" else set()
    assert set(dir(package)) == set(available(kind)) | elsewhere
    assert Path(package.__file__).with_suffix(".pyi").is_file()


def test_dir_shows_the_packages():
    folders = {path.parent.name for path in Path(pyannote.audio.__file__).parent.glob("*/__init__.py")}
    assert set(dir(pyannote.audio)) == folders
    assert pyannote.audio.features.Precomputed.__module__ == "pyannote.audio.features.precomputed"
    assert pyannote.audio.models.Dcase.__module__ == "pyannote.audio.models.dcase"


def test_stubs_are_those_of_the_files():
    spec = importlib.util.spec_from_file_location("write_stubs", ROOT / "scripts" / "write_stubs.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    stubs = dict(script.stubs())
    assert set(stubs) == set(Path(pyannote.audio.__file__).parent.rglob("*.pyi"))
    for path, text in stubs.items():
        assert path.read_text() == text, "Run `python scripts/write_stubs.py`."
