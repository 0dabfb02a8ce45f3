"""Rules on training files: a task states them once, as findings or as errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding, raise_first


class TrainingRules:
    """Base class of tasks and approaches: rules on training files, for `check` and for `train`.

    A subclass overrides `findings`, which yields errors and warnings, or `check`, which raises the first
    error and returns sentences for the user. The other method follows from the one that it overrides.

    Examples
    --------
    >>> class Pairs(TrainingRules):
    ...     def check(self, files):
    ...         if len(files) % 2:
    ...             raise DataError("The number of files is odd.", fix="Add a file.")
    ...         return []
    >>> [str(finding) for finding in Pairs().findings(["a.wav"])]
    ['The number of files is odd. Add a file.']
    """

    annotated: ClassVar[bool] = True
    """Whether the class learns from annotation, which training files must then have."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        overridden = vars(cls)
        if "findings" in overridden and "check" not in overridden:
            cls.check = _check_by(cls.findings)  # type: ignore[method-assign]
        elif "check" in overridden and "findings" not in overridden:
            cls.findings = _findings_by(cls.check)  # type: ignore[method-assign]

    def findings(self, files: Sequence[Any]) -> Iterator[Finding]:
        """Errors and warnings about training files: none.

        A task whose classes follow from the data determines them here, and sets `labels`.

        Parameters
        ----------
        files : sequence of Recording, shape (files,)
            Training files.

        Yields
        ------
        Finding
            With `keys` where it is about an entry of the configuration, and with `label` where it is about a
            label of the annotation.
        """
        yield from ()

    def check(self, files: Sequence[Any]) -> list[str]:
        """Refuse training files with the first error among `findings`.

        Parameters
        ----------
        files : sequence of Recording, shape (files,)
            Training files.

        Returns
        -------
        list of str, shape (warnings,)
            Sentences of the warnings.

        Raises
        ------
        DataError
            If one of the findings is an error.
        """
        return []


def _check_by(findings: Callable[[Any, Sequence[Any]], Iterable[Finding]]) -> Callable[..., list[str]]:
    """Method `check` that follows from a method `findings`."""

    def check(self: Any, files: Sequence[Any]) -> list[str]:
        return [finding.message for finding in raise_first(findings(self, files))]

    check.__doc__ = TrainingRules.check.__doc__
    return check


def _findings_by(check: Callable[[Any, Sequence[Any]], list[str]]) -> Callable[..., Iterator[Finding]]:
    """Method `findings` that follows from a method `check`."""

    def findings(self: Any, files: Sequence[Any]) -> Iterator[Finding]:
        try:
            for sentence in check(self, files):
                yield Finding("task", sentence, "Change the parameters that it names.", keys=("params",))
        except DataError as error:
            keys = ("params",) if error.file is None else None
            yield Finding("task", error.message, error.fix or "", error.file, error.line, error.code, keys)

    findings.__doc__ = TrainingRules.findings.__doc__
    return findings
