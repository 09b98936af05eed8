"""The command, and `python -m aggregator`."""

import gc


def main() -> None:
    """Run the command line.

    Nothing is garbage while modules are loaded: looking for it would take a third of the start
    of every command.
    """
    gc.disable()
    from aggregator.cli import main as command_line  # noqa: PLC0415 - not before this

    gc.freeze()
    gc.enable()
    command_line()


if __name__ == "__main__":
    main()
