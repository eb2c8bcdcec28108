"""The process that runs under valgrind: it loads an engine and trains. It times and judges nothing.

It does as little else as it can, since all it does is counted. Started by `processes.child`.
"""

import os

import msgspec
import numpy as np
from msgspec import Struct

from benchgrad.benchmarks.cell.arrays import mapped_arrays
from benchgrad.benchmarks.cell.failures import failure_of
from benchgrad.benchmarks.cell.messages import CellJob, Failed
from benchgrad.benchmarks.cell.training import Schedule
from benchgrad.engines import MLP, SGD, load, train_epochs
from benchgrad.processes.pipes import pipes_to_parent, send


class Trained(Struct, frozen=True, tag=True):
    """Training ended: the losses of each epoch, and the process that it was in."""

    process: int
    losses: list[list[float]]


Answer = Trained | Failed
ANSWERS: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def trained(job: CellJob) -> Trained:
    """Train all epochs of a job, in the batches of its cell.

    The parameters are read after each epoch, as a cell reads them, so that work which an engine
    puts off until then is counted too.
    """
    arrays = mapped_arrays(job.data)
    X, y = arrays["X_train"], arrays["y_train"]
    engine = load(job.engine)
    engine.limit_threads(job.n_threads)
    rule = job.training
    model = MLP(job.layers, job.activation, job.loss)  # type: ignore[arg-type]
    optimizer = SGD(rule.learning_rate, rule.momentum, rule.weight_decay)
    first = model.initial_parameters(rule.seed)
    classifier = engine.classifier(model, first, optimizer, rule.dtype)
    batches = Schedule(job.n_epochs, rule.batch_size, rule.seed, job.round).batches(len(y))
    losses = []
    for found in train_epochs(classifier.train_epoch, X, y, batches):
        classifier.parameters()
        losses.append(np.asarray(found, np.float64).ravel().tolist())
    return Trained(os.getpid(), losses)


def main() -> None:
    """Run the job that the parent sends, and report a failure of the engine as an answer."""
    with pipes_to_parent() as (jobs, answers):
        job = msgspec.json.decode(jobs.readline(), type=CellJob)
        jobs.close()
        answer: Answer
        try:
            answer = trained(job)
        except Exception as error:  # an engine may raise anything; it is data, with its name
            answer = failure_of(error)
        send(answers, answer)


if __name__ == "__main__":
    main()
