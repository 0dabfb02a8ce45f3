"""`pyannote-audio check`: errors and warnings about a configuration and a data set, before training."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace

from pyannote.audio.applications.checking import labels
from pyannote.audio.applications.checking.configuration import (
    check_features,
    read,
    trained_class,
    unused,
)
from pyannote.audio.applications.checking.data import Data
from pyannote.audio.applications.checking.dry_run import DryRun, check_batch, failed
from pyannote.audio.applications.checking.epoch import Epoch
from pyannote.audio.applications.checking.fit import check_fit, check_lengths, check_task, placed
from pyannote.audio.applications.checking.report import as_json, as_text
from pyannote.audio.applications.checking.result import Check
from pyannote.audio.applications.checking.spellings import check_spellings
from pyannote.audio.applications.checking.storage import Storage
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.devices import choose_device
from pyannote.audio.applications.options import CheckOptions
from pyannote.audio.applications.terminal import Escaped, say_json, say_table
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import Config
from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.foreign_errors import is_out_of_memory
from pyannote.audio.core.training_rules import TrainingRules
from pyannote.audio.database.protocols import Recording


def check(options: CheckOptions) -> int:
    """Check a configuration and a data set, print the report, and return the exit status."""
    # pyannote.database prints advice when it reads a database.yml
    with redirect_stdout(Escaped(sys.stderr)):
        result = look(options)
    if options.json:
        say_json(as_json(result))
    else:
        say_table(as_text(result))
    return result.status


def look(options: CheckOptions) -> Check:
    """Findings about a configuration, about a data set if one is named, and about both together."""
    result = Check(options)
    config, wrong = read(options.root)
    result.add(wrong)
    if config is not None and not wrong:
        _build(result, config)
    if options.protocol is not None:
        rules = TrainingRules if config is None else trained_class(config)
        result.data = Data.of(options.protocol, config, rules, options)
        result.add(result.data.findings)
    if result.corpus is not None:
        files = [] if result.data is None else _fit(result, result.corpus, result.data)
        result.epoch = Epoch.of(result.corpus, files)
        if not result.errors:
            _try(result, result.corpus, files)
    return result


def _build(result: Check, config: Config) -> None:
    """Build the parts, if the configuration allows for it."""
    options = result.options
    device = choose_device(options.cpu, options.gpu)
    try:
        result.corpus = Corpus(Recipe(config), options.parallel, device, unannotated=options.unannotated)
    except ToolkitError as error:
        result.add([Finding.of("block", error)])
        return
    result.add(check_features(result.corpus))
    result.add(unused(result.corpus))


def _fit(result: Check, corpus: Corpus, data: Data) -> list[Recording]:
    """Check that configuration and data fit, and return the training files with augmented versions."""
    train, development = data.subset("train"), data.subset("development")
    task = corpus.recipe.task
    result.add(check_fit(corpus, train))
    files = corpus.augmented(data.sound if task.speakers else train.files)
    if train.files and (len(train.files) == len(train.uris) or not data.errors):
        result.add(check_task(corpus, files, train))
        result.add(check_spellings(task, data.subsets))
    if development.uris and (development.files or development.events):
        findings = labels.check_development(task, development, train)
        result.add(placed(corpus, findings, development))
    if not result.errors:
        others = [file for subset in data.subsets if subset is not train for file in subset.files]
        result.storage = Storage.of(corpus, files, others)
        result.add(result.storage.findings())
    return files


def _try(result: Check, corpus: Corpus, files: Sequence[Recording]) -> None:
    """Pass a batch through the network, and measure the duration of a few more."""
    try:
        run, on = _dry_run(result, corpus, files)
        result.batch = run.batch()
        result.add(check_batch(corpus, result.batch))
        if not (result.options.quick or result.errors):
            seconds, count = run.seconds()
            assert result.epoch is not None
            result.epoch = replace(result.epoch, of_a_batch=seconds, measured=count, on=on)
    except ToolkitError as error:
        result.add([Finding.of("batch", error)])
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        if result.options.debug or is_out_of_memory(error):
            raise
        result.add([failed(corpus, error)])
    if result.batch is not None and result.batch.frame is not None and result.data is not None:
        result.add(check_lengths(corpus, result.data.subset("train"), result.batch.frame))


def _dry_run(result: Check, corpus: Corpus, files: Sequence[Recording]) -> tuple[DryRun, str]:
    """A network that is ready for a batch, and the source of its batches."""
    if files and not result.options.quick:
        return DryRun.of_files(corpus, files), "training files"
    return DryRun.of_noise(corpus), "random features"
