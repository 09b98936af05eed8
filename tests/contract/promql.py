"""Evaluates the part of Prometheus' language that the rules in docs/ are written in.

A series is its labels and a function of the second; None where it has no sample. Precedence, the
matching of labels and the dropping of what a comparison does not keep are Prometheus' own.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Sample = Callable[[float], float | None]
Series = Mapping[str, list[tuple[Mapping[str, str], Sample]]]
Value = float | Vector

TOKEN: Final = re.compile(
    r'\s*("[^"]*"|\d[\d.]*[smhd]|\d[\d.]*|[A-Za-z_:][\w:]*|=~|!~|[<>=!]=|[-+*/<>=(){}\[\],])'
)
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
COMPARE: Final = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
}
ARITHMETIC: Final = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda one, two: one / two if two else float("nan"),
}
TOGETHER: Final[dict[str, Callable[[list[float]], float]]] = {
    "sum": sum,
    "max": max,
    "min": min,
    "count": len,
}
MATCH: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda told, wanted: told == wanted,
    "!=": lambda told, wanted: told != wanted,
    "=~": lambda told, wanted: re.fullmatch(wanted, told) is not None,
    "!~": lambda told, wanted: re.fullmatch(wanted, told) is None,
}


def evaluate(text: str, series: Series, recorded: Mapping[str, str], now: float) -> Value:
    """Evaluate an expression at a second; `recorded` are expressions by the name of their rule."""
    reader = _Reader(text, series, recorded, now)
    value = reader.whole()
    assert reader.next is None, f"what is {reader.next}?"
    return value


class _Reader:
    def __init__(self, text: str, series: Series, recorded: Mapping[str, str], now: float) -> None:
        self._tokens = _tokens(text)
        self._series = series
        self._recorded = recorded
        self._now = now
        self.next = next(self._tokens, None)

    def take(self, *wanted: str) -> str:
        token = self.next
        assert token is not None, "there is no more"
        assert not wanted or token in wanted, f"{token} instead of {wanted}"
        self.next = next(self._tokens, None)
        return token

    def whole(self) -> Value:
        left = self._and()
        while self.next == "or":
            self.take()
            right = self._and()
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            left = right | left
        return left

    def _and(self) -> Value:
        left = self._level(0)
        while self.next in {"and", "unless"}:
            wants = self.take() == "and"
            on = self._names("on")
            right = self._level(0)
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            there = {_key(labels, on) for labels in right}
            left = {one: v for one, v in left.items() if (_key(one, on) in there) is wants}
        return left

    def _level(self, level: int) -> Value:
        operators = ({*COMPARE}, {"+", "-"}, {"*", "/"})
        if level == len(operators):
            return self._primary()
        left = self._level(level + 1)
        while self.next in operators[level]:
            left = _binary(self.take(), left, self._level(level + 1))
        return left

    def _primary(self) -> Value:
        token = self.take()
        if token == "(":
            return self._rest()
        if token[0].isdigit():
            return float(token)
        if token in TOGETHER:
            by = self._names("by")
            self.take("(")
            return _together(TOGETHER[token], self._rest(), by or ())
        if self.next == "(":
            self.take()
            return self._function(token)
        return self._selector(token, self._now)

    def _rest(self) -> Value:
        value = self.whole()
        self.take(")")
        return value

    def _function(self, name: str) -> Value:
        if name == "time":
            self.take(")")
            return self._now
        if name == "histogram_quantile":
            share = self.whole()
            self.take(",")
            of = self._rest()
            assert isinstance(share, float)
            assert isinstance(of, dict)
            return _quantile(share, of)
        ranged = self._selector(self.take(), self._now, over=name)
        self.take(")")
        return ranged

    def _names(self, word: str) -> tuple[str, ...] | None:
        if self.next != word:
            return None
        self.take()
        self.take("(")
        names = []
        while self.next != ")":
            names.append(self.take())
            if self.next == ",":
                self.take()
        self.take(")")
        return tuple(names)

    def _selector(self, name: str, now: float, over: str = "") -> Vector:
        matchers, window = [], 0.0
        if self.next == "{":
            self.take()
            while self.next != "}":
                matchers.append((self.take(), self.take(*MATCH), self.take().strip('"')))
                if self.next == ",":
                    self.take()
            self.take()
        if self.next == "[":
            self.take()
            window = _seconds(self.take())
            self.take("]")
        if self.next == "offset":
            self.take()
            now -= _seconds(self.take())
        assert bool(window) is bool(over), f"{name}: ranges are for functions alone"
        if name in self._recorded:
            found = evaluate(self._recorded[name], self._series, self._recorded, now)
            assert isinstance(found, dict)
            return found
        found = {}
        for labels, sample in self._series.get(name, ()):
            if all(MATCH[how](labels.get(key, ""), told) for key, how, told in matchers):
                value = _over(over, sample, now, window) if over else sample(now)
                if value is not None:
                    found[frozenset(labels.items())] = value
        return found


def _tokens(text: str) -> Iterator[str]:
    at, text = 0, text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match is not None, f"what is {text[at:]}?"
        at = match.end()
        yield match[1]


def _seconds(told: str) -> float:
    return float(told[:-1]) * SECONDS[told[-1]]


def _key(labels: Labels, on: tuple[str, ...] | None) -> Labels:
    return labels if on is None else frozenset(one for one in labels if one[0] in on)


def _binary(sign: str, left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return float(ARITHMETIC[sign](left, right))
    pairs: Iterable[tuple[Labels, float, float]]
    if isinstance(left, float) and isinstance(right, dict):
        pairs = [(one, left, value) for one, value in right.items()]
    elif isinstance(left, dict) and isinstance(right, float):
        pairs = [(one, value, right) for one, value in left.items()]
    else:
        assert isinstance(left, dict)
        assert isinstance(right, dict)
        pairs = [(one, value, right[one]) for one, value in left.items() if one in right]
    if sign in ARITHMETIC:
        return {one: float(ARITHMETIC[sign](a, b)) for one, a, b in pairs}
    # a comparison keeps the sample of the vector, which is the left one of two
    kept = isinstance(left, dict)
    return {one: a if kept else b for one, a, b in pairs if COMPARE[sign](a, b)}


def _together(join: Callable[[list[float]], float], of: Value, by: tuple[str, ...]) -> Vector:
    assert isinstance(of, dict)
    groups: dict[Labels, list[float]] = {}
    for labels, value in of.items():
        groups.setdefault(_key(labels, by), []).append(value)
    return {labels: float(join(values)) for labels, values in groups.items()}


def _over(name: str, sample: Sample, now: float, window: float) -> float | None:
    """Apply a function to a range of thirty samples, which is enough for any of ours."""
    at = [now - window * step / 30 for step in range(29, -1, -1)]
    told = [(second, value) for second in at if (value := sample(second)) is not None]
    if not told:
        return None
    if name in {"max_over_time", "min_over_time"}:
        return (max if name == "max_over_time" else min)(value for _, value in told)
    assert name in {"rate", "increase"}, f"what is {name}?"
    if len(told) < 2:
        return None
    a_second = (told[-1][1] - told[0][1]) / (told[-1][0] - told[0][0])
    return a_second if name == "rate" else a_second * window


def _quantile(share: float, of: Vector) -> Vector:
    """Give the bound of the bucket a quantile is in, which is no less than the quantile."""
    found: dict[Labels, list[tuple[float, float]]] = {}
    for labels, value in of.items():
        rest = frozenset(one for one in labels if one[0] != "le")
        found.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    return {
        rest: next(bound for bound, value in sorted(buckets) if value >= share * max(buckets)[1])
        for rest, buckets in found.items()
    }
