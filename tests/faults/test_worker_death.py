"""Workers that are killed, frozen and stopped in the middle of a model call: the job is done once, by whoever is left."""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from assay.embedded.processes import Running
from assay.runtime import Runtime
from conftest import Processes, Provider  # type: ignore[attr-defined]
from journeys import Student
from waiting import until
