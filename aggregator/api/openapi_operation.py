"""What is said of an operation in the OpenAPI document."""

from dataclasses import dataclass

from aggregator.api.openapi_schemas import Document


@dataclass(frozen=True, slots=True)
class Operation:
    """What is to be said of a path beside what its handler says."""

    tag: str
    schema: Document | None = None
    """Of the answer as JSON."""
    parameters: tuple[Document, ...] = ()
    body: Document | None = None
    errors: Document | None = None
    """Of every error; makes it an operation that can fail."""
    errors_as: str = "application/json"
    statuses: frozenset[str] | None = None
    """The errors there can be; None: all of a question."""
    is_streamed: bool = False
    is_page: bool = False
    """Whether browsers get a page where programs get JSON."""
    answers_503: bool = False
    summary: str = ""
    """In place of what the handler says of itself."""
    status: str = "200"
    """Of the answer; empty: it is always refused."""
    is_text: bool = False
    """Whether the answer is a sentence."""
    is_tagged: bool = False
    """Whether it comes with an ETag, and with 304 to who names that."""
