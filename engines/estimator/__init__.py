"""A scikit-learn estimator that trains benchgrad's classifier with any engine."""

from benchgrad.engines.estimator.classifier import AutogradClassifier

__all__ = ["AutogradClassifier"]
