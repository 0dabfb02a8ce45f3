"""Commands run in the environment that a user sets."""

import shutil

import pytest
from operations import dies_at


@pytest.fixture(autouse=True)
def user(environment):
    """See `commands.environment`."""


@pytest.fixture
def dying(tmp_path):
    """Do some work on a folder again and again, and die at its operation 0, 1, 2, ... until it gets through.

    Parameters
    ----------
    work, check : callable
        Called with the folder: what is done, and what must be so after each death.
    prepared : path, optional
        What the folder holds at first.
    every : int
        Die at each `every`-th operation only.

    Returns
    -------
    int
        Deaths.
    """

    def die(work, check, prepared=None, every=1):
        deaths, alive = 0, False
        while not alive:
            folder = tmp_path / f"died{deaths}"
            if prepared is None:
                folder.mkdir()
            else:
                shutil.copytree(prepared, folder)
            alive = not dies_at(folder, lambda: work(folder), deaths * every)  # noqa: B023
            check(folder)
            shutil.rmtree(folder)
            deaths += not alive
        assert deaths > 0
        return deaths

    return die
