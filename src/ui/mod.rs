//! The dashboard's pages: resources as HTML. Pure: documents in, text out.
//!
//! Every page is whole without a script; the script only fetches it again when something happened. Nothing here comes
//! from another host, and no style or script stands in a page, so that the strictest content policy holds.

mod decisions;
mod experiments;
mod html;
mod overview;
mod page;
mod routes;
mod sessions;
#[cfg(test)]
mod tests;

pub use decisions::{decision, decisions};
pub use experiments::experiments;
pub use overview::overview;
pub use page::{Page, login, problem};
pub use routes::routes;
pub use sessions::{session, sessions};

/// What the pages look like.
pub const STYLE: &str = include_str!("../../assets/ui/style.css");
/// What fetches a page again when something happened.
pub const SCRIPT: &str = include_str!("../../assets/ui/live.js");
