"""What package `spaces` does with a generator on ZeroGPU, emulated without a GPU, for tests.

As in spaces 0.51.3 (zero/wrappers.py): a worker is forked at the first call and kept; arguments and items cross by
pickle; a call is done in a thread of its own; an exception crosses as the name of its class; closing the generator
sets an event that the worker looks at after its next item. Left out: the device itself, quotas, the emulated CUDA.
"""

import inspect
import multiprocessing
import threading

fork = multiprocessing.get_context("fork")
END, FAILED, ITEM = "end", "failed", "item"
asked = []  # the first argument of every call


def GPU(task=None, *, duration=None):  # noqa: N802  (the package's own name)
    """The task, done in the worker."""
    assert inspect.isgeneratorfunction(task)
    workers = []

    def call(*arguments):
        assert duration(*arguments) > 0
        asked.append(arguments[0])
        if not workers:
            workers.append(Worker(task))
        yield from workers[0].call(arguments)

    return call


class Worker:
    """The forked process and the two queues to it."""

    def __init__(self, task):
        self.asked, self.answers, self.stop = fork.SimpleQueue(), fork.SimpleQueue(), fork.Event()
        self.process = fork.Process(target=self.run, args=(task,), daemon=True)
        self.process.start()

    def call(self, arguments):
        """What the task yields there. Closed early, it waits for the worker's end all the same."""
        self.asked.put(arguments)
        ended = False
        try:
            while True:
                kind, value = self.answers.get()
                ended = kind == END
                if ended:
                    return
                if kind == FAILED:
                    raise RuntimeError(value)
                yield value
        finally:
            if not ended:
                self.stop.set()
                while self.answers.get()[0] != END:
                    pass

    def run(self, task):
        """In the worker: one call after the other, each in a thread."""
        while True:
            arguments = self.asked.get()
            self.stop.clear()
            thread = threading.Thread(target=self.iterate, args=(task, arguments))
            thread.start()
            thread.join()
            self.answers.put((END, None))

    def iterate(self, task, arguments):
        generator = task(*arguments)
        try:
            for item in generator:
                if self.stop.is_set():
                    generator.close()
                    return
                self.answers.put((ITEM, item))
        except Exception as error:
            self.answers.put((FAILED, type(error).__name__))
