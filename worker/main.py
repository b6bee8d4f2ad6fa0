"""``yiwang worker`` does the tasks, ``yiwang beat`` starts the periodic ones. Any number of workers, one beat."""

import logging

import click
from celery.beat import Scheduler

import worker.tasks  # noqa: F401 - registers the tasks
from kernel import logs
from kernel.celery import app, configure
from kernel.embedded import servers
from kernel.settings import Settings, load
from worker.runtime import LoopThread


@click.command("worker")
@click.option("--concurrency", default=16, show_default=True, help="Tasks at a time; they wait more than they compute.")
def work(concurrency: int) -> None:
    """Do the tasks of every queue until stopped; SIGTERM lets the running ones finish."""
    with servers(_prepared()) as settings, LoopThread(settings) as app.runtime:
        configure(settings)
        app.Worker(
            pool="threads",
            concurrency=concurrency,
            loglevel=settings.log_level,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        ).start()


@click.command("beat")
def beat() -> None:
    """Start the periodic tasks when they are due. One process is enough; a second does no harm, only work."""
    with servers(_prepared()) as settings:
        configure(settings)
        app.Beat(scheduler_cls=Scheduler, loglevel=settings.log_level, quiet=True).run()


def _prepared() -> Settings:
    settings = load()
    logs.configure(settings.log_level)
    for chatty in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):  # several lines a task
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return settings
