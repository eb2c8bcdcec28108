"""Makes a notebook of each chapter of the book: ``notebooks.py BOOK OUT SAMPLE``.

A notebook runs anywhere where benchgrad is installed. So the sources that a page includes are in
it as text, sentences with numbers become cells that say them, and the records that a page quotes
are packed into a hidden cell at its head.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

import jupytext
import nbformat

_INCLUDE = re.compile(r"```\{literalinclude\} (\S+)\n(.*?)```", re.DOTALL)
_EVAL = re.compile(r"\{eval\}`(\w+)`")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)\.\./([^)]+)\)")
_RECORDS = "records"  # the variable that holds them in a notebook
_RUN = f"run_of({_RECORDS})"


def chapters(book):
    """Return the paths of the chapters, in order."""
    return sorted(book.glob("[0-9][0-9]-*.md"))


def notebook_of(path, packed):
    """Return the notebook of a chapter; `packed` are the records, as `Run.packed` gives them."""
    found = jupytext.reads(path.read_text("utf-8"), fmt="md:myst")
    cells = []
    for cell in found.cells:
        if cell.cell_type == "code":
            cells.append(_code(cell))
            continue
        for text in _paragraphs(_included(cell.source, path.parent)):
            if _EVAL.search(text):
                cells.append(_telling(text))
            else:
                cells.append(nbformat.v4.new_markdown_cell(_linked(text)))
    if any(_RUN in cell.source for cell in cells):
        records = f"# The records that this chapter quotes, packed.\n{_RECORDS} = {packed!r}"
        cells.insert(0, _hidden(nbformat.v4.new_code_cell(records)))
    made = nbformat.v4.new_notebook(cells=_joined(cells))
    made.metadata["kernelspec"] = {
        "name": "python3", "display_name": "Python 3", "language": "python"
    }  # fmt: skip
    for i, cell in enumerate(made.cells):
        cell["id"] = f"cell-{i}"  # the same at each build
    return made


def write_all(book, out, sample):
    """Write the notebooks of all chapters into a folder."""
    from benchgrad.book.sample import read_run

    packed = read_run(sample).packed()
    out.mkdir(parents=True, exist_ok=True)
    for path in chapters(book):
        nbformat.write(notebook_of(path, packed), out / f"{path.stem}.ipynb")


def _code(cell):
    made = nbformat.v4.new_code_cell(cell.source.replace("run_of()", _RUN))
    is_hidden = {"hide-input", "remove-input"} & {*cell.metadata.get("tags", [])}
    return _hidden(made) if is_hidden else made


def _hidden(cell):
    cell.metadata["jupyter"] = {"source_hidden": True}
    return cell


def _linked(text):
    """Return a text with the links that lead out of the notebook as the names of their pages."""
    return _LINK.sub(r"\1 (`docs/\2`)", text)


def _telling(text):
    """Return a cell that says a paragraph, with the numbers of whoever runs it."""
    text = _linked(text).replace("{", "{{").replace("}", "}}")
    text = re.sub(r"\{\{eval\}\}`(\w+)`", r"{\1}", text).replace('"""', "'''")
    source = f'from IPython.display import Markdown\n\nMarkdown(f"""{text}""")'
    return _hidden(nbformat.v4.new_code_cell(source))


def _paragraphs(text):
    """Return the paragraphs of a text; one with code in it stays whole."""
    parts, fenced = [[]], False
    for line in text.split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        if line.strip() or fenced:
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    return ["\n".join(part) for part in parts if part]


def _joined(cells):
    """Return the cells with neighbouring texts as one."""
    found = []
    for cell in cells:
        if found and cell.cell_type == found[-1].cell_type == "markdown":
            found[-1].source += f"\n\n{cell.source}"
        else:
            found.append(cell)
    return found


def _included(text, folder):
    """Return a text with the sources that it includes."""

    def shown(found):
        path = folder / found[1]
        options = dict(re.findall(r"^:([\w-]+): *(.*)$", found[2], re.MULTILINE))
        return f"```python\n{_excerpt(path.read_text('utf-8'), options)}\n```"

    return _INCLUDE.sub(shown, text)


def _excerpt(source, options):
    """Return the part of a source that the options of a `literalinclude` name."""
    lines = source.splitlines()
    if name := options.get("pyobject"):
        node = ast.parse(source)
        for part in name.split("."):
            node = next(each for each in node.body if getattr(each, "name", None) == part)
        begin = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        lines = lines[begin - 1 : node.end_lineno]
    if text := options.get("start-at", "").strip('"'):
        lines = lines[next(i for i, line in enumerate(lines) if text in line) :]
    if text := options.get("end-before", "").strip('"'):
        lines = lines[: next(i for i, line in enumerate(lines) if text in line)]
    return textwrap.dedent("\n".join(lines)).rstrip()


if __name__ == "__main__":
    write_all(*map(Path, sys.argv[1:4]))
