"""How large the numbers, and how long the texts, of plans and records may be.

No honest run comes near a bound; beyond them a report would take forever, or overflow.
"""

from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=1000)]  # of an engine: often a path
Text = Annotated[str, Meta(max_length=100_000)]
Command = Annotated[str, Meta(max_length=4_000_000)]  # more than a kernel takes
Index = Annotated[int, Meta(ge=0, lt=10_000)]  # of a round
Amount = Annotated[int, Meta(ge=0, le=2**53)]  # JSON, CSV and float64 hold it exactly
Rows = Annotated[int, Meta(ge=1, le=2**53)]
Class = Annotated[int, Meta(ge=0, lt=100_000)]
Width = Annotated[int, Meta(ge=1, le=1000)]  # of a grid, in points
Epochs = Annotated[int, Meta(ge=0, le=10**9)]
# Some clocks of benchgrad 0.1.0 could go back by a tick; verify names every negative time.
Seconds = Annotated[float, Meta(ge=-1e9, le=1e9)]
Rate = Annotated[float, Meta(ge=0, le=1e21)]
Share = Annotated[float, Meta(ge=0, le=1)]
Coordinate = Annotated[float, Meta(ge=-1e9, le=1e9)]
