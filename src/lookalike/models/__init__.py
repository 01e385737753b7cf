"""Network weights: folders of ONNX files, where they come from, and how they run."""

from lookalike.models.hub import Download, pull_model
from lookalike.models.install import add_model
from lookalike.models.manifest import write_manifest
from lookalike.models.model import (
    Installed,
    Model,
    changed_files,
    list_models,
    open_network,
    read_model,
    verify_model,
)
from lookalike.models.network import Network, open_session
from lookalike.models.preprocessing import Preprocessing, fit

__all__ = [
    "Download",
    "Installed",
    "Model",
    "Network",
    "Preprocessing",
    "add_model",
    "changed_files",
    "fit",
    "list_models",
    "open_network",
    "open_session",
    "pull_model",
    "read_model",
    "verify_model",
    "write_manifest",
]
