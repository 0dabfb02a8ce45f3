"""Check that a block trains the kind of class that a configuration names."""

from __future__ import annotations

from pyannote.audio.applications.blocks.base import Block, blocks
from pyannote.audio.config.classes import available
from pyannote.audio.config.recipe import shelf_of
from pyannote.audio.config.schema import Config


def refuse_other_shelf(block: Block, config: Config) -> None:
    """Refuse a configuration of a class that a block does not train.

    Raises
    ------
    ConfigError
        With the line, and the blocks that train it.
    """
    shelf = shelf_of(config)
    if shelf == block.shelf:
        return
    others = " or ".join(name for name, other in blocks().items() if other.shelf == shelf)
    raise config.document.error(
        (*config.task.where, "name"),
        f"{config.task.name} is no {block.shelf} that this command trains; there are "
        f"{', '.join(available(block.shelf))}.",
        fix=f"Train it with pyannote-audio {others}.",
    )
