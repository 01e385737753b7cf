"""Long work with a collection, done one after the other in processes of its own while searches go on."""

from lookalike.jobs.job import Job
from lookalike.jobs.queue import Jobs

__all__ = ["Job", "Jobs"]
