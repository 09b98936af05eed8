"""Whatever the spelling, one change of the reference is one allele."""

from hypothesis import assume, given
from hypothesis import strategies as st

from aggregator.model.allele import Allele, IndelStyle, Spelling, canonical_allele

# few letters make repeats, where spellings are many
BASES = st.text(alphabet="ACGT", max_size=4) | st.text(alphabet="AC", max_size=4)
REFERENCE = st.text(alphabet="AC", min_size=1, max_size=30) | st.text(
    alphabet="ACGT", min_size=1, max_size=30
)


def apply(reference: str, change: Spelling | Allele) -> str:
    """Give the sequence a change makes of the reference."""
    assert reference[change.start0 : change.end0] == change.reference
    return reference[: change.start0] + change.alternate + reference[change.end0 :]


def lookup(reference: str):
    def bases(start0: int, end0: int) -> str | None:
        inside = 0 <= start0 < end0 <= len(reference)
        return reference[start0:end0] if inside else None

    return bases


@st.composite
def spelled(draw) -> tuple[str, Spelling]:
    """Give a reference and a change of it, as anybody might write it."""
    reference = draw(REFERENCE)
    start0 = draw(st.integers(0, len(reference)))
    end0 = draw(st.integers(start0, min(len(reference), start0 + 5)))
    alternate = draw(BASES)
    assume(alternate != reference[start0:end0])
    return reference, Spelling(start0, reference[start0:end0], alternate)


@st.composite
def indels(draw) -> tuple[str, Spelling]:
    """Give a reference and bases that go from it or come into it."""
    reference = draw(REFERENCE)
    start0 = draw(st.integers(0, len(reference) - 1))
    if draw(st.booleans()):
        return reference, Spelling(start0, "", draw(BASES.filter(bool)))
    return reference, Spelling(start0, reference[start0 : start0 + draw(st.integers(1, 5))], "")


@st.composite
def padded(draw) -> tuple[str, Spelling, Spelling]:
    """Give a change, and the same with neighbouring bases on both sides."""
    reference, typed = draw(spelled())
    first = draw(st.integers(0, typed.start0))
    last = draw(st.integers(typed.end0, len(reference)))
    before, after = reference[first : typed.start0], reference[typed.end0 : last]
    padded = Spelling(first, before + typed.reference + after, before + typed.alternate + after)
    return reference, typed, padded


def canonical(typed: Spelling, reference: str | None = None) -> Allele:
    bases = lookup(reference) if reference is not None else None
    return canonical_allele(typed.start0, typed.reference, typed.alternate, bases)


@given(padded())
def test_padding_an_allele_changes_nothing_where_the_reference_is_known(case):
    reference, typed, longer = case
    assert canonical(longer, reference) == canonical(typed, reference)


@given(indels())
def test_an_indel_is_one_allele_wherever_in_a_repeat_it_is_written(case):
    reference, typed = case
    made, length = apply(reference, typed), len(typed.reference)
    for start0 in range(len(reference) - length + 1):
        inserted = made[start0 : start0 + len(typed.alternate)]
        other = Spelling(start0, reference[start0 : start0 + length], inserted)
        if apply(reference, other) == made:
            assert canonical(other, reference) == canonical(typed, reference)


@given(spelled())
def test_the_canonical_allele_makes_the_same_sequence(case):
    reference, typed = case
    assert apply(reference, canonical(typed, reference)) == apply(reference, typed)


@given(spelled())
def test_without_a_reference_the_canonical_allele_makes_the_same_sequence(case):
    reference, typed = case
    assert apply(reference, canonical(typed)) == apply(reference, typed)


@given(spelled())
def test_every_spelling_members_are_asked_makes_the_same_sequence(case):
    reference, typed = case
    made = apply(reference, typed)
    for spelling in canonical(typed, reference).spellings(IndelStyle.BOTH):
        assert apply(reference, spelling) == made


@given(spelled())
def test_without_a_reference_every_spelling_makes_the_same_sequence(case):
    reference, typed = case
    made = apply(reference, typed)
    for style in IndelStyle:
        for spelling in canonical(typed).spellings(style):
            assert apply(reference, spelling) == made


@given(spelled())
def test_the_canonical_form_is_its_own(case):
    reference, typed = case
    allele = canonical(typed, reference)
    assert canonical(allele.trimmed, reference) == allele


@given(spelled())
def test_every_spelling_is_the_same_allele(case):
    reference, typed = case
    allele = canonical(typed, reference)
    for spelling in allele.spellings(IndelStyle.BOTH):
        assert canonical(spelling, reference) == allele


@given(spelled())
def test_with_the_whole_reference_every_allele_is_aligned(case):
    reference, typed = case
    allele = canonical(typed, reference)
    assert allele.is_aligned
    if allele.is_indel and allele.start0 > 0:
        moved = allele.reference or allele.alternate
        assert reference[allele.start0 - 1] != moved[-1]


@given(spelled())
def test_a_canonical_allele_shares_no_base_at_its_ends(case):
    reference, typed = case
    allele = canonical(typed, reference)
    if not allele.is_indel:
        assert allele.reference[0] != allele.alternate[0]
        assert allele.reference[-1] != allele.alternate[-1]


@given(spelled())
def test_an_allele_called_aligned_without_a_reference_is_so_with_one(case):
    reference, typed = case
    alone = canonical(typed)
    if alone.is_aligned:
        assert canonical(typed, reference) == alone
