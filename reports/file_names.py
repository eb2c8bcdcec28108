"""The names of the files that a report may have, known without rendering any."""

import pkgutil

from benchgrad.reports import plots

PAGE = "index.html"
SUMMARY = "summary.md"
TIMINGS, ACCURACY = "timings.csv", "accuracy.csv"
CARD, SNIPPET = "card.png", "snippet.md"
ANIMATION = "race.gif"  # only where somebody asked for it


def report_files() -> list[str]:
    """Return the paths of all files that a report may have, in the folder of the run."""
    names = [module.name for module in pkgutil.iter_modules(plots.__path__)]
    figures = [f"plots/{name}.{extension}" for name in names for extension in ("png", "svg")]
    return [PAGE, SUMMARY, TIMINGS, ACCURACY, CARD, SNIPPET, ANIMATION, *figures]
