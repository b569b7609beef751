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
    except ValueError as error:
        if not (sentences := _of_settings(error)):
            raise
        print(*sentences, sep="\n", file=sys.stderr)  # noqa: T201 - the last word of the program
        sys.exit(2)


def _of_settings(error: ValueError) -> list[str]:
    """What is wrong with the settings, a sentence each; nothing when the error is about something else."""
    from pydantic import ValidationError

    from assay.security.encryption import KeyRingError

    if isinstance(error, KeyRingError):
        return [str(error)]
    if not isinstance(error, ValidationError) or error.title != "Settings":
        return []
    return [
        str(each["ctx"]["error"]) if each["type"] == "value_error" else f"ASSAY_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
        for each in error.errors()
    ]
