//! The providers that speak nearly OpenAI's dialect: one row each.

use super::reasoning::{
    Efforts, HIGH_OR_MAX, LOW_OR_HIGH, LOW_TO_HIGH, MINIMAL_TO_HIGH, NONE_TO_HIGH, ON_OR_OFF, PLAIN, Reasoning, SWITCH,
    THINKING, put,
};
use super::row::{
    BATCHES, CallsContent, Formats, JoinsText, MaxTokens, OPENAI, Order, Quirks, Replays, Strict, Takes, ToolChoices,
};

/// What they have in common.
pub(in crate::wire) const COMMON: Quirks = Quirks {
    key_env: &[],
    takes: Takes::Only(&[]),
    max_tokens: MaxTokens::MaxTokens,
    developer: false,
    replays: Replays::Never,
    clean: false,
    think_tags: true,
    refuses_when_reasoning: false,
    ..OPENAI
};

/// The providers.
pub(super) static COMPATIBLE: &[Quirks] = &[
    Quirks {
        kind: "deepseek",
        base_url: "https://api.deepseek.com",
        key_env: &["DEEPSEEK_API_KEY"],
        embeddings: None,
        drops: &["seed", "n", "parallel_tool_calls", "logit_bias"],
        replays: Replays::WhileThinking,
        joins_text: JoinsText::All,
        formats: Formats::Object,
        max_n: 1,
        reasoning: Reasoning {
            efforts: &[Efforts { models: &[], levels: THINKING }],
            thinks_by_default: &["deepseek-v4", "deepseek-flash", "deepseek-reasoner", "deepseek-r1"],
            refuses: &["logprobs", "top_logprobs"],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "mistral",
        base_url: "https://api.mistral.ai/v1",
        key_env: &["MISTRAL_API_KEY"],
        dimensions: "output_dimension",
        takes: Takes::Only(&["metadata", "service_tier", "prompt_cache_key", "prediction"]),
        drops: &["logit_bias", "stream_options"],
        refuses: &["functions", "function_call"],
        renames: &[("seed", "random_seed")],
        values: &[
            ("service_tier", "\"auto\"", "\"auto\""),
            ("service_tier", "\"default\"", "\"standard_only\""),
            ("service_tier", "\"standard_only\"", "\"standard_only\""),
        ],
        stream_options: false,
        max_temperature: Some(1.5),
        message_members: Some(&["role", "content", "tool_calls", "tool_call_id", "prefix"]),
        nine_char_ids: true,
        order: Order::AssistantAfterTool,
        strict: Strict::Strip,
        needs_parameters: true,
        schema_drops: &["additionalProperties", "$schema"],
        ..COMMON
    },
    Quirks {
        kind: "xai",
        base_url: "https://api.x.ai/v1",
        key_env: &["XAI_API_KEY"],
        embeddings: None,
        responses: true,
        max_tokens: MaxTokens::AsIs,
        message_drops: &["name"],
        strict: Strict::Strip,
        reasoning_apart: true,
        reasoning: Reasoning {
            efforts: &[
                Efforts { models: &["grok-3-mini"], levels: LOW_OR_HIGH },
                // No effort is known before 4.3; 4.20 came before it in spite of its number.
                Efforts { models: &["grok-4.20", "grok-4.1", "grok-4.2"], levels: &[] },
                Efforts { models: &["grok-4.", "grok-5", "grok-6"], levels: NONE_TO_HIGH },
                Efforts { models: &[], levels: &[] },
            ],
            capable_thinks: true,
            refuses: &["presence_penalty", "frequency_penalty", "stop"],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "groq",
        batches: BATCHES,
        base_url: "https://api.groq.com/openai/v1",
        key_env: &["GROQ_API_KEY"],
        embeddings: None,
        takes: Takes::Only(&["service_tier"]),
        drops: &["logprobs", "top_logprobs", "logit_bias", "presence_penalty", "frequency_penalty"],
        values: &[
            ("service_tier", "\"auto\"", "\"auto\""),
            ("service_tier", "\"default\"", "\"on_demand\""),
            ("service_tier", "\"on_demand\"", "\"on_demand\""),
            ("service_tier", "\"flex\"", "\"flex\""),
            ("service_tier", "\"priority\"", "\"performance\""),
            ("service_tier", "\"performance\"", "\"performance\""),
        ],
        max_tokens: MaxTokens::AsIs,
        zero_temperature: Some(1e-8),
        message_drops: &["name"],
        max_n: 1,
        schema_models: &["openai/gpt-oss", "moonshotai/kimi-k2", "meta-llama/llama-4", "qwen/qwen3."],
        schema_alone: true,
        reasoning: Reasoning {
            efforts: &[
                Efforts { models: &["openai/gpt-oss"], levels: LOW_TO_HIGH },
                Efforts { models: &["qwen"], levels: ON_OR_OFF },
                Efforts { models: &[], levels: &[] },
            ],
            adds: &[("reasoning_format", "\"parsed\"")],
            adds_not: &["openai/gpt-oss"],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        key_env: &["CEREBRAS_API_KEY"],
        embeddings: None,
        drops: &["frequency_penalty", "presence_penalty", "logit_bias", "n"],
        max_tokens: MaxTokens::MaxCompletionTokens,
        max_n: 1,
        max_temperature: Some(1.5),
        strict: Strict::Alike,
        reasoning: Reasoning {
            efforts: &[
                Efforts { models: &["gpt-oss"], levels: LOW_TO_HIGH },
                Efforts { models: &["zai-glm"], levels: &[put("none", "disable_reasoning", "true")] },
                Efforts { models: &[], levels: &[] },
            ],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "sambanova",
        base_url: "https://api.sambanova.ai/v1",
        key_env: &["SAMBANOVA_API_KEY"],
        // They are accepted, and nothing comes of them.
        drops: &["frequency_penalty", "presence_penalty"],
        max_tokens: MaxTokens::AsIs,
        calls_content: CallsContent::Empty,
        joins_text: JoinsText::All,
        max_temperature: Some(1.0),
        inline_images_only: true,
        reasoning: Reasoning {
            efforts: &[
                Efforts { models: &["gpt-oss"], levels: LOW_TO_HIGH },
                Efforts {
                    models: &[],
                    levels: &[
                        put("none", "chat_template_kwargs", r#"{"enable_thinking":false}"#),
                        put("minimal", "chat_template_kwargs", r#"{"enable_thinking":true}"#),
                        put("low", "chat_template_kwargs", r#"{"enable_thinking":true}"#),
                        put("medium", "chat_template_kwargs", r#"{"enable_thinking":true}"#),
                        put("high", "chat_template_kwargs", r#"{"enable_thinking":true}"#),
                        put("xhigh", "chat_template_kwargs", r#"{"enable_thinking":true}"#),
                        put("max", "chat_template_kwargs", r#"{"enable_thinking":true}"#),
                    ],
                },
            ],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "together",
        batches: BATCHES,
        base_url: "https://api.together.ai/v1",
        key_env: &["TOGETHER_API_KEY"],
        drops: &["parallel_tool_calls"],
        replays: Replays::AsGiven,
        int_logprobs: true,
        stop_list: true,
        reasoning: Reasoning {
            efforts: &[
                Efforts { models: &["openai/gpt-oss"], levels: LOW_TO_HIGH },
                Efforts { models: &["deepseek-ai/DeepSeek-V4"], levels: HIGH_OR_MAX },
                Efforts { models: &[], levels: SWITCH },
            ],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "fireworks",
        base_url: "https://api.fireworks.ai/inference/v1",
        key_env: &["FIREWORKS_API_KEY"],
        model_prefix: Some("accounts/fireworks/models/"),
        takes: Takes::Only(&["service_tier", "prompt_cache_key"]),
        renames: &[("prompt_cache_key", "prompt_cache_isolation_key")],
        // Otherwise a limit that does not fit is lowered silently.
        adds: &[("context_length_exceeded_behavior", "\"error\"")],
        needs_max_tokens: true,
        reasoning: Reasoning { efforts: &[Efforts { models: &[], levels: NONE_TO_HIGH }], ..PLAIN },
        ..COMMON
    },
    Quirks {
        kind: "perplexity",
        base_url: "https://api.perplexity.ai",
        key_env: &["PERPLEXITY_API_KEY", "PPLX_API_KEY", "PERPLEXITYAI_API_KEY"],
        embeddings: Some("/v1/embeddings"),
        takes: Takes::Only(&["web_search_options"]),
        drops: &["stop", "seed", "logprobs", "top_logprobs", "logit_bias", "n", "parallel_tool_calls"],
        one_penalty: true,
        max_temperature: Some(1.99),
        order: Order::Alternate,
        tool_choices: ToolChoices::NoTools,
        formats: Formats::Schema,
        max_n: 1,
        reasoning: Reasoning {
            efforts: &[
                Efforts { models: &["sonar-deep-research"], levels: MINIMAL_TO_HIGH },
                Efforts { models: &[], levels: &[] },
            ],
            ..PLAIN
        },
        ..COMMON
    },
    Quirks {
        kind: "ai21",
        base_url: "https://api.ai21.com/studio/v1",
        key_env: &["AI21_API_KEY"],
        embeddings: None,
        drops: &[
            "seed",
            "logprobs",
            "top_logprobs",
            "logit_bias",
            "presence_penalty",
            "frequency_penalty",
            "parallel_tool_calls",
            "stream_options",
            "reasoning_effort",
        ],
        most_tokens: Some(4096),
        stream_options: false,
        calls_content: CallsContent::Empty,
        joins_text: JoinsText::All,
        text_only: true,
        order: Order::OneSystem,
        tool_choices: ToolChoices::Absent,
        formats: Formats::Object,
        max_n: 16,
        one_when_streamed: true,
        ..COMMON
    },
    Quirks {
        kind: "deepinfra",
        batches: BATCHES,
        base_url: "https://api.deepinfra.com/v1/openai",
        key_env: &["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"],
        max_embedding_inputs: 1024,
        takes: Takes::Only(&["service_tier", "prompt_cache_key"]),
        drops: &["parallel_tool_calls"],
        values: &[("service_tier", "\"priority\"", "\"priority\"")],
        needs_max_tokens: true,
        max_stops: 16,
        joins_text: JoinsText::Tools,
        tool_choices: ToolChoices::AutoNone,
        max_n: 4,
        reasoning: Reasoning { efforts: &[Efforts { models: &[], levels: NONE_TO_HIGH }], ..PLAIN },
        ..COMMON
    },
    Quirks {
        kind: "nebius",
        batches: BATCHES,
        base_url: "https://api.tokenfactory.nebius.com/v1",
        key_env: &["NEBIUS_API_KEY"],
        ..COMMON
    },
    Quirks {
        kind: "novita",
        batches: BATCHES,
        base_url: "https://api.novita.ai/openai/v1",
        key_env: &["NOVITA_API_KEY"],
        drops: &["parallel_tool_calls"],
        needs_max_tokens: true,
        max_stops: 4,
        reasoning: Reasoning {
            efforts: &[Efforts {
                models: &[],
                levels: &[
                    put("none", "enable_thinking", "false"),
                    put("minimal", "enable_thinking", "true"),
                    put("low", "enable_thinking", "true"),
                    put("medium", "enable_thinking", "true"),
                    put("high", "enable_thinking", "true"),
                    put("xhigh", "enable_thinking", "true"),
                    put("max", "enable_thinking", "true"),
                ],
            }],
            adds: &[("separate_reasoning", "true")],
            ..PLAIN
        },
        ..COMMON
    },
];
