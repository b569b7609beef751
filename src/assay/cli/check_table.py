"""`assay check`: one row an invariant, what is broken with its sentence and ids, and one line that says it all."""

from rich.console import Console
from rich.table import Table

from assay.domain.invariants import EXAMPLES, Report


def show(report: Report, console: Console) -> None:
    """Print the table, what each broken invariant means, and the decisive line last."""
    table = Table("invariant", "violations", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    for finding in report.findings:
        table.add_row(finding.name, str(finding.violations))
    console.print(table)
    for finding in report.findings:
        if finding.violations:
            more = ", …" if finding.violations > EXAMPLES else ""
            console.print(f"{finding.name}: {finding.meaning} Not so: {', '.join(finding.examples)}{more}", soft_wrap=True)
    console.print(verdict(report), soft_wrap=True)


def verdict(report: Report) -> str:
    """The decisive line."""
    broken = sum(finding.violations > 0 for finding in report.findings)
    return f"all {len(report.findings)} invariants hold" if report.holds else f"broken: {broken} of {len(report.findings)} invariants"
