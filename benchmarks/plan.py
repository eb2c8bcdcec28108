"""What to run: plans as frozen data, read from TOML and validated. Nothing is run here."""

from __future__ import annotations

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0, le=1e9)]  # the bound keeps infinity out
Share = Annotated[float, Meta(gt=0, lt=1)]
NotNegative = Annotated[float, Meta(ge=0, le=1e6)]


class PlanError(Exception):
    """A plan that is not there or not valid; one line, for its user."""


class DataPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """Which data; the meaning of each field is that of `benchgrad.datasets.Recipe`."""

    name: str = "moons"
    n_samples: Annotated[int, Meta(ge=20, le=10_000_000)] = 1000
    noise: NotNegative = 0.2
    test_fraction: Share = 0.25
    label: str = "label"


class ModelPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """The model between the features and the classes; the data set gives its two ends."""

    hidden: tuple[Count, ...] = (32, 32)
    activation: Literal["relu", "tanh"] = "relu"
    loss: Literal["cross_entropy", "hinge"] = "cross_entropy"


class TrainingPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """How every engine trains; `seed` draws the data, the weights and the batches."""

    learning_rate: Positive = 0.05
    momentum: NotNegative = 0.0
    weight_decay: NotNegative = 0.0
    batch_size: Count = 32
    dtype: Literal["float64", "float32"] = "float64"
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that somebody published for an engine of this kind, to show beside ours."""

    epochs: Count
    total_s: Positive

    @property
    def epoch_s(self) -> float:
        """Seconds an epoch."""
        return self.total_s / self.epochs


class Contestant(Struct, frozen=True, forbid_unknown_fields=True):
    """An engine in a plan; what it leaves out is the plan's.

    `engine` is what is loaded, where `name` is only what it is called; `cause` says in words
    what it does otherwise than the one before it. With a `batch_size` of its own it does other
    work, and is held to a reference that does the same. `budget_s` ends it at the end of the
    epoch in which its training has taken that long; the rest of its epochs is then forecast. Where
    a precision chooses the number of rounds, an engine also begins no round that would take its
    processes beyond that time altogether.
    """

    name: str
    engine: str | None = None
    epochs: Count | None = None
    batch_size: Count | None = None
    budget_s: Positive | None = None
    published: Published | None = None
    cause: str = ""

    @property
    def spec(self) -> str:
        """What is loaded."""
        return self.engine or self.name


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A comparison: the work, the engines, and the limits of each cell.

    With a `precision` there are at least `rounds` rounds, and further ones until the interval of
    each ratio to the fastest lies within that share of it; `benchmarks.analysis.rounds` says when.
    `memory_bytes` is for all processes of a cell together, None for no limit.
    """

    title: str
    engines: tuple[Contestant, ...]
    description: str = ""
    data: DataPlan = DataPlan()
    model: ModelPlan = ModelPlan()
    training: TrainingPlan = TrainingPlan()
    epochs: Count = 20
    rounds: Count = 1
    precision: Share | None = None
    threads: Count = 1
    timeout_s: Positive = 3600.0
    memory_bytes: Count | None = None
    reference: str = "numpy"

    def __post_init__(self) -> None:
        names = [contestant.name for contestant in self.engines]
        if not names:
            raise ValueError("engines: there must be at least one")
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"engines: {name!r} stands there twice")
        if self.precision is not None and len(names) < 2:
            raise ValueError(
                "precision: it is that of ratios, and there is one engine only; name another"
            )

    def epochs_of(self, contestant: Contestant) -> int:
        """Return how many epochs an engine is to train."""
        return contestant.epochs or self.epochs

    def batch_size_of(self, contestant: Contestant) -> int:
        """Return the rows of a batch that an engine trains with."""
        return contestant.batch_size or self.training.batch_size

    def select(self, names: list[str]) -> Plan:
        """Return the plan with these engines only; those it does not know take its defaults."""
        known = {contestant.name: contestant for contestant in self.engines}
        return self.replace(engines=[known.get(name, Contestant(name)) for name in names])

    def replace(self, **changes: object) -> Plan:
        """Return a copy with some fields changed, validated as if it had been read.

        Raises:
            PlanError: the result is not a valid plan.
        """
        fields = msgspec.to_builtins(self) | msgspec.to_builtins(changes)
        return _convert(fields, "")

    def with_data(self, **changes: object) -> Plan:
        """Return a copy with some fields of its data changed."""
        return self.replace(data=msgspec.to_builtins(self.data) | changes)

    def unpublished(self) -> Plan:
        """Return a copy that claims no published figures: other work than the plan's own."""
        return self.with_each(published=None).replace(description="")

    def with_each(self, **changes: object) -> Plan:
        """Return a copy in which every engine has some fields changed."""
        return self.replace(engines=[msgspec.to_builtins(e) | changes for e in self.engines])


def shipped() -> dict[str, Plan]:
    """Return the plans that come with the package, by name."""
    folder = files("benchgrad.benchmarks") / "plans"
    found = {path.name.removesuffix(".toml"): path for path in folder.iterdir()}
    return {name: _parse(found[name].read_text("utf-8"), name) for name in sorted(found)}


def load_plan(spec: str) -> Plan:
    """Return a plan by its name, or from the path of a TOML file.

    Raises:
        PlanError: there is no such plan, or the file is not a valid one.
    """
    if spec.endswith(".toml"):
        try:
            return _parse(Path(spec).read_text("utf-8"), spec)
        except FileNotFoundError:
            raise PlanError(f"plan {spec!r}: there is no such file") from None
        except (OSError, UnicodeDecodeError) as error:
            raise PlanError(f"plan {spec!r} cannot be read: {error}") from error
    plans = shipped()
    if spec not in plans:
        near = difflib.get_close_matches(spec, plans, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        known = ", ".join(plans)
        raise PlanError(f"there is no plan {spec!r}; {hint}known are {known}, or a path to a .toml")
    return plans[spec]


def _parse(text: str, name: str) -> Plan:
    try:
        return _convert(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"plan {name!r} is not valid TOML: {error}") from error


def _convert(fields: object, name: str) -> Plan:
    """Return a valid plan; `name` is empty for one that options changed."""
    try:
        return msgspec.convert(fields, Plan)
    except msgspec.ValidationError as error:
        complaint = _in_words(str(error))
        raise PlanError(f"plan {name!r}: {complaint}" if name else _as_option(complaint)) from error


def _in_words(complaint: str) -> str:
    """Return msgspec's complaint with its path in front, and near misses of an unknown field."""
    message, _, path = complaint.partition(" - at ")
    if message.startswith("Object contains unknown field"):
        unknown = message.split("`")[1]
        known = [f for kind in _STRUCTS for f in kind.__struct_fields__]
        near = difflib.get_close_matches(unknown, known, n=1)
        message = f"unknown key {unknown!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    place = path.strip("`").removeprefix("$").removeprefix(".")
    return f"{place}: {message}" if place else message


def _as_option(complaint: str) -> str:
    """Return a complaint about a field with the name of the option that set it."""
    place, _, message = complaint.rpartition(": ")
    field = place.rpartition(".")[2]
    option = field.removesuffix("_s").removesuffix("_bytes")
    return f"--{option}: {message}" if place else complaint


_STRUCTS: tuple[type[Struct], ...] = (
    Plan,
    DataPlan,
    ModelPlan,
    TrainingPlan,
    Contestant,
    Published,
)
