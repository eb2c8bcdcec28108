"""Plans: what to run, as frozen data, read from TOML and validated. Nothing is run here."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from benchgrad.benchmarks.axes import BASE, MOST_POINTS, At, Axes, Classes, Features, Samples
from benchgrad.benchmarks.bounds import Name, Text
from benchgrad.benchmarks.files import read_regular

Count = Annotated[int, Meta(ge=1, le=10**9)]
Rounds = Annotated[int, Meta(ge=1, le=10_000)]
Layer = Annotated[int, Meta(ge=1, le=1_000_000)]
Bytes = Annotated[int, Meta(ge=1, le=2**53)]
Positive = Annotated[float, Meta(gt=0, le=1e9)]  # the bound keeps infinity out
Share = Annotated[float, Meta(gt=0, lt=1)]
NotNegative = Annotated[float, Meta(ge=0, le=1e6)]
MOST_ENGINES = 200
Collector = Literal["as shipped", "default", "paused"]


class PlanError(Exception):
    """A plan that does not exist or is not valid; one line, for its user.

    `problem` is what is wrong with the field at `path`, such as `engines[0].epochs`; the path is
    empty where the whole plan is wrong.
    """

    def __init__(self, problem: str, path: str = "", plan: str = "") -> None:
        whose = f"plan {plan!r}" if plan else ""
        super().__init__(": ".join(filter(None, (whose, path, problem))))
        self.problem = problem
        self.path = path


class _FieldError(ValueError):
    """A field that does not agree with the others of its plan."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


class DataPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """Which data; each field means what it does in `benchgrad.datasets.Recipe`."""

    name: Name = "moons"
    n_samples: Samples = 1000
    n_features: Features | None = None
    n_classes: Classes | None = None
    noise: NotNegative = 0.2
    test_fraction: Share = 0.25
    label: Text = "label"


class ModelPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """The layers between the features and the classes, whose numbers the data set gives."""

    hidden: Annotated[tuple[Layer, ...], Meta(max_length=100)] = (32, 32)
    activation: Literal["relu", "tanh"] = "relu"
    loss: Literal["cross_entropy", "hinge"] = "cross_entropy"


class TrainingPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """How every engine trains; `seed` determines the data, the weights and the batches."""

    learning_rate: Positive = 0.05
    momentum: NotNegative = 0.0
    weight_decay: NotNegative = 0.0
    batch_size: Count = 32
    dtype: Literal["float64", "float32"] = "float64"
    seed: Annotated[int, Meta(ge=0, lt=2**32)] = 0


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that somebody published for an engine of this kind, to be shown beside ours."""

    epochs: Count
    total_s: Positive

    @property
    def epoch_s(self) -> float:
        """The seconds of one epoch."""
        return self.total_s / self.epochs


class Corner(Struct, frozen=True, forbid_unknown_fields=True):
    """The place of an engine in the two-by-two: what a node of its graph is, and what runs it."""

    nodes: Literal["numbers", "arrays"]
    run_by: Literal["Python", "machine code"]


class Contestant(Struct, frozen=True, forbid_unknown_fields=True):
    """An engine in a plan; fields that it leaves out are the plan's.

    `engine` is what to load, if that is not the `name`; `cause` says what it does differently from
    the engine that it `improves`, by default the one before it that has a cause; `corner` says
    where it belongs in the two-by-two. With its own `batch_size` it does different work, and is
    compared with a reference that does the same. Training ends with the epoch in which it has
    taken `budget_s`, but not before `least_epochs` (a forecast takes four); the remaining epochs
    are forecast. In a plan with a precision, `budget_s` also limits the time of all its processes
    together: an engine skips a round that would exceed it.

    A slow engine need not train to the end in every round: `rounds` is in how many of the plan's
    rounds it takes part, `later_budget_s` its budget in those after the first.
    `collector` sets the cyclic garbage collector for the engine from outside: `default` runs it as
    Python does, even where the engine pauses it, and `paused` runs it once, as each epoch ends.
    """

    name: Name
    engine: Name | None = None
    epochs: Count | None = None
    batch_size: Count | None = None
    budget_s: Positive | None = None
    published: Published | None = None
    collector: Collector = "as shipped"
    cause: Text = ""
    improves: Name | None = None
    rounds: Rounds | None = None
    later_budget_s: Positive | None = None
    least_epochs: Count = 1
    corner: Corner | None = None

    @property
    def spec(self) -> str:
        """What to load."""
        return self.engine or self.name

    def in_round(self, round: int) -> Contestant:
        """Return the contestant as it runs in a round, with the budget that it has there."""
        if round == 0 or self.later_budget_s is None:
            return self
        least_s = min(self.later_budget_s, self.budget_s or self.later_budget_s)
        return msgspec.structs.replace(self, budget_s=least_s)


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A comparison: the work, the engines, and the limits of each cell.

    With a `precision` there are at least `rounds` rounds, and more until every ratio to the fastest
    is known to within that share of it; `benchmarks.analysis.rounds` decides. `memory_bytes`
    limits all processes of a cell together; None means no limit. With the allocator `keep`, the C
    library keeps freed memory instead of returning it to the kernel; `default` leaves it as it is.
    `cpu` holds every engine to that processor, by its number; None leaves the choice to the kernel.
    `instructions` asks for those of an epoch of each engine, counted after the timed cells.
    With `axes` the plan is a sweep: itself, and then each of its `points`. One that is not `timed`
    is about accuracy: its points may run side by side, and their times are not compared.
    """

    title: Text
    engines: Annotated[tuple[Contestant, ...], Meta(max_length=MOST_ENGINES)]
    description: Text = ""
    data: DataPlan = DataPlan()
    model: ModelPlan = ModelPlan()
    training: TrainingPlan = TrainingPlan()
    epochs: Count = 20
    rounds: Rounds = 1
    precision: Share | None = None
    threads: Count = 1
    timeout_s: Positive = 3600.0
    memory_bytes: Bytes | None = None
    allocator: Literal["keep", "default"] = "keep"
    cpu: Annotated[int, Meta(ge=0, lt=2**16)] | None = None
    reference: Name = "numpy"
    instructions: bool = False
    axes: Axes | None = None
    timed: bool = True

    def __post_init__(self) -> None:
        names = [contestant.name for contestant in self.engines]
        if not names:
            raise _FieldError("engines", "there must be at least one")
        for name in names:
            if names.count(name) > 1:
                raise _FieldError("engines", f"{name!r} is listed twice")
        corners = [contestant.corner for contestant in self.engines if contestant.corner]
        if len(set(corners)) < len(corners):
            raise _FieldError("engines", "two of them have the same corner")
        if self.cpu is not None and self.threads > 1:
            raise _FieldError("cpu", f"one processor does not run {self.threads} threads at once")
        if self.precision is not None and len(names) < 2:
            raise _FieldError("precision", "it applies to ratios, so name two engines or more")
        if self.axes is not None:
            self._check_axes(self.axes)

    def _check_axes(self, axes: Axes) -> None:
        for name in axes.grid:
            if name not in axes.names:
                raise _FieldError("axes.grid", f"the axis {name!r} has no values")
        if axes.refine and len(axes.grid) != 2:
            raise _FieldError("axes.refine", "it needs a grid of two axes")
        if axes.n_points() > MOST_POINTS:
            raise _FieldError("axes", f"more than {MOST_POINTS:,} points")
        if axes.batch and (own := [c.name for c in self.engines if c.batch_size]):
            raise _FieldError("axes.batch", f"{own[0]!r} has a batch size of its own")

    @property
    def own(self) -> At:
        """The plan's own values on each axis, None where the data give it or it has several."""
        widths = set(self.model.hidden)
        return At(
            samples=self.data.n_samples,
            features=self.data.n_features,
            width=widths.pop() if len(widths) == 1 else None,
            depth=len(self.model.hidden),
            batch=self.training.batch_size,
            classes=self.data.n_classes,
            dtype=self.training.dtype,
            dataset=self.data.name,
            seed=self.training.seed,
        )

    def points(self) -> Iterator[At]:
        """Yield where the points of a sweep are, without the plan itself."""
        if self.axes is not None:
            yield from self.axes.points(self.own)

    def at(self, at: At) -> Plan:
        """Return the plan of a point: this one with its axes fixed.

        A width is that of all hidden layers, and a depth their number, as wide as the first.

        Raises:
            PlanError: the result is not a valid plan.
        """
        hidden = self.model.hidden
        if at.width is not None:
            hidden = (at.width,) * len(hidden)
        if at.depth is not None:
            first = at.width or (hidden[0] if hidden else 1)
            hidden = (first,) * at.depth
        given: dict[str, dict[str, object]] = {
            "data": {
                "name": at.dataset,
                "n_samples": at.samples,
                "n_features": at.features,
                "n_classes": at.classes,
            },
            "training": {"batch_size": at.batch, "dtype": at.dtype, "seed": at.seed},
        }
        changes = {
            part: msgspec.to_builtins(getattr(self, part)) | _without_none(fields)
            for part, fields in given.items()
        }
        model = msgspec.to_builtins(self.model) | {"hidden": hidden}
        fixed = self.replace(**changes, model=model, axes=None, instructions=False)
        return self.replace(axes=None) if at == BASE else fixed.unpublished()

    def epochs_of(self, contestant: Contestant) -> int:
        """Return how many epochs an engine trains."""
        return contestant.epochs or self.epochs

    def batch_size_of(self, contestant: Contestant) -> int:
        """Return how many rows are in an engine's batches."""
        return contestant.batch_size or self.training.batch_size

    def takes_part(self, contestant: Contestant, round: int) -> bool:
        """Return whether an engine may run in a round; with a precision, its results decide."""
        is_in_plan = self.precision is not None or round < self.rounds
        return is_in_plan and (contestant.rounds is None or round < contestant.rounds)

    def select(self, names: list[str]) -> Plan:
        """Return the plan with these engines only, and with others that are new to it.

        A new engine trains as long as the one that it is compared with: for the fewest epochs of
        the plan's engines beside it, which all of them finish, or else for the plan's own number.
        Where two or more of them are also in the plan under another policy of the collector, those
        rows stay: without them the ratio between the two would hold for one policy only.
        """
        known = {contestant.name: contestant for contestant in self.engines}
        beside = [self.epochs_of(known[name]) for name in names if name in known]
        epochs = min(beside, default=None)
        chosen = [known.get(name) or Contestant(name, epochs=epochs) for name in names]
        specs = {contestant.spec for contestant in chosen} & known.keys()
        again = [c for c in self.engines if c.collector != "as shipped" and c.spec in specs]
        if len({contestant.spec for contestant in again}) < 2:
            again = []
        return self.replace(engines=[*chosen, *(c for c in again if c.name not in names)])

    def replace(self, **changes: object) -> Plan:
        """Return a copy with some fields changed, validated like a file.

        Raises:
            PlanError: the result is not a valid plan.
        """
        fields = msgspec.to_builtins(self) | msgspec.to_builtins(changes)
        return _convert(fields)

    def with_data(self, **changes: object) -> Plan:
        """Return a copy with some fields of its data changed."""
        return self.replace(data=msgspec.to_builtins(self.data) | changes)

    def with_training(self, **changes: object) -> Plan:
        """Return a copy with some fields of its training changed."""
        return self.replace(training=msgspec.to_builtins(self.training) | changes)

    def unpublished(self) -> Plan:
        """Return a copy without published figures, which are about the plan's own work only."""
        return self.with_each(published=None).replace(description="")

    def with_each(self, **changes: object) -> Plan:
        """Return a copy with some fields of every engine changed."""
        return self.replace(engines=[msgspec.to_builtins(e) | changes for e in self.engines])


def shipped() -> dict[str, Plan]:
    """Return the plans that come with the package, by name."""
    found = _shipped()
    return {name: _parse(found[name].read_text("utf-8"), name) for name in sorted(found)}


def text_of(name: str) -> str:
    """Return the TOML of a plan that comes with the package.

    Raises:
        PlanError: there is no such plan.
    """
    found = _shipped()
    if name not in found:
        raise _unknown(name, found)
    return found[name].read_text("utf-8")


def load_plan(spec: str) -> Plan:
    """Return a plan by its name, or from the path of a TOML file.

    Raises:
        PlanError: there is no such plan, or the file does not hold a valid one.
    """
    if spec.endswith(".toml"):
        try:
            return _parse(read_regular(Path(spec)).decode(), spec)
        except FileNotFoundError:
            raise PlanError(f"plan {spec!r}: there is no such file") from None
        except (OSError, ValueError) as error:
            problem = (isinstance(error, OSError) and error.strerror) or error
            raise PlanError(f"plan {spec!r} cannot be read: {problem}") from error
    return _parse(text_of(spec), spec)


def _shipped() -> dict[str, Traversable]:
    folder = files("benchgrad.benchmarks") / "plans"
    return {path.name.removesuffix(".toml"): path for path in folder.iterdir()}


def _unknown(spec: str, plans: Iterable[str]) -> PlanError:
    known = sorted(plans)
    near = difflib.get_close_matches(spec, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(known)
    return PlanError(f"there is no plan {spec!r}; {hint}known are {listed}, or a path to a .toml")


def _parse(text: str, name: str) -> Plan:
    try:
        return _convert({"title": Path(name).stem} | tomllib.loads(text), name)
    except RecursionError as error:
        raise PlanError(f"plan {name!r} is not valid TOML: it is nested too deeply") from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"plan {name!r} is not valid TOML: {error}") from error


def _convert(fields: object, name: str = "") -> Plan:
    """Return a valid plan; one that options changed has no name."""
    try:
        return msgspec.convert(fields, Plan)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, _FieldError):
            raise PlanError(str(error.__cause__), error.__cause__.path, name) from error
        problem, _, path = str(error).partition(" - at ")
        path = path.strip("`").removeprefix("$").removeprefix(".")
        raise PlanError(_in_words(problem), path, name) from error


def _in_words(problem: str) -> str:
    """Return what msgspec complains of; for an unknown field, with the nearest that is known."""
    if not problem.startswith("Object contains unknown field"):
        return problem
    unknown = problem.split("`")[1]
    known = [field for kind in _STRUCTS for field in kind.__struct_fields__]
    near = difflib.get_close_matches(unknown, known, n=1)
    return f"unknown key {unknown!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _without_none(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


_STRUCTS = (Plan, DataPlan, ModelPlan, TrainingPlan, Contestant, Corner, Published, Axes)
