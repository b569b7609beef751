"""A scripted OpenAI-compatible provider over real HTTP: deterministic replies, latency and faults on demand, a journal.

It is for tests, load runs and demonstrations. It judges by crude features and understands nothing.
"""

from assay.ai.scripted.app import create_scripted_openai, serve
from assay.ai.scripted.faults import ScriptedFault
from assay.ai.scripted.script import Control

__all__ = ["Control", "ScriptedFault", "create_scripted_openai", "serve"]
