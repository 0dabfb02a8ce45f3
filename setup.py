"""Installation of the distribution `pyannote.audio`."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent

# The same names and ranges stand in env.yml; tests/test_installation.py compares the two.
REQUIREMENTS = [
    "docopt-ng>=0.9",
    "joblib>=1.3",
    "lazy_loader>=0.3",
    "librosa>=0.10.1",
    "matplotlib>=3.7",
    "numpy>=1.24",
    "platformdirs>=3.0",
    "pyannote.core>=5.0",
    "pyannote.database>=5.1",
    "pyyaml>=6.0",
    "scipy>=1.10",
    "sed_eval>=0.2.1",
    # sed_eval needs dcase_util, which imports pkg_resources; setuptools 82 removed it
    "setuptools<82",
    "soundfile>=0.12",
    "soxr>=0.3.2",
    "tensorboard>=2.12",
    "threadpoolctl>=3.1",
    "torch>=2.2",
    "tqdm>=4.64",
]

# Reverb computes rooms with it.
REVERB_REQUIREMENTS = [
    "pyroomacoustics>=0.7",
]

# M4A, MP4, 3GP, AAC and WebM are decoded with it.
MEDIA_REQUIREMENTS = [
    "av>=12.0",
]

# Onnx runs networks with it.
ONNX_REQUIREMENTS = [
    "onnxruntime>=1.17",
]

# Peers of scripts/benchmarks; what is not installed is not measured.
BENCHMARK_REQUIREMENTS = [
    "lightning>=2.2",
]

# Files are shared among the workers of a Dask cluster with it (`--scheduler`).
CLUSTER_REQUIREMENTS = [
    "cloudpickle>=2.0",
    "distributed>=2024.1",
]

TEST_REQUIREMENTS = [
    "av>=12.0",
    "cloudpickle>=2.0",
    "distributed>=2024.1",
    "hypothesis>=6.90",
    "import-linter>=2.7",
    "mypy>=1.8",
    "onnx>=1.15",
    "onnxruntime>=1.17",
    "pyannote.metrics>=3.2",
    "pytest>=7.4",
    "pytest-xdist>=3.5",
    "pytorch-metric-learning>=2.5",
    "ruff>=0.4",
    "scikit-learn>=1.3",
    "types-PyYAML",
    "types-tqdm",
]

setup(
    name="pyannote.audio",
    version="1.2.0+dcase",
    description="Train, validate, apply and score small audio networks from the command line",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    packages=find_namespace_packages(include=["pyannote.*"]),
    package_data={"": ["*.pyi"], "pyannote.audio": ["py.typed"]},
    python_requires=">=3.10",
    install_requires=REQUIREMENTS,
    extras_require={
        "benchmark": BENCHMARK_REQUIREMENTS,
        "cluster": CLUSTER_REQUIREMENTS,
        "media": MEDIA_REQUIREMENTS,
        "onnx": ONNX_REQUIREMENTS,
        "reverb": REVERB_REQUIREMENTS,
        "test": TEST_REQUIREMENTS,
    },
    entry_points={
        "console_scripts": [
            "pyannote-audio=pyannote.audio.applications.pyannote_audio:main",
            "pyannote-speaker-embedding=pyannote.audio.applications.speaker_embedding:main",
        ],
    },
)
