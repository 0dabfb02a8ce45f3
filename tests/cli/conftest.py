"""Commands run in the environment that a user sets."""

import pytest


@pytest.fixture(autouse=True)
def user(environment):
    """See `commands.environment`."""
