"""benchgrad-forward: the autograd engine `forward`, a plugin for benchgrad."""

from benchgrad_forward.dual import Dual

__all__ = ["Dual"]
