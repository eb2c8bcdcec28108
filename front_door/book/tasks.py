"""The exercises of a chapter as its page shows them. What they ask is in `learning`."""

from dataclasses import dataclass

from benchgrad.learning import exercises


@dataclass(frozen=True, repr=False)
class Tasks:
    """Exercises in Markdown."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def exercises_of(chapter: int) -> Tasks:
    """Return the exercises of a chapter, each with the command that begins it.

    Raises:
        ValueError: there is no such chapter.
    """
    found = [each for each in exercises().values() if each.chapter == chapter]
    if not found:
        raise ValueError(f"there is no chapter {chapter}")
    parts = [
        f"**{_ended(f'{each.number} {each.title}')}** {each.text}\n\n"
        f"```python\n{each.stub.rstrip()}\n```"
        for each in found
    ]
    first = found[0].number
    how = (
        f"To begin, `benchgrad learn {first} --out answer.py`; to check what you wrote, "
        f"`benchgrad learn {first} answer.py`."
    )
    return Tasks("\n\n".join([*parts, how]))


def _ended(title: str) -> str:
    """Return a title with a full stop, unless it is a question."""
    return title if title.endswith("?") else f"{title}."
