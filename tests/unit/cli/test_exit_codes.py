"""How the command line ends when the network refuses."""

import pytest

from aggregator import cli
from aggregator.base.errors import Overloaded


def test_a_network_that_takes_no_more_questions_is_unknown_and_no_crash(monkeypatch, capsys):
    def refuse(**_: object) -> None:
        raise Overloaded("Ask again in a moment.", retry_after_s=2)

    monkeypatch.setattr(cli.cli, "main", refuse)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err == "Ask again in a moment.\n"
