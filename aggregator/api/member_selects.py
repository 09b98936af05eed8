"""The choices of the form above the list of members, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.api.member_facts import ENTRY_TYPE_WORDS, STANDINGS, Standing
from aggregator.api.member_lists import GROUPINGS, SORTS, Choices, ListForm
from aggregator.base.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Select:
    """One choice: values and words, and what is chosen."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


def selects_of(form: ListForm, choices: Choices) -> list[Select]:
    """Give what there is to choose; what nobody tells is left out."""
    states = [(one, _(STANDINGS[Standing(one)][1])) for one in choices.states]
    types = [(one, _(ENTRY_TYPE_WORDS.get(one, one))) for one in choices.types]
    narrowing = (
        _narrowing("state", _("State"), states, form.state, _("any")),
        _narrowing("group", _("Group"), _same(choices.groups), form.group, _("any")),
        _narrowing("assembly", _("Assembly"), _same(choices.assemblies), form.assembly, _("any")),
        _narrowing("type", _("Answers"), types, form.type, _("anything")),
        _narrowing(
            "environment",
            _("Environment"),
            _same(choices.environments),
            form.environment,
            _("any"),
        ),
    )
    groupings = tuple((value, _(word)) for value, word in GROUPINGS.items())
    sorts = tuple((value, _(word)) for value, word in SORTS.items())
    return [
        *(select for select in narrowing if select is not None),
        Select("by", _("Group by"), groupings, form.by or "none"),
        Select("sort", _("Sort by"), sorts, form.sort or "listed"),
    ]


def _narrowing(
    name: str, label: str, options: list[tuple[str, str]], chosen: str, every: str
) -> Select | None:
    if chosen and chosen not in {value for value, _word in options}:
        options = [*options, (chosen, chosen)]
    if not options:
        return None
    return Select(name, label, (("", every), *options), chosen)


def _same(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]
