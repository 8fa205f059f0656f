//! Exceptions inside event streams, where no status comes with them: each name has its own.

use crate::wire::fault::Fault;

/// What an exception of this name means. `payload`: `{"message": …}`.
pub(super) fn exception(name: &str, payload: &[u8]) -> Fault {
    let status = match name {
        "validationException" => 400,
        "accessDeniedException" => 403,
        "resourceNotFoundException" => 404,
        "modelTimeoutException" => 408,
        "modelStreamErrorException" => 424,
        "throttlingException" => 429,
        "serviceUnavailableException" => 503,
        _ => 500,
    };
    Fault::named(status, name, payload)
}
