# Written by scripts/write_stubs.py

from .clopi_net import ClopiNet as ClopiNet
from .crnn import Crnn as Crnn
from .dcase import Dcase as Dcase
from .ecapa_tdnn import EcapaTdnn as EcapaTdnn
from .pyan_net import PyanNet as PyanNet
from .res_net import ResNet as ResNet
from .sinc_net import SincNet as SincNet
from .tristou_net import TristouNet as TristouNet
from .x_vector import XVector as XVector
