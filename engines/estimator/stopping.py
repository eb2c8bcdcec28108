"""When a training ends before its last epoch, and when it has not learnt what it should.

The rule is that of scikit-learn's `MLPClassifier`, so that its users find what they know:
https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from benchgrad.engines.interface import Array
from benchgrad.engines.model import Loss

# A last loss this close to that of a guess, relative to it, is no better than a guess.
_GUESSED = 0.99
ADVICE = "a smaller learning_rate may help, or standardised features"


@dataclass
class Patience:
    """Notes a figure that should fall, epoch by epoch.

    Attributes:
        tol: by how much an epoch must improve on the best one before it.
        n_epochs: how many epochs in a row may fail to.
        best: the lowest figure so far.
        n_without: how many epochs in a row have just failed to.
    """

    tol: float
    n_epochs: int
    best: float = math.inf
    n_without: int = 0

    def note(self, figure: float) -> bool:
        """Note the figure of an epoch; return whether it is the lowest so far."""
        self.n_without = self.n_without + 1 if figure > self.best - self.tol else 0
        is_lowest = figure < self.best
        self.best = min(self.best, figure)
        return is_lowest

    @property
    def is_over(self) -> bool:
        """Whether more than `n_epochs` epochs in a row failed to improve."""
        return self.n_without > self.n_epochs


def guess(y: Array, n_classes: int, loss: Loss) -> float:
    """Return the mean loss on labels `y` of scores that are the same for every row.

    With cross-entropy the best of them are the logarithms of the shares of the classes, whose
    loss is the entropy of these shares. With the hinge loss the m most frequent classes are put
    1 above the others, which costs m − 1 in each of their rows and k more in any other; the best
    m is taken.
    """
    shares = np.sort(np.bincount(y, minlength=n_classes))[::-1] / len(y)
    if loss == "cross_entropy":
        return float(entr(shares).sum())
    return float(np.min(np.arange(n_classes) + n_classes * (1 - np.cumsum(shares))))


def doubt(losses: Sequence[float], guessed: float) -> str:
    """Return why a training with these losses, one an epoch, is in doubt, or an empty string.

    Either it ended where a guess would have (see `guess`), or far above its own lowest loss.
    """
    last, lowest = losses[-1], min(losses)
    if last > _GUESSED * guessed:
        return f"the loss ended at {last:.4g}, and scores that ignore X have {guessed:.4g}"
    if last > 2 * lowest and last - lowest > 0.1 * guessed:
        return f"the loss ended at {last:.4g}, and was {lowest:.4g} before"
    return ""
