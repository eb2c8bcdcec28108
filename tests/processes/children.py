"""Children of a few lines each, and what they are asked."""

import msgspec

TEMPLATE = '''
import os, signal, subprocess, sys, threading, time
import msgspec
from benchgrad.processes.pipes import pipes_to_parent

def remember():
    """Note this process as one that must not outlive the child, and stay for a minute."""
    with open("pids", "a") as file:
        file.write(f"{{os.getpid()}}\\n")
    time.sleep(60)
    os._exit(0)

def wait_for(n):
    """Wait until so many processes are noted."""
    while not os.path.exists("pids") or len(open("pids").readlines()) < n:
        time.sleep(0.01)

with pipes_to_parent() as (asked, answers):
    def answer(value):
        answers.write(msgspec.json.encode(value) + b"\\n")
        answers.flush()
    for line in asked:
        question = msgspec.json.decode(line)["text"]
{body}
'''

ANY = msgspec.json.Decoder()


class Question(msgspec.Struct):
    """What a child is asked."""

    text: str = ""


def ask(child, text=""):
    return child.ask(Question(text), ANY)
