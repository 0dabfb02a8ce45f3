"""Small networks in ONNX files."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def convolution(path: Path, weights: np.ndarray, hop: int, pads: tuple[int, int] = (0, 0)) -> Path:
    """Write a convolution: (1, samples) to (1, frames, dimension); weights (dimension, 1, window)."""
    nodes = [
        helper.make_node("Unsqueeze", ["waveform", "axis"], ["channels"]),
        helper.make_node("Conv", ["channels", "weights"], ["convolved"], strides=[hop], pads=pads),
        helper.make_node("Transpose", ["convolved"], ["frames"], perm=[0, 2, 1]),
    ]
    constants = {"weights": weights.astype(np.float32), "axis": np.array([1], dtype=np.int64)}
    return write(path, nodes, {"waveform": [1, "samples"]}, {"frames": [1, "time", len(weights)]}, constants)


def write(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int | str]],
    outputs: dict[str, list[int | str]],
    constants: dict[str, np.ndarray] | None = None,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write a graph; shapes hold numbers, or names of free sizes."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    opset = [helper.make_opsetid("", 17)]
    path.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())
    return path
