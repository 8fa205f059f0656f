//! The route table: every path and method that is served, what it needs, and what it is for.
//! `/openapi.json` is made from it, so that neither can say what the other does not.

use super::auth::Needs;

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Chat,
    Messages,
    CountTokens,
    Responses,
    CountInput,
    KeptResponse,
    DeleteResponse,
    CancelResponse,
    ResponseItems,
    Embeddings,
    UploadFile,
    Files,
    File,
    FileContent,
    DeleteFile,
    CreateBatch,
    Batches,
    Batch,
    CancelBatch,
    UploadDataset,
    Datasets,
    Dataset,
    DeleteDataset,
    CreateEvaluation,
    Evaluations,
    Evaluation,
    EvaluationResults,
    CancelEvaluation,
    Models,
    Model,
    Feedback,
    Decisions,
    Decision,
    Rating,
    RequestLog,
    Session,
    Sessions,
    Export,
    Savings,
    Verification,
    Routes,
    Route,
    Pin,
    Unpin,
    Explain,
    Constraints,
    PutConstraints,
    Priors,
    PutPriors,
    Experiments,
    CreateExperiment,
    Experiment,
    ExperimentResults,
    RollbackExperiment,
    CompleteExperiment,
    Events,
    Keys,
    CreateKey,
    RevokeKey,
    Config,
    Reload,
    Verify,
    Health,
    Ready,
    Metrics,
    OpenApi,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) endpoint: Endpoint,
    pub(super) method: &'static str,
    /// The path; `{…}` is one open part, `{…*}` takes the rest of the path with its slashes.
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    /// Whether it is one of the operations, which may stand on a listener of their own.
    pub(super) operations: bool,
    /// The schema of its answer, in `/openapi.json`.
    pub(super) answer: &'static str,
    pub(super) summary: &'static str,
}

macro_rules! table {
    ($($endpoint:ident $method:literal $path:literal $needs:ident $answer:literal $summary:literal;)*) => {
        /// Everything that is served.
        pub(super) static TABLE: &[Row] = &[$(Row {
            endpoint: Endpoint::$endpoint, method: $method, path: $path, needs: Needs::$needs,
            operations: matches!(Needs::$needs, Needs::Nothing), answer: $answer, summary: $summary,
        },)*];
    };
}

table! {
    Chat "POST" "/v1/chat/completions" Write "ChatCompletion" "Answer a conversation, plain or streamed";
    Messages "POST" "/v1/messages" Write "Message" "Answer a conversation in Anthropic's dialect, plain or streamed";
    CountTokens "POST" "/v1/messages/count_tokens" Write "TokenCount" "Count the tokens of a conversation in Anthropic's dialect";
    Responses "POST" "/v1/responses" Write "Response" "Answer a conversation in OpenAI's Responses dialect, plain or streamed";
    CountInput "POST" "/v1/responses/input_tokens" Write "InputTokens" "Count the tokens of a conversation in the Responses dialect";
    KeptResponse "GET" "/v1/responses/{response_id}" Read "Error" "Always 404: no response is kept";
    DeleteResponse "DELETE" "/v1/responses/{response_id}" Write "Error" "Always 404: no response is kept";
    CancelResponse "POST" "/v1/responses/{response_id}/cancel" Write "Error" "Always 404: no response is kept";
    ResponseItems "GET" "/v1/responses/{response_id}/input_items" Read "Error" "Always 404: no response is kept";
    Embeddings "POST" "/v1/embeddings" Write "Embeddings" "Turn texts into vectors";
    UploadFile "POST" "/v1/files" Write "File" "Upload a file";
    Files "GET" "/v1/files" Read "FileList" "List files";
    File "GET" "/v1/files/{file_id}" Read "File" "Show one file";
    FileContent "GET" "/v1/files/{file_id}/content" Read "Content" "Give a file's content back";
    DeleteFile "DELETE" "/v1/files/{file_id}" Write "DeletedFile" "Remove a file and its content";
    CreateBatch "POST" "/v1/batches" Write "Batch" "Answer the requests of a file when there is room for them";
    Batches "GET" "/v1/batches" Read "BatchList" "List batches, newest first";
    Batch "GET" "/v1/batches/{batch_id}" Read "Batch" "Show one batch and how far it is";
    CancelBatch "POST" "/v1/batches/{batch_id}/cancel" Write "Batch" "Begin no further request of a batch";
    UploadDataset "POST" "/v1/datasets" Write "CreatedDataset" "Upload a dataset, one JSON object a line";
    Datasets "GET" "/v1/datasets" Read "DatasetPage" "List datasets, newest first";
    Dataset "GET" "/v1/datasets/{dataset_id}" Read "Dataset" "Show one dataset";
    DeleteDataset "DELETE" "/v1/datasets/{dataset_id}" Write "DeletedDataset" "Remove a dataset and its rows";
    CreateEvaluation "POST" "/v1/evaluations" Write "CreatedEvaluation" "Ask a model about every row of a dataset and score its answers";
    Evaluations "GET" "/v1/evaluations" Read "EvaluationPage" "List evaluations, newest first";
    Evaluation "GET" "/v1/evaluations/{evaluation_id}" Read "Evaluation" "Show one evaluation and how far it is";
    EvaluationResults "GET" "/v1/evaluations/{evaluation_id}/results" Read "EvaluationResultPage" "List what the rows of an evaluation came to";
    CancelEvaluation "POST" "/v1/evaluations/{evaluation_id}/cancel" Write "Evaluation" "Begin no further row of an evaluation";
    Models "GET" "/v1/models" Read "Models" "List routes and models that can be called";
    Model "GET" "/v1/models/{model*}" Read "Model" "Describe one route or model";
    Feedback "POST" "/v1/feedback" Write "Receipt" "Rate a session or a request, 0 to 10";
    Decisions "GET" "/v1/decisions" Read "DecisionPage" "List decisions, newest first";
    Decision "GET" "/v1/decisions/{request_id}" Read "Decision" "Show one decision";
    Rating "PUT" "/v1/decisions/{request_id}/rating" Write "Decision" "Rate one decision by hand, 0 to 100";
    RequestLog "GET" "/v1/requests/{request_id}" Read "RequestLog" "Show a request and its answer as they are retained";
    Session "GET" "/v1/session/{session_id}" Read "RestoredSession" "Restore a session's conversation";
    Sessions "GET" "/v1/sessions" Read "SessionPage" "List sessions with what they cost and were worth";
    Export "GET" "/v1/export/decisions" Read "Rows" "Stream the decisions of a span, oldest first, with a trailer";
    Savings "GET" "/v1/savings" Read "Savings" "Say what was saved, against the hold-out";
    Verification "GET" "/v1/optimization/verification" Read "Verified" "Say whether a route is cheaper and no worse";
    Routes "GET" "/v1/routes" Read "RoutePage" "List routes";
    Route "GET" "/v1/routes/{route}" Read "Route" "Show a route with its arms";
    Pin "POST" "/v1/routes/{route}/pin" Write "Route" "Put a route back to its default model";
    Unpin "DELETE" "/v1/routes/{route}/pin" Write "Route" "Free a pinned route";
    Explain "POST" "/v1/routing/explain" Read "Explanation" "Say what a request would get, without making it";
    Constraints "GET" "/v1/constraints" Read "Constraints" "Show what the org allows its routes";
    PutConstraints "PUT" "/v1/constraints" Write "Constraints" "Replace families of constraints";
    Priors "GET" "/v1/priors" Read "Priors" "Show how pooled priors stand";
    PutPriors "PUT" "/v1/priors" Write "Priors" "Take part in pooled priors, or not";
    Experiments "GET" "/v1/experiments" Read "ExperimentPage" "List experiments, the latest first";
    CreateExperiment "POST" "/v1/experiments" Write "Experiment" "Try a model or other rules on a share of a route's sessions";
    Experiment "GET" "/v1/experiments/{experiment_id}" Read "Experiment" "Show one experiment";
    ExperimentResults "GET" "/v1/experiments/{experiment_id}/results" Read "ExperimentResults" "Say how an experiment stands";
    RollbackExperiment "POST" "/v1/experiments/{experiment_id}/rollback" Write "Experiment" "Take what is tried out at once";
    CompleteExperiment "POST" "/v1/experiments/{experiment_id}/complete" Write "Experiment" "End an experiment as it stands";
    Events "GET" "/v1/events" Read "EventStream" "Follow decisions, outcomes and their credits as they happen";
    Keys "GET" "/v1/admin/keys" Admin "KeyPage" "List keys";
    CreateKey "POST" "/v1/admin/keys" Admin "CreatedKey" "Make a key; its secret is shown once";
    RevokeKey "DELETE" "/v1/admin/keys/{key_id}" Admin "Revoked" "Revoke a key at once";
    Config "GET" "/v1/admin/config" Admin "Config" "Show which configuration is in force";
    Reload "POST" "/v1/admin/config/reload" Admin "Reloaded" "Reload the configuration";
    Verify "GET" "/v1/admin/verify" Admin "Verification" "Verify the hash chain of every org";
    Health "GET" "/healthz" Nothing "Health" "Whether the process is alive";
    Ready "GET" "/readyz" Nothing "Ready" "Whether requests are taken and writes succeed";
    Metrics "GET" "/metrics" Nothing "Text" "Metrics as OpenMetrics text";
    OpenApi "GET" "/openapi.json" Nothing "OpenApi" "This description";
}

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    /// A row, and the open part of its path, decoded.
    Row(&'static Row, String),
    /// The path exists, the method does not: those that do.
    OtherMethods(Vec<&'static str>),
    /// Nothing.
    Nothing,
}

/// The open part of `path` under `pattern`; `None` where it does not match.
fn open_part<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    let Some((head, rest)) = pattern.split_once('{') else { return (pattern == path).then_some("") };
    let (name, tail) = rest.split_once('}')?;
    let open = path.strip_prefix(head)?.strip_suffix(tail)?;
    (!open.is_empty() && (name.ends_with('*') || !open.contains('/'))).then_some(open)
}

/// Looks a request up.
pub(super) fn find(method: &str, path: &str) -> Found {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut others = Vec::new();
    for row in TABLE {
        let Some(open) = open_part(row.path, path) else { continue };
        if row.method == method {
            return Found::Row(row, decoded(open));
        }
        others.push(row.method);
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

/// A part of a path without its percent signs; what is no UTF-8 is kept as it is and found nowhere.
pub(super) fn decoded(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> (Option<Endpoint>, String) {
        match find(method, path) {
            Found::Row(row, open) => (Some(row.endpoint), open),
            Found::OtherMethods(methods) => (None, methods.join(",")),
            Found::Nothing => (None, String::new()),
        }
    }

    #[test]
    fn paths_lead_where_the_table_says() {
        for (method, path, endpoint, open) in [
            ("POST", "/v1/chat/completions", Some(Endpoint::Chat), ""),
            ("POST", "/v1/messages/count_tokens", Some(Endpoint::CountTokens), ""),
            ("POST", "/v1/responses", Some(Endpoint::Responses), ""),
            ("POST", "/v1/responses/input_tokens", Some(Endpoint::CountInput), ""),
            ("GET", "/v1/responses/resp_1", Some(Endpoint::KeptResponse), "resp_1"),
            ("POST", "/v1/responses/resp_1/cancel", Some(Endpoint::CancelResponse), "resp_1"),
            ("GET", "/v1/models", Some(Endpoint::Models), ""),
            ("GET", "/v1/models/a/b:c", Some(Endpoint::Model), "a/b:c"),
            ("GET", "/v1/models/a%2Fb", Some(Endpoint::Model), "a/b"),
            ("HEAD", "/healthz", Some(Endpoint::Health), ""),
            ("PUT", "/v1/decisions/x/rating", Some(Endpoint::Rating), "x"),
            ("GET", "/v1/decisions/x", Some(Endpoint::Decision), "x"),
            ("GET", "/v1/decisions/x/y", None, ""),
            ("DELETE", "/v1/decisions", None, "GET"),
            ("PATCH", "/v1/routes/r/pin", None, "POST,DELETE"),
            ("GET", "/v1/models/", None, ""),
            ("GET", "/", None, ""),
        ] {
            assert_eq!(found(method, path), (endpoint, open.to_owned()), "{method} {path}");
        }
    }
}
