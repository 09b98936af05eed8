"""How the command line ends when the network refuses."""

import pytest

from aggregator import cli
from aggregator.base.errors import Overloaded
from aggregator.commands.exits import code_of, code_of_document
from aggregator.protocol.network_info import network_info
from tests.builders import network_answer, outcome

DOUBTFUL = outcome("x", is_untrusted=True)
ANOTHER = outcome("y", is_untrusted=True)


def test_a_network_that_takes_no_more_questions_is_unknown_and_no_crash(monkeypatch, capsys):
    def refuse(**_: object) -> None:
        raise Overloaded("Ask again in a moment.", retry_after_s=2)

    monkeypatch.setattr(cli.cli, "main", refuse)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err == "Ask again in a moment.\n"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["found", "not_found"], 0),
        (["found", DOUBTFUL], 0),
        ([DOUBTFUL], 3),
        ([DOUBTFUL, ANOTHER, "not_found"], 3),
        ([DOUBTFUL, "timeout"], 3),
        (["not_found"], 10),
        (["not_found", "timeout"], 3),
    ],
)
def test_found_is_only_what_somebody_reports_who_can_be_relied_on(given, code):
    answer = network_answer(given)
    assert code_of(answer) == code
    assert code_of_document({"info": {"network": network_info(answer)}}) == code


@pytest.mark.parametrize("members", [None, "none", [7], [{}], [{"answer": "found"}]])
def test_a_document_that_names_nobody_who_is_doubted_is_read_by_its_verdict(members):
    told = {"info": {"network": {"verdict": "found", "members": members}}}
    assert code_of_document(told) == 0
    assert code_of_document({"info": {"network": {"verdict": "odd", "members": members}}}) == 3
