"""Reference sequences from the operator's FASTA files, for left-aligning indels.

Two kinds of file are read: a whole genome with its samtools index (`.fai`), of which only the
asked bases are read, and windows as `samtools faidx genome.fa 7:117559590-117559598` prints them
(`>chromosome:first-last`, 1-based inclusive), kept in memory.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from aggregator.base.errors import ConfigError
from aggregator.model.genome import Assembly, GenomeError, parse_chromosome

FastaAssembly = Literal["NCBI36", "GRCh37", "GRCh38"]

_WINDOW: Final = re.compile(r"([^\s:]+):(\d+)-(\d+)")
MAX_WINDOWS_BYTES: Final = 64 * 2**20
"""The largest file read without an index."""


@dataclass(frozen=True, slots=True)
class _Window:
    start0: int
    bases: str


@dataclass(frozen=True, slots=True)
class _Indexed:
    length: int
    offset: int
    line_bases: int
    line_bytes: int


class ReferenceSequences:
    """Reference bases by assembly; call it as `model.question.ReferenceSequence`."""

    def __init__(self, files: Mapping[FastaAssembly, Path]) -> None:
        """Open the files; raises `ConfigError` that names every one that cannot be used."""
        self._windows: dict[tuple[Assembly, str], list[_Window]] = {}
        self._index: dict[tuple[Assembly, str], _Indexed] = {}
        self._open: dict[Assembly, BinaryIO] = {}
        problems: list[str] = []
        for name, path in files.items():
            try:
                self._read(Assembly(name), Path(path))
            except (OSError, ValueError) as error:
                problems.append(f"reference.fasta.{name}: {path}: {error}")
        if problems:
            self.close()
            raise ConfigError(problems)

    def __call__(self, assembly: Assembly, chromosome: str, start0: int, end0: int) -> str | None:
        """Give the bases of a half-open interval in capitals, or None where not all are known."""
        if start0 < 0 or end0 <= start0:
            return None
        for window in self._windows.get((assembly, chromosome), ()):
            if window.start0 <= start0 and end0 <= window.start0 + len(window.bases):
                return window.bases[start0 - window.start0 : end0 - window.start0]
        indexed = self._index.get((assembly, chromosome))
        if indexed is None or end0 > indexed.length:
            return None
        return self._from_file(assembly, indexed, start0, end0)

    def close(self) -> None:
        """Close the files."""
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _read(self, assembly: Assembly, path: Path) -> None:
        index = path.with_name(path.name + ".fai")
        if index.exists():
            self._read_index(assembly, index)
            self._open[assembly] = path.open("rb")
            return
        if path.stat().st_size > MAX_WINDOWS_BYTES:
            raise ValueError(f"no index beside it; make one with: samtools faidx {path.name}")
        self._read_windows(assembly, path.read_text(encoding="ascii"))

    def _read_index(self, assembly: Assembly, index: Path) -> None:
        for line in index.read_text(encoding="ascii").splitlines():
            name, *numbers = line.split("\t")
            chromosome = _chromosome(name, assembly)
            if chromosome is not None:
                length, offset, line_bases, line_bytes = (int(n) for n in numbers[:4])
                self._index[assembly, chromosome] = _Indexed(length, offset, line_bases, line_bytes)

    def _read_windows(self, assembly: Assembly, text: str) -> None:
        for record in text.split(">")[1:]:
            header, _, body = record.partition("\n")
            bases = "".join(body.split()).upper()
            window = _WINDOW.match(header)
            name, first = (window[1], int(window[2])) if window else (header.split()[0], 1)
            if window and int(window[3]) - first + 1 != len(bases):
                raise ValueError(f"window {window[0]} holds {len(bases)} bases")
            chromosome = _chromosome(name, assembly)
            if chromosome is not None:
                windows = self._windows.setdefault((assembly, chromosome), [])
                windows.append(_Window(first - 1, bases))

    def _from_file(
        self, assembly: Assembly, indexed: _Indexed, start0: int, end0: int
    ) -> str | None:
        def at(position: int) -> int:
            line, column = divmod(position, indexed.line_bases)
            return indexed.offset + line * indexed.line_bytes + column

        file = self._open[assembly]
        file.seek(at(start0))
        raw = file.read(at(end0 - 1) - at(start0) + 1)
        bases = raw.replace(b"\n", b"").replace(b"\r", b"").decode("ascii").upper()
        return bases if len(bases) == end0 - start0 else None


def _chromosome(name: str, assembly: Assembly) -> str | None:
    """Give the canonical chromosome; None for contigs that are none (decoys, alternates)."""
    try:
        named = parse_chromosome(name)
    except GenomeError:
        return None
    if named.assembly is not None and named.assembly is not assembly:
        raise ValueError(f"{name} belongs to {named.assembly}, not to {assembly}")
    if named.is_ucsc_mitochondrion and assembly is not Assembly.GRCH38:
        return None  # chrM of hg18 and hg19 is another sequence than MT
    return named.name
