"""The types of requests in the SDKs of providers that speak nearly OpenAI's dialect, where they have one of their own."""

import inspect
from collections.abc import Callable, Iterator

import cerebras.cloud.sdk.resources.chat.completions as cerebras
import groq.resources.chat.completions as groq
import perplexity.resources.chat.completions as perplexity
import sambanova.resources.chat.completions as sambanova
from cerebras.cloud.sdk.types.chat.completion_create_params import CompletionCreateParams as Cerebras
from groq.types.chat.completion_create_params import CompletionCreateParams as Groq
from mistralai.client.models import ChatCompletionRequest, ChatCompletionStreamRequest
from perplexity.types.chat import completion_create_params as of_perplexity
from sambanova.types.chat import completion_create_params as of_sambanova

from .checks import Modelled, Typed


class Types:
    """One SDK's: `members` are those that its client would send."""

    def __init__(self, members: set[str], plain: Typed | Modelled, streaming: Typed | Modelled) -> None:
        self.members = members
        self._plain, self._streaming = plain, streaming

    def violations(self, body: dict) -> Iterator[str]:
        return (self._streaming if body.get("stream") else self._plain).violations(body)


def _of_client(create: Callable, plain: object, streaming: object) -> Types:
    names = set(inspect.signature(create).parameters) - {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
    return Types(names, Typed(plain), Typed(streaming))


SDKS = {
    "cerebras": _of_client(cerebras.CompletionsResource.create, Cerebras, Cerebras),
    "groq": _of_client(groq.Completions.create, Groq, Groq),
    "mistral": Types({field.alias or name for name, field in ChatCompletionRequest.model_fields.items()},
                     Modelled(ChatCompletionRequest), Modelled(ChatCompletionStreamRequest)),
    "perplexity": _of_client(perplexity.CompletionsResource.create, of_perplexity.CompletionCreateParamsNonStreaming,
                             of_perplexity.CompletionCreateParamsStreaming),
    "sambanova": _of_client(sambanova.CompletionsResource.create, of_sambanova.CompletionCreateParamsNonStreaming,
                            of_sambanova.CompletionCreateParamsStreaming),
}
