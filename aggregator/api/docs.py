"""`/docs`: the OpenAPI document for people, written here and complete without script."""

from typing import Any

from aiohttp import web

from aggregator.api.openapi import TAGS, described
from aggregator.api.openapi_schemas import Document
from aggregator.api.pages import page


async def docs(request: web.Request) -> web.Response:
    """Describe every path for people."""
    document = described(request)
    values = {"api": document, "groups": _groups(document), "schemas": _schemas(document)}
    return page(request, "docs.html", values, headers={"Cache-Control": "max-age=300"})


def _groups(document: Document) -> list[dict[str, Any]]:
    """Gather operations under their tags, with everything a template would have to work out."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in TAGS}
    for path, operations in document["paths"].items():
        for alike in _alike(operations):
            first = next(iter(alike.values()))
            groups[first["tags"][0]].append(_entry(path, alike, first))
    return [
        {"name": name, "description": TAGS[name], "operations": operations}
        for name, operations in groups.items()
        if operations
    ]


def _alike(operations: Document) -> list[Document]:
    """Gather the methods of a path that do the same."""
    parts: list[Document] = []
    for method, operation in operations.items():
        told = {name: operation.get(name) for name in ("summary", "parameters", "responses")}
        for part in parts:
            first = next(iter(part.values()))
            if told == {name: first.get(name) for name in told}:
                part[method] = operation
                break
        else:
            parts.append({method: operation})
    return parts


def _entry(path: str, operations: Document, first: Document) -> dict[str, Any]:
    return {
        "id": first["operationId"],
        "path": path,
        "methods": [method.upper() for method in operations],
        "summary": first["summary"],
        "parameters": [_parameter(each) for each in first.get("parameters", ())],
        "has_body": "get" in operations
        and any("requestBody" in each for each in operations.values()),
        "responses": [
            {
                "status": status,
                "description": response["description"],
                "types": list(response["content"]),
            }
            for status, response in first["responses"].items()
        ],
    }


def _parameter(parameter: Document) -> dict[str, Any]:
    example = parameter.get("example", "")
    return {
        "name": parameter["name"],
        "where": {"query": "address", "path": "path", "header": "header"}[parameter["in"]],
        "type": _type(parameter["schema"]),
        "description": parameter.get("description", ""),
        "example": ",".join(map(str, example)) if isinstance(example, list) else str(example),
    }


def _schemas(document: Document) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "description": schema.get("description", ""),
            "fields": [
                {
                    "name": field,
                    "type": _type(each),
                    "link": _link(each),
                    "description": each.get("description", ""),
                }
                for field, each in schema.get("properties", {}).items()
            ],
        }
        for name, schema in document["components"]["schemas"].items()
    ]


def _type(schema: Document) -> str:
    """Say in a few words what a value is."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "oneOf" in schema:
        return " or ".join(_type(each) for each in schema["oneOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    return str(kind)


def _link(schema: Document) -> str:
    """Name the schema of ours that a value is of, or is a list of, if there is one."""
    inner = [schema, schema.get("items", {}), *schema.get("oneOf", ())]
    local = "#/components/schemas/"
    refs = [each["$ref"] for each in inner if each.get("$ref", "").startswith(local)]
    return refs[0].removeprefix(local) if refs else ""
