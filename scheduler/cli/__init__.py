"""The `alize` command: reads scenarios and run folders, plans, explains and reports.

Results go to stdout and talk to stderr. A command imports what it runs when it runs, so that
`alize --help` is quick; it decides nothing that `scheduler.planning` could decide.
"""
