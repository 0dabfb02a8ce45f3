"""Selection of a detector as a table: the epoch, threshold and figures of each class."""

from __future__ import annotations

from pyannote.audio.io.lines import quoted
from pyannote.audio.validation.selection import ClassChoice, Selection


def summary(selection: Selection, name: str, precision: float | None = None) -> str:
    """Table of a selection, with remarks on figures that are undefined or count as 0.

    Parameters
    ----------
    selection : Selection
    name : str
        Of the mean over classes.
    precision : float, optional
        Required precision, from 0 to 1.

    Examples
    --------
    >>> missed = ClassChoice(7, 0.4, 0.0, fscore=0.0, precision=0.8, recall=0.0, attained=False)
    >>> absent = ClassChoice(7, 0.5, 0.0, fscore=None, precision=None, recall=None)
    >>> classes = {"car": missed, "bird": absent}
    >>> print(summary(Selection(7, 0.0, ("bird",), classes, classes, {}), "average_recall", 0.9))
    Epoch for all classes: 7, average_recall 0.000 over 1 of 2 classes
    class  epoch  threshold  shortest  F-score  precision  recall
    car        7      0.400         0    0.000      0.800   0.000 *
    bird       7      0.500         0        -          -       -
    * No threshold reaches the precision 0.9: recall and F-score count as 0, at the most precise one.
    There are no events of 'bird': figures are undefined, averages leave it out, and the threshold is 0.5.
    """
    width = max(len(label) for label in selection.class_wise) + 2
    lines = [
        f"Epoch for all classes: {selection.epoch}, {name} {shown(selection.value)}{over(selection)}",
        f"{'class':<{width}}{'epoch':>6}{'threshold':>11}{'shortest':>10}{'F-score':>9}{'precision':>11}"
        f"{'recall':>8}",
        *(_row(label, width, choice) for label, choice in selection.class_wise.items()),
    ]
    remark = remarks(selection, precision)
    return "\n".join([*lines, remark] if remark else lines)


def remarks(selection: Selection, precision: float | None = None) -> str:
    """Remarks on figures that are undefined or count as 0, one a line.

    Parameters
    ----------
    selection : Selection
    precision : float, optional
        Required precision, in [0, 1].

    Examples
    --------
    >>> choice = ClassChoice(7, 0.4, 0.0, fscore=0.8, precision=0.8, recall=0.8)
    >>> remarks(Selection(7, 0.8, (), {"car": choice}, {"car": choice}, {"car": 7}))
    ''
    """
    lines = []
    if any(not choice.attained for choice in selection.class_wise.values()):
        lines.append(
            f"* No threshold reaches the precision {precision:g}: recall and F-score count as 0, at the most "
            "precise one."
        )
    if selection.absent:
        lines.append(
            f"There are no events of {', '.join(map(quoted, selection.absent))}: figures are undefined, "
            f"averages leave {'it' if len(selection.absent) == 1 else 'them'} out, and the threshold is 0.5."
        )
    return "\n".join(lines)


def shown(value: float | None) -> str:
    """A figure with three digits; a dash if it is undefined.

    Examples
    --------
    >>> shown(0.5), shown(None)
    ('0.500', '-')
    """
    return "-" if value is None else f"{value:.3f}"


def over(selection: Selection) -> str:
    """Number of classes that an average is over, if it is not that of all.

    Examples
    --------
    >>> choice = ClassChoice(7, 0.5, 0.0, fscore=None, precision=None, recall=None)
    >>> over(Selection(7, None, ("car",), {"car": choice}, {"car": choice}, {"car": 7}))
    ' over 0 of 1 classes'
    """
    count = len(selection.class_wise)
    return f" over {count - len(selection.absent)} of {count} classes" if selection.absent else ""


def _row(label: str, width: int, choice: ClassChoice) -> str:
    return (
        f"{label:<{width}}{choice.epoch:>6}{choice.threshold:>11.3f}{choice.shortest:>10g}"
        f"{shown(choice.fscore):>9}{shown(choice.precision):>11}{shown(choice.recall):>8}"
        f"{'' if choice.attained else ' *'}"
    )
