"""The command line, `lookalike` or `python -m lookalike`: its imports take a moment, in which Ctrl-C may come."""

import sys

INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        from lookalike.cli import main as run

        return run()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
