"""The search box: every notation is one question, and no text whatever breaks it."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from aggregator.model.genome import (
    CHROMOSOMES,
    Assembly,
    chromosome_length,
    parse_assembly,
    refseq_accession,
)
from aggregator.model.query import QuestionKind, VariantQuestion
from aggregator.text.spelling import spell_allele, spell_question
from aggregator.text.variant_text import Misread, Understood, understand

NUCLEAR = tuple(name for name in CHROMOSOMES if name != "MT")
MARKS = (",", ".", "_", "'", " ", "\u2009", "\u202f", "’")

assemblies = st.sampled_from(list(Assembly))
bases = st.text("ACGT", min_size=1, max_size=6)
types = st.sampled_from(["DEL", "INS", "DUP", "INV", "CNV", "DUP:TANDEM", "DEL:ME", "BND"])


@st.composite
def places(draw, room=10):
    assembly, name = draw(assemblies), draw(st.sampled_from(NUCLEAR))
    return assembly, name, draw(st.integers(1, chromosome_length(name, assembly) - room))


def grouped(position, mark):
    return f"{position:,}".replace(",", mark)


def notations(name, position, ref, alt):
    """Write an allele in every notation that leaves the assembly to the picker."""
    for prefix in ("", "chr", "CHR", "chromosome "):
        yield f"{prefix}{name} : {position} {ref} > {alt}"
        yield f"{prefix}{name}:{position}{ref}>{alt}"
    for separator in "-_/|:\t ":
        yield separator.join((name, str(position), ref, alt))
    for mark in MARKS:
        yield f"{name}:{grouped(position, mark)} {ref.lower()}→{alt}"
    yield f"{name}\t{position}\trs12345\t{ref}\t{alt}\t.\tPASS\tAC=1"
    yield f"{name}\t{position}\t.\t{ref}\t{alt}"
    yield f"“{name}–{position}–{ref}–{alt}”."


@given(places(), bases, bases)
def test_every_notation_of_an_allele_gives_the_same_parameters(place, ref, alt):
    assume(ref != alt)
    assembly, name, position = place
    asked = {understand_or_fail(text, assembly) for text in notations(name, position, ref, alt)}
    assert len(asked) == 1
    [(kind, parameters)] = asked
    assert kind == "sequence"
    assert dict(parameters) == {
        "assemblyId": assembly.value,
        "referenceName": name,
        "start": (position - 1,),
        "referenceBases": ref,
        "alternateBases": alt,
    }


def understand_or_fail(text, assembly):
    result = understand(text, assembly.value)
    assert isinstance(result, Understood), (text, result)
    frozen = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in result.parameters.items()
    }
    return result.kind, tuple(sorted(frozen.items()))


@given(places(), bases, bases, assemblies)
def test_an_accession_tells_the_assembly_whatever_was_chosen(place, ref, alt, chosen):
    assume(ref != alt)
    assembly, name, position = place
    accession = refseq_accession(name, assembly)
    note = f"assembly taken from {accession}: {assembly}"
    for text in (f"{accession}:g.{position}{ref}>{alt}", f"{accession}:{position - 1}:{ref}:{alt}"):
        result = understand(text, chosen.value)
        assert isinstance(result, Understood)
        assert result.parameters == {
            "assemblyId": assembly.value,
            "referenceName": name,
            "start": [position - 1],
            "referenceBases": ref,
            "alternateBases": alt,
        }
        assert (note in result.notes) == (assembly is not chosen)


@given(
    places(),
    bases,
    bases,
    st.sampled_from(["{a} {q}", "{a} | {q}", "{a}:{q}", "{q} {a}", "{q} ({a})", "{q}|{a}"]),
    st.sampled_from(["hg38", "GRCh38", "GRCh38.p13", "hg19", "b37", "grch37", "hg18", "NCBI36"]),
)
def test_an_assembly_in_the_text_wins(place, ref, alt, form, spelled):
    assume(ref != alt)
    chosen, name, position = place
    assembly = parse_assembly(spelled).assembly
    assume(position < chromosome_length(name, assembly) - 10)
    result = understand(form.format(a=spelled, q=f"{name}-{position}-{ref}-{alt}"), chosen.value)
    assert isinstance(result, Understood)
    assert result.parameters["assemblyId"] == assembly.value
    note = f"assembly taken from the query: {assembly}"
    assert (note in result.notes) == (assembly is not chosen)


@given(places(), st.text("ACGT", max_size=6), st.text("ACGT", max_size=6))
def test_a_spelled_allele_is_read_back(place, ref, alt):
    assume(ref != alt)
    assembly, name, position = place
    result = understand(spell_allele(name, (position - 1, ref, alt)), assembly.value)
    assert isinstance(result, Understood)
    assert result.parameters == {
        "assemblyId": assembly.value,
        "referenceName": name,
        "start": [position - 1],
        "referenceBases": ref,
        "alternateBases": alt,
    }


@st.composite
def questions(draw):
    assembly, name, first = draw(places(room=5000))
    kind = draw(st.sampled_from([QuestionKind.SEQUENCE, QuestionKind.RANGE, QuestionKind.BRACKET]))
    lengths = [draw(st.integers(0, 1000)) for _ in range(3)]
    start0: tuple[int, ...] = (first - 1,)
    end0: tuple[int, ...] = ()
    more = {"variant_type": draw(types)}
    if kind is QuestionKind.SEQUENCE:
        more["reference"] = draw(bases)
    elif kind is QuestionKind.RANGE:
        end0 = (first + lengths[0],)
        more["variant_type"] = draw(st.none() | types)
    else:
        start0 = (first - 1, first + lengths[0])
        end0 = (first + lengths[1], first + lengths[1] + 1 + lengths[2])
        more["variant_type"] = draw(st.none() | types)
    return VariantQuestion(
        kind=kind, assembly=assembly, chromosome=name, start0=start0, end0=end0, **more
    )


@given(questions())
def test_a_spelled_question_is_read_back(asked):
    result = understand(spell_question(asked), asked.assembly.value)
    assert isinstance(result, Understood), (spell_question(asked), result)
    parameters = dict(result.parameters)
    assert result.kind == asked.kind
    assert parameters.pop("assemblyId") == asked.assembly
    assert parameters.pop("referenceName") == asked.chromosome
    assert tuple(parameters.pop("start")) == asked.start0
    assert tuple(parameters.pop("end", ())) == asked.end0
    assert parameters.pop("variantType", None) == asked.variant_type
    assert parameters.pop("referenceBases", None) == asked.reference
    assert parameters == {}


@given(
    st.from_regex(r"[A-Z]{3,6}[0-9]?", fullmatch=True),
    st.sampled_from("ACDEFGHIKLMNPQRSTVWY"),
    st.integers(1, 3000),
    st.sampled_from("ACDEFGHIKLMNPQRSTVWY*"),
)
def test_a_spelled_amino_acid_change_is_read_back(symbol, before, position, after):
    assume(not symbol.startswith(("CHR", "APOE")))
    change = f"{before}{position}{after}"
    asked = VariantQuestion(QuestionKind.AMINO_ACID, gene=symbol, amino_acid_change=change)
    result = understand(spell_question(asked), "GRCh38")
    assert isinstance(result, Understood)
    assert result.parameters == {"geneId": symbol, "aminoacidChange": change}


PIECES = st.sampled_from(
    [
        *("chr", "17", "X", "MT", ":", "-", "--", " ", "_", "/", "|", "1", "000", "43045704"),
        *(",", ".", "..", "'", "A", "G", "TCT", ">", "->", "<DEL>", "DUP:TANDEM", "hg19"),
        *("NC_000017.11", "NC_012920.1", ":g.", "m.", "c.", "p.", "del", "ins", "dup", "inv"),
        *("(", ")", "[", "]", "V600E", "Val600Glu", "BRAF", "*", "rs", "fs", "=", "?", "Δ"),
        *("\t", "\n", "\u2009", "—", "–", "’", "\u200b", "٣", "²", "ſ", "İ", "ß", "K", "\ud800"),
    ]
)
texts = st.text(max_size=500) | st.lists(PIECES, max_size=40).map("".join)


@settings(max_examples=500)
@given(texts, st.sampled_from(["GRCh38", "hg19", "NCBI36"]))
@example("NC_" + "9" * 400 + ".1:g.1A>T", "GRCh38")
@example("1:" + "9" * 490, "GRCh38")
def test_no_text_breaks_the_reader_or_is_repeated_at_length(text, assembly):
    result = understand(text, assembly)
    if isinstance(result, Misread):
        assert result.error
        assert len(result.error) < 250
        assert len(result.hint) < 250
    else:
        assert result.kind
        assert result.parameters


@given(st.text(max_size=100))
def test_no_assembly_breaks_the_reader(assembly):
    understand("17-43045704-G-A", assembly)


@settings(max_examples=300)
@given(texts)
def test_what_was_understood_lies_on_its_chromosome(text):
    result = understand(text, "GRCh38")
    if isinstance(result, Understood) and "start" in result.parameters:
        name = str(result.parameters["referenceName"])
        length = chromosome_length(name, Assembly(str(result.parameters["assemblyId"])))
        start = result.parameters["start"]
        assert isinstance(start, list)
        assert all(0 <= position <= length for position in start)
