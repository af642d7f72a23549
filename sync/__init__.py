"""The program: command line, settings, the pass, reports."""
