//! `GET /v1/admin/verify`: the whole record, entry by entry, while the server runs.

use super::{Answer, Request, blocking, ok};
use crate::resource::Verification;

/// Walks every chain.
pub(crate) async fn get(request: Request) -> Answer {
    let store = request.gateway.store.clone();
    let report = blocking(move || store.verify()).await?;
    ok(&Verification::from(report))
}
