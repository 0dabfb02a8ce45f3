"""Report of `check`: JSON, or tables and sentences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from textwrap import wrap
from typing import Any

from pyannote.audio.applications.checking.result import Check
from pyannote.audio.applications.checking.summary import summary
from pyannote.audio.applications.checking.tables import Row, aligned, described, size, spelled
from pyannote.audio.applications.terminal import printable
from pyannote.audio.core.counted import counted
from pyannote.audio.core.findings import Finding

WIDTH = 100
LABEL = 24
MANY = 20
"""Classes or speakers from which on they are not listed one by one."""

SHOWN = 5
"""Findings of a kind that are shown."""


def as_json(result: Check) -> str:
    """See `summary`."""
    return json.dumps(summary(result), indent=2, ensure_ascii=False, allow_nan=False)


def as_text(result: Check) -> str:
    """Tables of what there is, and a paragraph for each finding."""
    values = summary(result)
    parts = [
        _configuration(values["configuration"], values["batch"]),
        *(_data(values["subsets"], _noun(values["configuration"])) if values["subsets"] else []),
        _batch(values["batch"]),
        _epoch(values["epoch"]),
        _storage(values["storage"]),
        "\n".join(_findings(result.findings)),
        _verdict(result),
    ]
    return "\n\n".join(part for part in parts if part)


def _configuration(values: dict[str, Any] | None, batch: dict[str, Any] | None) -> str:
    if values is None:
        return ""
    low, high = values["chunk_seconds"]
    chunks = f"chunks of {low:g} s" if low == high else f"segments of {low:g} to {high:g} s"
    classes = "" if values["classes"] is None else f"{counted(len(values['classes']), 'class', 'classes')}, "
    network = "" if batch is None else f", {batch['parameters']:,} parameters"
    step = (
        ""
        if batch is None or batch["output_seconds"] is None
        else f", an output each {batch['output_seconds']:.3g} s"
    )
    features = (
        f"{values['feature_extraction']}: {values['dimension']} values each {values['step_seconds']:.3g} s, "
        f"from {values['sample_rate']} Hz"
    )
    return described(
        "Configuration",
        [
            (values["kind"], f"{values['task']}: {classes}{chunks}, {values['chunks_per_batch']} a batch"),
            ("features", features),
            ("architecture", f"{values['architecture']}{network}{step}"),
        ],
    )


def _noun(configuration: dict[str, Any] | None) -> str:
    return "Speakers" if configuration is not None and configuration["classes"] is None else "Classes"


def _data(subsets: dict[str, Any], noun: str) -> Iterator[str]:
    yield aligned("Files", list(subsets), list(_file_rows(list(subsets.values()))))
    annotated = {name: values["classes"] for name, values in subsets.items() if values["classes"]}
    labels = sorted({label for classes in annotated.values() for label in classes})
    if len(labels) > MANY:
        yield aligned(noun, list(annotated), list(_label_rows(list(annotated.values()))))
    elif labels:
        rows = [_class_row(label, list(annotated.values())) for label in labels]
        table = aligned(noun, COLUMNS * len(annotated), rows, gap=" ")
        first = max(len(noun), *(len(row[0]) + 2 for row in rows))
        width = (len(table.partition("\n")[0]) - first) // len(annotated)
        above = " " * first + "".join(name.rjust(width) for name in annotated)
        yield f"{above}\n{table}\n{LEGEND}"


COLUMNS = ("events", "seconds", "others", "own")

LEGEND = "  others, own: share of the seconds in which other classes are active too, or two of its own events"


def _class_row(label: str, subsets: Sequence[dict[str, Any]]) -> Row:
    row = [label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"]
    for classes in subsets:
        values = classes.get(label)
        row += (
            ["-"] * len(COLUMNS)
            if values is None
            else [
                str(values["events"]),
                f"{values['seconds']:.1f}",
                f"{values['overlap_with_others']:.0%}",
                f"{values['overlap_with_itself']:.0%}".rjust(4),
            ]
        )
    return row


def _file_rows(subsets: Sequence[dict[str, Any]]) -> Iterator[Row]:
    yield "recordings", *(str(values["recordings"]) for values in subsets)
    if any(values["readable"] < values["recordings"] for values in subsets):
        yield "that can be opened", *(str(values["readable"]) for values in subsets)
    yield "duration", *(spelled(values["seconds"]) for values in subsets)
    yield "annotated", *(spelled(values["annotated_seconds"]) for values in subsets)
    formats = [{_format(one): one["files"] for one in values["formats"]} for values in subsets]
    for name in sorted({name for own in formats for name in own}):
        yield name, *(str(own.get(name, 0)) for own in formats)
    if any(values["trials"] for values in subsets):
        yield "trials", *(str(values["trials"] or "-") for values in subsets)
        yield "trials of one speaker", *(str(values["target_trials"] or "-") for values in subsets)


def _format(values: dict[str, Any]) -> str:
    channels = {1: "mono", 2: "stereo"}.get(values["channels"], f"{values['channels']} channels")
    return f"{values['sample_rate']} Hz, {channels}, {values['format']}"


def _label_rows(subsets: Sequence[dict[str, Any]]) -> Iterator[Row]:
    seconds = [[values["seconds"] for values in classes.values()] for classes in subsets]
    yield "different ones", *(str(len(classes)) for classes in subsets)
    yield "events", *(str(sum(values["events"] for values in classes.values())) for classes in subsets)
    for name, function in (("least", min), ("median", median), ("most", max)):
        yield f"seconds of each, {name}", *(f"{function(own):.1f}" for own in seconds)
    overlaps = [sum(one["seconds"] * one["overlap_with_others"] for one in own.values()) for own in subsets]
    yield "overlap", *(f"{part / (sum(own) or 1):.0%}" for part, own in zip(overlaps, seconds, strict=True))


def _batch(values: dict[str, Any] | None) -> str:
    if values is None:
        return ""
    rows = [(name, " x ".join(map(str, shape))) for name, shape in values["shapes"].items()]
    rows.append(("loss", "no number" if values["loss"] is None else f"{values['loss']:.4f}"))
    sizes = [f"{name} {size(count)}" for name, count in values["bytes"].items()]
    return described("A batch", [*rows, ("memory", ", ".join(sizes))])


def _epoch(values: dict[str, Any] | None) -> str:
    if values is None:
        return ""
    audio = spelled(values["audio_seconds"])
    if values["passes"] is not None:
        audio += f", which is {values['passes']:.3g} times that of the training files"
    rows = [("batches", str(values["batches"])), ("audio", audio)]
    if values["speakers"] is not None:
        long = counted(values["turns"], "turn that is", "turns that are")
        turns = f"{long} long enough, {values['turns_too_short']} too short"
        rows.append(("learned from", f"{counted(values['speakers'], 'speaker')}, {turns}"))
    if values["seconds"] is not None:
        batches = counted(values["measured_batches"], "batch", "batches")
        how = f"measured on {batches} of {values['measured_on']}"
        rows.append(("on this machine", f"{spelled(values['seconds'])} ({how})"))
    if values["total_seconds"] is not None:
        rows.append((counted(values["epochs"], "epoch"), spelled(values["total_seconds"])))
    return described("An epoch", rows)


def _storage(values: dict[str, Any] | None) -> str:
    if values is None:
        return ""
    where = "in memory" if values["in_memory"] else "mapped from the disk"
    return described(
        "Features",
        [
            ("on the disk", f"{size(values['stored'])} ({size(values['free'])} are free)"),
            ("in the folder", values["folder"]),
            ("of training files", f"{size(values['packed'])} {where}"),
        ],
    )


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Each finding as a paragraph; of many alike, the first ones."""
    for level in ("error", "warning"):
        own = [finding for finding in findings if finding.level == level]
        if own:
            yield f"{level.capitalize()}s ({len(own)})"
        for kind in dict.fromkeys(finding.kind for finding in own):
            alike = [finding for finding in own if finding.kind == kind]
            for finding in alike[:SHOWN]:
                yield from _paragraph(finding)
            if alike[SHOWN:]:
                yield f"  ... and {len(alike) - SHOWN} more of this kind, which --json shows."


def _paragraph(finding: Finding) -> Iterator[str]:
    line = "" if finding.line is None else f", line {finding.line}"
    if finding.file is not None:
        yield f"  {printable(str(finding.file))}{line}"
    indent = " " * (4 if finding.file is not None else 2)
    yield from wrap(
        f"{finding.message} {finding.fix}", WIDTH, initial_indent=indent, subsequent_indent=indent
    )


def _verdict(result: Check) -> str:
    if not result.findings:
        return "Nothing is wrong, as far as was looked."
    counts = Counter(finding.level for finding in result.findings)
    words = [counted(count, level) for level, count in counts.items()]
    return f"{' and '.join(words)}."
