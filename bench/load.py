"""The load: answers verified one by one, then wrk, whose every answer is checked by status and length."""

import http.client
import json
import math
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.machine import LOAD_CORE, BenchError
from bench.workloads import FIRST_NUMBER, MARK, Question

CONNECTIONS = 32
VERIFIED_ANSWERS = 30
T = TypeVar("T")
_SCRIPT = Path(__file__).parent / "load.lua"


@dataclass(frozen=True)
class Heard:
    """What wrk heard in one run: answers, all of them right, and their latency."""

    answers: int
    p50_ms: float
    p99_ms: float


def verify(port: int, questions: Sequence[Question], first: int) -> int:
    """Ask each question often, compare whole answers, and return how long a right answer is."""
    lengths = set()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for number in map(str, range(first, first + VERIFIED_ANSWERS)):
            for question in questions:
                body = question.body.replace(MARK, number)
                connection.request(question.method, question.path.replace(MARK, number), body, _headers(question))
                response = connection.getresponse()
                payload = response.read()
                lengths.add(len(payload))
                _compare(response.status, payload, question.answer(number))
    finally:
        connection.close()
    if len(lengths) != 1:
        raise BenchError(f"right answers differ in length ({sorted(lengths)}), so wrk cannot check them")
    return lengths.pop()


def _compare(status: int, payload: bytes, right: object) -> None:
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise BenchError(f"answered {status} and no JSON: {payload[:500]!r}") from error
    if status != 200 or answer != right:
        raise BenchError(f"wrong answer, status {status}: {payload[:800]!r}\nright is: {json.dumps(right)[:800]}")


def _headers(question: Question) -> dict[str, str]:
    headers = {"accept": "application/json"}
    if question.body:
        headers["content-type"] = "application/json"
    if question.authorization:
        headers["authorization"] = question.authorization
    return headers


class Load:
    """wrk against one peer for one workload; numbers go on from round to round, so no request is ever repeated."""

    def __init__(self, name: str, port: int, questions: Sequence[Question], folder: Path) -> None:
        self._port = port
        self._questions = questions
        self._files = [folder / f"{name}-{index}.http" for index in range(len(questions))]
        self._next_number = FIRST_NUMBER
        self._right_length = 0
        for file, question in zip(self._files, questions, strict=True):
            file.write_bytes(_whole_request(port, question))

    @property
    def answers_per_request(self) -> int:
        """How many HTTP requests to the gateway make one unit of the workload."""
        return len(self._questions)

    def verify(self) -> None:
        """Compare some whole answers and learn how long a right one is."""
        self._right_length = verify(self._port, self._questions, self._next_number)
        self._next_number += VERIFIED_ANSWERS

    def run(self, seconds: float, watch: Callable[[], T]) -> tuple[Heard, T]:
        """Load for some seconds and ``watch`` meanwhile. Raises BenchError if one answer was wrong."""
        command = ["taskset", "--cpu-list", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{math.ceil(seconds)}s"]
        command += ["--timeout", "10s", "-s", str(_SCRIPT), f"http://127.0.0.1:{self._port}", "--"]
        command += [str(self._next_number), str(self._right_length), *map(str, self._files)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            seen = watch()
            output, _ = process.communicate(timeout=seconds + 30)
        finally:
            process.kill()
            process.wait()
        return self._read(output), seen

    def _read(self, output: str) -> Heard:
        lines = [line[3:] for line in output.splitlines() if line.startswith("@@ ")]
        if len(lines) != 2:
            raise BenchError(f"wrk said:\n{output}")
        answers, right, wrong, p50, p99, broken, late = map(int, lines[0].split())
        self._next_number += answers + CONNECTIONS
        if wrong or broken or late or not right:
            raise BenchError(f"{right} right, {wrong} wrong, {broken} broken, {late} late answers; one: {lines[1]}")
        return Heard(answers, p50 / 1000, p99 / 1000)


def _whole_request(port: int, question: Question) -> bytes:
    lines = [f"{question.method} {question.path} HTTP/1.1", f"host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in _headers(question).items()]
    if question.body:
        lines.append(f"content-length: {len(question.body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + question.body).encode()
