"""Training of networks, from a recipe and pictures to an ONNX file. What computes needs the extra `train` (PyTorch)."""
