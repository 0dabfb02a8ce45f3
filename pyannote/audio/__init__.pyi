# Written by scripts/write_stubs.py

from . import applications as applications
from . import augmentation as augmentation
from . import config as config
from . import core as core
from . import database as database
from . import embedding as embedding
from . import features as features
from . import inference as inference
from . import io as io
from . import labeling as labeling
from . import metrics as metrics
from . import models as models
from . import pipeline as pipeline
from . import report as report
from . import store as store
from . import train as train
from . import validation as validation

__version__: str
