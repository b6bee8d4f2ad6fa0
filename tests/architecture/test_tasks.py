"""Every Celery task has a queue, and the worker listens to every queue."""

import worker.tasks  # noqa: F401 - registers the tasks
from kernel.celery import app, configure
from kernel.queues import ROUTES, queue_of
from kernel.settings import Settings


def _ours() -> list[str]:
    return [name for name in app.tasks if not name.startswith("celery.")]


def test_every_task_has_a_queue() -> None:
    assert "outbox.sweep" in _ours()
    for name in _ours():
        queue_of(name)


def test_every_queue_is_for_a_feature_with_tasks() -> None:
    assert set(ROUTES) <= {name.partition(".")[0] for name in _ours()}


def test_the_worker_listens_to_every_queue() -> None:
    configure(Settings(redis_url="unix:///nowhere"))
    assert set(app.amqp.queues) == set(ROUTES.values())


def test_what_beat_starts_is_a_task() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(_ours())
