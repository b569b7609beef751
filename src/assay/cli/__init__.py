"""The command line: one verb, one function in `verbs.py`. Nothing heavy is imported before a verb needs it."""

import os
import sys
import traceback


def main() -> None:
    """Run the verb named on the command line. A start that cannot go on ends with a sentence on stderr and its exit code."""
    from assay.cli.verbs import app
    from assay.embedded.problems import StartProblem

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a terminal without these characters must not stop us
    try:
        app()
    except StartProblem as problem:
        if os.environ.get("ASSAY_LOG_LEVEL") == "DEBUG":
            traceback.print_exc()
        if str(problem):
            print(problem, file=sys.stderr)  # noqa: T201 - the last word of the program
        sys.exit(problem.exit_code)
