# Written by scripts/write_stubs.py

from .additive_angular_margin_loss import AdditiveAngularMarginLoss as AdditiveAngularMarginLoss
from .center_loss import CenterLoss as CenterLoss
from .classification import Classification as Classification
from .congenerous_cosine_loss import CongenerousCosineLoss as CongenerousCosineLoss
from .contrastive_loss import ContrastiveLoss as ContrastiveLoss
from .triplet_loss import TripletLoss as TripletLoss
