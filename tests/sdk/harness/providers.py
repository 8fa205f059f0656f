"""The sections of the configuration for all providers, each with its address at the fakes."""

import json
from pathlib import Path

# What stands in a section besides `allow_private_network`. Those that speak nearly OpenAI's dialect need a key and an
# address only: the fakes tell their names and paths.
SETTINGS = {
    "openai": ['api_key = "env:FAKE_KEY_OPENAI"', 'base_url = "http://{fakes}/openai/v1"'],
    "anthropic": ['api_key = "env:FAKE_KEY_ANTHROPIC"', 'base_url = "http://{fakes}/anthropic"'],
    "gemini": ['api_key = "env:FAKE_KEY_GEMINI"', 'base_url = "http://{fakes}/gemini/v1beta"'],
    "vertex": ['credentials = "file:{google}"', 'project = "fake-project"', 'region = "europe-west4"',
               'base_url = "http://{fakes}/vertex"'],
    "bedrock": ['base_url = "http://{fakes}/bedrock"', 'region = "eu-west-3"', 'access_key_id = "env:FAKE_AWS_KEY_ID"',
                'secret_access_key = "env:FAKE_KEY_BEDROCK"', 'session_token = "env:FAKE_AWS_SESSION_TOKEN"'],
    "azure": ['api_key = "env:FAKE_KEY_AZURE"', 'base_url = "http://{fakes}/azure/openai/v1"'],
    # The older form of its addresses.
    "azure-deployments": ['kind = "azure"', 'api_key = "env:FAKE_KEY_AZURE"', 'base_url = "http://{fakes}/azure"'],
    "cohere": ['api_key = "env:FAKE_KEY_COHERE"', 'base_url = "http://{fakes}/cohere"'],
    "local": ['kind = "openai-chat"', 'api_key = "env:FAKE_KEY_LOCAL"', 'base_url = "http://{fakes}/local/v1"'],
}


def sections(fakes: str, bases: dict[str, str], google: Path, strict_twins: bool) -> str:
    """All sections as text. Twins refuse what the others leave out: `groq-strict` beside `groq`."""
    settings = {name: [line.format(fakes=fakes, google=google) for line in lines] for name, lines in SETTINGS.items()}
    for name, base in bases.items():
        settings[name] = [f'api_key = "env:FAKE_KEY_{name.upper()}"', f'base_url = "http://{fakes}/{name}/{base}"']
    lines = []
    for name, own in settings.items():
        lines += [f"[provider.{name}]", *own, "allow_private_network = true", ""]
        if strict_twins:
            kind = [] if any(line.startswith("kind") for line in own) else [f'kind = "{name}"']
            lines += [f"[provider.{name}-strict]", *kind, *own, "allow_private_network = true",
                      'unsupported_parameters = "refuse"', ""]
    return "\n".join(lines)


def google_account(file: Path, fakes: str, private_key: str) -> Path:
    """Writes the key file of a service account, as tests/fakes/vertex_dialect.py knows it."""
    account = {
        "type": "service_account", "project_id": "fake-project", "private_key_id": "key-1", "private_key": private_key,
        "client_email": "floopy@fake-project.iam.gserviceaccount.com", "token_uri": f"http://{fakes}/vertex/token",
    }
    file.write_text(json.dumps(account))
    return file
