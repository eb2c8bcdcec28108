"""A real run with a cell of each kind: equal work, other batches, a budget, wrong work, a crash,
no package. Its folder has a journal, the records and the report.
"""

from unittest import mock

from odd_engine import write_odd

from benchgrad.benchmarks.cell import description
from benchgrad.benchmarks.cell.listener import Quiet
from benchgrad.benchmarks.plan import Contestant, load_plan
from benchgrad.benchmarks.records import read_results, write_results
from benchgrad.benchmarks.run import runner
from benchgrad.benchmarks.run.journal import Journal
from benchgrad.reports.page import write_report


def run_into(folder):
    wrong = write_odd(folder.parent, "wrong", "losses = losses * 1.01")
    broken = write_odd(folder.parent, "broken", "raise ValueError('no')")
    engines = [
        Contestant("tensor"),
        Contestant("numpy", epochs=3),
        Contestant("rows", engine="tensor", batch_size=10, epochs=2),
        Contestant("cut", engine="tensor", budget_s=1e-9),
        Contestant("wrong", engine=wrong),
        Contestant("broken", engine=broken),
        Contestant("absent", engine="no_such_module:engine"),
    ]
    plan = load_plan("quick").with_data(n_samples=80).replace(engines=engines, epochs=4)
    with mock.patch.object(description, "_GRID_N", 20):  # a smaller picture is drawn sooner
        dataset = runner.prepare(plan)
        header = runner.header(plan, "benchgrad run test", dataset)
        with Journal.begin(folder, header) as journal:
            results = runner.run(journal, dataset, Quiet())
            write_results(results, folder)
            assert read_results(folder) == results  # the records survive their file
            write_report(folder)
            journal.end()
