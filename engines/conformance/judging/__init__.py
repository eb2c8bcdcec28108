"""An engine's answer against the oracles, and what its faults are called."""
