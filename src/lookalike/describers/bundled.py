"""The network that comes with the package, where it does."""

from pathlib import Path

from lookalike import models
from lookalike.describers.joint import JointDescriber, joint_describer
from lookalike.describers.network import network_describer

FOLDER = Path(models.__file__).parent / "bundled" / "general"


def bundled_describer() -> JointDescriber | None:
    """Return what describes pictures by the bundled network, None if the package was built without one."""
    return joint_describer(network_describer(models.read_model(FOLDER))) if FOLDER.is_dir() else None
