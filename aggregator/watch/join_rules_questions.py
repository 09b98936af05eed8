"""The rules of a check about questions: one of each kind, in the form that was found by probing.

They are what the network sends its members, planned and read by the same code, and small: yes or
no, about one well-known variant and gene, one page of one record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from aggregator.model.answer import Answer, Exists
from aggregator.model.fields import VariantFields
from aggregator.model.outcome import NoAnswerCode
from aggregator.model.query import Filter, Pagination, Query
from aggregator.model.question import check
from aggregator.protocol.surface import ANALYSIS, BIOSAMPLE, COHORT, ENTRY_TYPES, INDIVIDUAL, RUN
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure
from aggregator.watch.join_recorder import Recorder, Sent
from aggregator.watch.join_report import Verdict
from aggregator.watch.join_rules import Findings, fix_of, told_of
from aggregator.watch.join_rules_forms import lacking_in_answer
from aggregator.watch.probing import MAX_PROBE_BYTES, PROBE_TIMEOUT_S, test_query
from registry.capabilities import FilteringTerm
from registry.models import Protocol
from registry.snapshot import RegisteredMember

GENE: Final = "BRAF"
EXACT: Final = "question.variant"
"""The rule that has to hold before anything else is asked."""
LISTS: Final[Mapping[str, str]] = {
    f"question.{one}": one for one in (INDIVIDUAL, BIOSAMPLE, RUN, ANALYSIS, COHORT)
}
"""The rules about lists of other things than variants."""
_WIDTH: Final = 50
"""How many bases a range reaches to either side of the variant."""
_LISTS_FIX: Final = "Answer it as its /map offers it, or leave it out of the map."
_PLACE_FIX: Final = (
    "Give the address below which its questions are answered, or name their places in its /map."
)
_NO_ASSEMBLY: Final = "It holds neither GRCh38 nor GRCh37, where the test questions are"


@dataclass
class Questions:
    """Asks a beacon one question of each kind it says it takes, and judges what comes."""

    member: RegisteredMember
    recorder: Recorder
    findings: Findings
    via: str
    asked: list[Sent] = field(default_factory=list)
    """What was sent, for the time it took."""
    lacking: dict[str, Sent] = field(default_factory=dict)
    """What answers that could be read lack by their specification."""
    warnings: list[str] = field(default_factory=list)
    """What answers say beside their verdict."""
    failed: list[str] = field(default_factory=list)
    """The rules whose questions were not answered as they should be."""

    async def ask_all(self) -> None:
        """Ask one question after the other; a beacon that takes none is asked no more."""
        exact = test_query(self.member)
        if exact is None:
            for rule in (EXACT, "question.range", "question.bracket"):
                self.findings.skipped(rule, _NO_ASSEMBLY)
        elif not await self._ask(EXACT, exact):
            return
        for rule, query in self._others(exact):
            await self._ask(rule, query)
        self._skip_the_rest()

    def judge_answers(self) -> None:
        """Judge the form of the answers that came."""
        if self.lacking:
            lacks, sent = next(iter(self.lacking.items()))
            fix = "Complete the answers as the specification requires."
            self.findings.add("answers", Verdict.ADVICE, f"In answers {lacks}", fix, sent)
        elif self.failed:
            self.findings.skipped("answers", f"See what became of {', '.join(self.failed)}")
        elif self.asked:
            says = f"; of one it says: {self.warnings[0]}" if self.warnings else ""
            self.findings.passed("answers", f"Every answer is in the form of its version{says}")

    def _others(self, exact: Query | None) -> Iterator[tuple[str, Query]]:
        """Give the questions beside the exact variant."""
        variant = exact.variant if exact is not None else None
        if exact is not None and variant is not None and variant.assembly is not None:
            at, assembly = variant.start0[0], variant.assembly.value
            left, right = at - _WIDTH, at + _WIDTH
            around = VariantFields(assembly, "7", start=(left,), end=(right,))
            within = VariantFields(
                assembly, "7", start=(left, at + 1), end=(at, right), variant_type="SNP"
            )
            yield "question.range", replace(exact, variant=check(around).question)
            yield "question.bracket", replace(exact, variant=check(within).question)
        gene = check(VariantFields(gene=GENE)).question
        yield "question.gene", Query(variant=gene, pagination=Pagination(limit=1))
        offered = self.member.capabilities.entry_types or ()
        for rule, entry_type in LISTS.items():
            if entry_type in offered:
                yield rule, Query(entry_type=entry_type, pagination=Pagination(limit=1))
        if (filtered := filter_query(self.member)) is not None:
            yield "question.filter", filtered

    def _skip_the_rest(self) -> None:
        is_v2 = self.member.protocol is Protocol.V2
        protocol = "Its protocol knows questions about variants only"
        for rule, entry_type in LISTS.items():
            name = ENTRY_TYPES[entry_type].name.lower()
            self.findings.skipped(rule, f"It does not offer {name}" if is_v2 else protocol)
        filters = "It lists no term to filter individuals or biosamples by"
        self.findings.skipped("question.filter", filters if is_v2 else protocol)

    async def _ask(self, rule: str, query: Query) -> bool:
        """Put one question, once more where the beacon's refusal says how it wants it."""
        read, sent = await self._put(rule, query)
        if isinstance(read, Failure) and read.learned is not None:
            learned = self.member.learned.merged(read.learned)
            if learned != self.member.learned:
                self.member = replace(self.member, learned=learned)
                read, sent = await self._put(rule, query)
        if read is None:
            return True
        self._judge(rule, read, sent)
        return isinstance(read, Answer)

    async def _put(self, rule: str, query: Query) -> tuple[Answer | Failure | None, Sent | None]:
        """Send a question; None where it is not to be put to this beacon."""
        translator = translator_for(self.member.protocol)
        planned = translator.plan(query, self.member)
        if not isinstance(planned, Ask):
            self.findings.skipped(rule, f"The network would not ask it this: {planned.message}")
            return None, None
        part = planned.parts[0]
        if why := self.recorder.is_over:
            self._not_asked(rule, why)
            return None, None
        result = await self.recorder.call(
            self.member,
            part.request,
            timeout_s=PROBE_TIMEOUT_S,
            max_body_bytes=MAX_PROBE_BYTES,
            via=self.via,
        )
        sent = self.recorder.to(part.request.url)
        if sent is not None:
            self.asked.append(sent)
        if result.reply is None or result.failure is not None:
            return result.failure or Failure(NoAnswerCode.INTERNAL, "nothing came back"), sent
        lacks = lacking_in_answer(result.reply, self.member.protocol)
        if lacks and sent is not None and result.reply.status == 200:
            self.lacking.setdefault(lacks, sent)
        return translator.read(result.reply, query, self.member, part), sent

    def _not_asked(self, rule: str, why: str) -> None:
        """Say that the check could ask no more; without one answer nothing is shown to work."""
        if rule == EXACT:
            fix = "Change what the rules above name, and check again."
            self.findings.add(rule, Verdict.FAIL, why, fix)
        else:
            self.findings.skipped(rule, why)

    def _judge(self, rule: str, read: Answer | Failure, sent: Sent | None) -> None:
        if isinstance(read, Answer) and read.exists is not Exists.UNKNOWN:
            took = f" in {sent.elapsed_s:.2f} s" if sent is not None else ""
            self.findings.passed(rule, f"It answered {read.exists.value}{took}", sent)
            self.warnings += read.warnings
            return
        self.failed.append(rule)
        if isinstance(read, Answer):
            read = Failure(NoAnswerCode.NO_VERDICT, "says neither yes nor no")
        verdict = Verdict.FAIL if rule == EXACT else Verdict.ADVICE
        fix = fix_of(read)
        if read.status == 404:
            fix = _LISTS_FIX if rule in LISTS else _PLACE_FIX
        self.findings.add(rule, verdict, told_of(read), fix, sent)


def filter_query(member: RegisteredMember) -> Query | None:
    """Ask with the first filter of a beacon that is a term, of persons where it can be."""
    offered = member.capabilities.entry_types or ()
    terms = [one for one in member.capabilities.filtering_terms or () if _is_term(one)]
    for entry_type in (INDIVIDUAL, BIOSAMPLE):
        fits = (one for one in terms if not one.scopes or entry_type in one.scopes)
        if entry_type in offered and (term := next(fits, None)) is not None:
            return Query(
                entry_type=entry_type,
                filters=(Filter(id=term.id),),
                pagination=Pagination(limit=1),
            )
    return None


def _is_term(term: FilteringTerm) -> bool:
    """Whether a filter is a term, which can be asked for by its id alone."""
    return "alphanumeric" not in term.type.lower() and ":" in term.id
