"""The exercises, one module for each chapter of the book: a text, a stub and a test for each.

A test asks for one thing at a time, the simplest first, and says what is wrong in the reader's own
terms. Answers, right and wrong, are in the repository's tests and not in the package.
"""
