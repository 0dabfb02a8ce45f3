"""Check that a block trains the kind of class that a configuration names."""

from __future__ import annotations

from pyannote.audio.applications.blocks.base import Block, blocks
from pyannote.audio.config.classes import available
from pyannote.audio.config.recipe import shelf_of
from pyannote.audio.config.registry import find
from pyannote.audio.config.schema import Config


def refuse_other_shelf(block: Block, config: Config) -> None:
    """Refuse a configuration of a class that a block does not train.

    Raises
    ------
    ConfigError
        With the line, and the blocks that train it.
    """
    shelf, where = shelf_of(config), (*config.task.where, "name")
    # an unknown name is refused here
    annotated = find(shelf, config.task.name, config.document, where).annotated  # type: ignore[attr-defined]
    if (shelf, annotated) == (block.shelf, block.annotated):
        return
    others = " or ".join(
        name for name, other in blocks().items() if (other.shelf, other.annotated) == (shelf, annotated)
    )
    raise config.document.error(
        where,
        f"{config.task.name} is no {block.shelf} that this command trains; there are "
        f"{', '.join(_trained_by(block, config))}.",
        fix=f"Train it with pyannote-audio {others}.",
    )


def _trained_by(block: Block, config: Config) -> list[str]:
    """Names of classes that a block trains."""
    found = {name: find(block.shelf, name, config.document, ()) for name in available(block.shelf)}
    return [name for name, one in found.items() if one.annotated == block.annotated]  # type: ignore[attr-defined]
