"""Several processes that do the same work, one a core, under a parent that only watches.

They are forked, so the parent must not have imported anything heavy or started a thread. A socket pair ties each one
to the parent: a byte says that the worker is ready, the end that the other side is gone, however that came about.
"""

import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable

Work = Callable[[socket.socket], None]
"""What a worker does. On the socket it sends a byte when it is ready; when it receives the end, it must end too."""

_PAUSE_SECONDS = 1.0  # before a worker that ended is replaced


class WorkerError(RuntimeError):
    """The workers cannot work; what they wrote says why."""


class Workers:
    """Keeps ``count`` workers at work. ``on_ready`` is called once, when all are ready for the first time."""

    def __init__(self, count: int, work: Work, on_ready: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._on_ready = on_ready
        self._pids: dict[socket.socket, int] = {}  # by our end of the pair
        self._ready: set[socket.socket] = set()
        self._was_ready = False
        self._has_failed = False
        self._is_stopping = False
        self._replace_at = 0.0  # not before this moment
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Return after SIGTERM or SIGINT. Raises WorkerError if a worker ends before all were ready."""
        woken, waker = socket.socketpair()
        waker.setblocking(False)  # noqa: FBT003 - the standard library's signature
        before = signal.set_wakeup_fd(waker.fileno())  # so that a signal ends the wait in select
        handlers = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        self._selector.register(woken, selectors.EVENT_READ)
        try:
            self._watch(woken)
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for end in (woken, waker, self._selector):
                end.close()
        if self._has_failed:
            raise WorkerError("a worker ended before it was ready")

    def _watch(self, woken: socket.socket) -> None:
        while self._pids or not self._is_stopping:
            missing = 0 if self._is_stopping else self._count - len(self._pids)
            if missing and time.monotonic() >= self._replace_at:
                self._start()
                continue
            for key, _ in self._selector.select(self._replace_at - time.monotonic() if missing else None):
                if key.fileobj is woken:
                    woken.recv(64)
                else:
                    self._hear(key.fileobj)  # type: ignore[arg-type]  # only sockets are registered

    def _hear(self, channel: socket.socket) -> None:
        if channel.recv(1):
            self._ready.add(channel)
            if len(self._ready) == self._count and not self._was_ready:
                self._was_ready = True
                self._on_ready()
            return
        self._selector.unregister(channel)
        self._ready.discard(channel)
        channel.close()
        pid = self._pids.pop(channel)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if not self._is_stopping:
            print(f"worker {pid} ended ({code})", file=sys.stderr, flush=True)  # noqa: T201 - the parent has no log
            self._replace_at = time.monotonic() + _PAUSE_SECONDS
            if not self._was_ready:
                self._has_failed = True
                self._stop()

    def _stop(self, *_: object) -> None:
        self._is_stopping = True
        for pid in self._pids.values():
            os.kill(pid, signal.SIGTERM)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._be_worker(theirs)
        theirs.close()
        self._pids[ours] = pid
        self._selector.register(ours, selectors.EVENT_READ)

    def _be_worker(self, channel: socket.socket) -> None:
        """Work, and never return into what the parent was doing."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            self._selector.close()
            for other in self._pids:
                other.close()
            self._work(channel)
            code = 0
        except SystemExit as end:  # with a sentence for people
            sys.stderr.write(f"{end}\n")
        except BaseException:  # noqa: BLE001 - a worker's last words
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
