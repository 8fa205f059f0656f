"""Checks that are the same for every dialect: typed validation without laziness, and what headers may be sent."""

import re
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter, ValidationError

# RFC 9110 section 7.6.1, and what proxies add: a gateway ends these, it never hands them on.
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
}
# Of the caller alone: nothing of them is a provider's business.
CALLERS_OWN = ("floopy-", "x-floopy-", "x-stainless-", "x-forwarded-", "x-real-ip", "cookie", "openai-organization",
               "openai-project", "forwarded", "via", "idempotency-key")
CALLER_KEY = re.compile(r"fl_[A-Za-z0-9_-]{43}")


class Typed:
    """One of a provider's parameter types. Its `Iterable` fields are validated only when walked, and the adapter has to
    outlive the walk: pydantic 2.14 panics if it was collected."""

    def __init__(self, kind: object) -> None:
        self._adapter = TypeAdapter(kind)

    def violations(self, body: object) -> Iterator[str]:
        try:
            _walk(self._adapter.validate_python(body, strict=True))
        except ValidationError as error:
            for fault in error.errors(include_url=False)[:60]:
                yield f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def _walk(value: object) -> None:
    if isinstance(value, dict):
        for part in value.values():
            _walk(part)
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for part in value:
            _walk(part)


def header_violations(pairs: list[tuple[str, str]], address: str, keys: dict[str, str]) -> Iterator[str]:
    """`keys`: the acceptable credentials, header name to whole value; exactly one of them must be there."""
    headers = {}
    for name, value in pairs:
        if name.lower() in headers:
            yield f"header {name} is sent twice"
        headers[name.lower()] = value
    for name, value in headers.items():
        if name in HOP_BY_HOP:
            yield f"hop-by-hop header {name}: {value}"
        if name.startswith(CALLERS_OWN):
            yield f"the caller's header {name} was handed on"
        if CALLER_KEY.search(value):
            yield f"the caller's key is in header {name}"
    if headers.get("host") != address:
        yield f"host is {headers.get('host')}, not {address}"
    sent = {name: headers[name] for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key") if name in headers}
    if len(sent) != 1 or not (sent.items() <= keys.items()):
        yield f"credentials are {sorted(sent)}; one of {sorted(keys)} with the provider's key is expected"


def body_header_violations(headers: dict[str, str], body: bytes) -> Iterator[str]:
    if headers.get("content-type", "").split(";")[0].strip() != "application/json":
        yield f"content-type is {headers.get('content-type')}"
    if headers.get("content-length") != str(len(body)):
        yield f"content-length is {headers.get('content-length')}, the body has {len(body)} bytes"
