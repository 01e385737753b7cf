"""Network weights: folders of ONNX files, where they come from, and how they run."""

from lookalike.models.hub import Download, pull_model
from lookalike.models.install import add_model
from lookalike.models.manifest import write_manifest
from lookalike.models.measured import Measurement, write_measurement
from lookalike.models.model import (
    Installed,
    Model,
    list_models,
    open_network,
    open_text_network,
    read_model,
    verify_model,
)
from lookalike.models.network import Network, open_session
from lookalike.models.preprocessing import Preprocessing, fit
from lookalike.models.published import Published, list_published
from lookalike.models.text_network import TextNetwork

__all__ = [
    "Download",
    "Installed",
    "Measurement",
    "Model",
    "Network",
    "Preprocessing",
    "Published",
    "TextNetwork",
    "add_model",
    "fit",
    "list_models",
    "list_published",
    "open_network",
    "open_session",
    "open_text_network",
    "pull_model",
    "read_model",
    "verify_model",
    "write_manifest",
    "write_measurement",
]
