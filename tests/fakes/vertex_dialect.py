"""Google's Vertex AI: Gemini at addresses of its own, and tokens for a service account's signature."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import google.auth.exceptions
import google.auth.jwt
from cryptography.hazmat.primitives import serialization

from . import gemini_dialect, model

PROJECT, LOCATION, EMAIL, KEY_ID = "fake-project", "europe-west4", "floopy@fake-project.iam.gserviceaccount.com", "key-1"
TOKEN = "ya29.fake"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = Path(__file__).parents[1] / "fixtures" / "google" / "key.pem"
ROOT = rf"v1(?:beta1)?/projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/"
ACTIONS = {("generateContent", ""), ("streamGenerateContent", "alt=sse")}


class Dialect(gemini_dialect.Dialect):
    """Thoughts and text as at Gemini; calls have no ids here, and usage says what was paid for."""

    def _piece(self, parts: list[dict], end: model.Reply | None = None) -> dict:
        answer = super()._piece(parts, end)
        for part in parts:
            if call := part.get("functionCall"):
                call.pop("id", None)
        if usage := answer.get("usageMetadata"):
            usage["trafficType"] = "ON_DEMAND"
        return answer

    def chat_violations(self, body: dict) -> Iterator[str]:
        yield from super().chat_violations(body)
        if "serviceTier" in body:
            yield "serviceTier is said by a header here"


def dialect_at(path: str, query: str) -> Dialect | None:
    found = re.fullmatch(ROOT + r"([^/:]+):(\w+)", path)
    if found and (found.group(2), query) in ACTIONS:
        return Dialect(found.group(1), found.group(2))
    return None


def token(form: str, address: str) -> tuple[int, dict]:
    """A token for an assertion that the service account has signed; Google's own library judges it."""
    fields = {name: values[0] for name, values in parse_qs(form).items()}
    private = serialization.load_pem_private_key(KEY.read_bytes(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        claims = google.auth.jwt.decode(fields.get("assertion", ""), {KEY_ID: public}, audience=f"http://{address}/vertex/token")
    except (ValueError, google.auth.exceptions.GoogleAuthError) as error:
        return 400, {"error": "invalid_grant", "error_description": f"Invalid JWT: {error}"}
    if claims.get("iss") != EMAIL or claims.get("scope") != SCOPE or fields.get("grant_type") != GRANT:
        return 400, {"error": "invalid_grant", "error_description": f"{claims}"}
    return 200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}
