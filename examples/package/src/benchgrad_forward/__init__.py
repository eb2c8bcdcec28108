"""benchgrad-forward: the autograd engine `forward`, a plugin of benchgrad."""

from benchgrad_forward.dual import Dual

__all__ = ["Dual"]
