"""The engines in machine code: what another engine records, compiled with Numba.

No derivative is here. A program is made of the NumPy calls on a tape, or of the nodes of a scalar
graph, and these come from the rules of the engines that made them.
"""
