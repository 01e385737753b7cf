"""The network that comes with the package, where it does."""

from pathlib import Path

from lookalike import models
from lookalike.describers.joint import JointDescriber
from lookalike.describers.network import network_describer

FOLDER = Path(models.__file__).parent / "bundled" / "general"
JOINT = FOLDER / "joint"
"""What was fitted to the network together with the classics."""


def bundled_describer() -> JointDescriber | None:
    """Return what describes pictures by the bundled network, None if the package was built without one."""
    if not JOINT.is_dir():
        return None
    return JointDescriber(network_describer(models.read_model(FOLDER)), JOINT)
