"""Early stopping of a training that is validated after each epoch."""

from __future__ import annotations

from pyannote.audio.core.errors import ConfigError


class EarlyStopping:
    """Stop once no class has improved for `patience` validations.

    Parameters
    ----------
    patience : int
        Validations without improvement after which a class has stopped, at least 1.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2)
    >>> stopping.stopped(best={"car": 3, "children": 1}, validated=[1, 2, 3, 4])
    ['children']
    """

    def __init__(self, patience: int = 20) -> None:
        if patience < 1:
            raise ConfigError(f"patience must be at least 1, not {patience}.")
        self.patience = patience

    def stopped(self, best: dict[str, int], validated: list[int]) -> list[str]:
        """Classes without improvement in the last `patience` validations.

        Parameters
        ----------
        best : dict of str to int
            Best epoch of each class so far.
        validated : list of int
            Validated epochs, in rising order.

        Examples
        --------
        >>> EarlyStopping(patience=2).stopped(best={"car": 1}, validated=[1, 2])
        []
        """
        return [
            name for name, epoch in best.items() if sum(later > epoch for later in validated) >= self.patience
        ]
