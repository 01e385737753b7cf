"""Adam: steps down a gradient, each as long as the gradient has been steady."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class Adam:
    """Improves parameters in place.

    Parameters
    ----------
    parameters : dict of str to float32 arrays
        Changed by every step.

    References
    ----------
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    """

    def __init__(self, parameters: Mapping[str, NDArray[np.float32]]) -> None:
        self._parameters = parameters
        self._means = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._squares = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._n_steps = 0

    def step(self, gradients: Mapping[str, NDArray[np.float32]], rate: float) -> None:
        """Move every parameter against its gradient, by about `rate` per number."""
        self._n_steps += 1
        mean_share, square_share = 1 - 0.9**self._n_steps, 1 - 0.999**self._n_steps
        for name, value in self._parameters.items():
            mean, square, gradient = self._means[name], self._squares[name], gradients[name]
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.001) * (gradient * gradient - square)
            value -= (
                np.float32(rate / mean_share) * mean / (np.sqrt(square / np.float32(square_share)) + np.float32(1e-8))
            )
