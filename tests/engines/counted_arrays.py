"""Arrays that count what NumPy does with them: the calls that read elements, and the new arrays."""

from collections import Counter

import numpy as np

COPYING = ("take", "put", "astype", "copy", "ravel", "__getitem__", "__setitem__")


class Counted(np.ndarray):
    """An array that counts on `counter`, as does every array that is computed from it.

    A call is a ufunc, one of its methods, a function or a method that reads elements; views are
    free, and so are calls on single numbers.
    """

    counter = None

    def __array_finalize__(self, source):
        self.counter = getattr(source, "counter", None)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **keywords):
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        given = {"out": plain(out)} if out else {}
        made = getattr(ufunc, method)(*plain(inputs), **given, **keywords)
        return self.count(name, made, *out)

    def __array_function__(self, function, types, arguments, keywords):
        given = {key: plain(value) for key, value in keywords.items()}
        made = function(*plain(arguments), **given)
        out = [keywords["out"]] if "out" in keywords else []
        return self.count(function.__name__, made, *out)

    def count(self, name, made, *out):
        """Count a call, and the array it made unless it wrote to one that was given."""
        if out:
            self.counter[name] += 1
            return out[0]
        is_array = isinstance(made, np.ndarray)
        if is_array and made.base is not None:
            return counting(made, self.counter)  # a view
        self.counter[name] += 1
        if not is_array:
            return made
        self.counter["arrays"] += 1
        return counting(made, self.counter)


def _method(name):
    def method(self, *arguments, **keywords):
        made = getattr(np.ndarray, name)(plain(self), *plain(arguments), **keywords)
        return self.count(name, made)

    return method


for _name in COPYING:
    setattr(Counted, _name, _method(_name))


def counting(array, counter):
    """Return a view of an array that counts on a counter."""
    counted = np.asarray(array).view(Counted)
    counted.counter = counter
    return counted


def plain(thing):
    """Return arrays as views that count nothing, also those in a tuple or list."""
    if isinstance(thing, Counted):
        return thing.view(np.ndarray)
    if isinstance(thing, tuple | list):
        return type(thing)(map(plain, thing))
    return thing


def counted(classifier, method, X, y):
    """Return how often a method of a classifier makes each call; `arrays` are those it makes.

    The state of the classifier is made to count: of the hand-written one, or one with Values.
    """
    counter = Counter()
    if hasattr(classifier, "state"):
        classifier._keep_in(counting(classifier.state, counter))
        classifier._assign_parts()
    else:
        classifier._parameters = [counting(p, counter) for p in classifier._parameters]
        classifier._velocities = [counting(v, counter) for v in classifier._velocities]
    counter.clear()
    getattr(classifier, method)(counting(X, counter), counting(y, counter))
    return counter
