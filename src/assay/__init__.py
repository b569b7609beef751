"""Assay: assessments that prove their scores and recommend micro-credentials with their sources."""

import sys

__version__ = "0.1.0"

# redis loads the metrics of OpenTelemetry's SDK wherever it finds them, for figures that nobody here asks for: 60 ms and 3 MB of every
# process. What is None there is not found. `observability/tracing.py` takes it back before it loads the SDK itself.
sys.modules.setdefault("opentelemetry.sdk.metrics", None)  # type: ignore[arg-type]  # None is what the import system documents for it
