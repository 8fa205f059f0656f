//! floopy: a self-hosted agent optimization gateway in one binary.
//!
//! This file is the map. Rooms are listed in the order of their dependencies: a room may use
//! those above it, never those below. `tests/layering.rs` keeps that order.
//!
//! | room | what lives there |
//! |---|---|
//! | [`base`] | ids, money, time, secrets, the error vocabulary; depends on nothing of ours |
//! | [`resource`] | the shapes of Floopy resources as they travel over HTTP and rest in the store |
//! | [`telemetry`] | tracing, metrics; every metric and log field name is a constant here |
//! | [`embedding`] | the meaning of a text as numbers. Pure |
//! | [`routing`] | THE PRODUCT: how a target is chosen. Pure |
//! | [`wire`] | provider formats as functions, bytes in, bytes out. Pure |
//! | [`replay`] | recorded outcomes replayed against the product's own routing code and other policies. Pure |
//! | [`config`] | raw file → resolved settings; the built-in catalogue |
//! | [`store`] | redb: one writer, group commit, hash chain, retention |
//! | [`upstream`] | who to call and how: connections, timeouts, breaker, retry, replay provider |
//! | [`learner`] | the one writer of what the router knows; the judge |
//! | [`gateway`] | the stages of one request, in order |
//! | [`batch`] | files of requests that nobody waits for, line by line through the stages |
//! | [`api`] | Floopy resources over HTTP, one file each |
//! | [`server`] | listener, TLS, limits, auth, route table, drain, reload |
//! | [`client`] | typed HTTP client for our own API |
//! | [`tui`] | the terminal screen: state, keys and drawing. Pure |
//! | [`ui`] | the dashboard's pages: resources as HTML. Pure |
//! | [`cli`] | one file a command |

pub mod api;
pub mod base;
pub mod batch;
pub mod cli;
pub mod client;
pub mod config;
pub mod embedding;
pub mod gateway;
pub mod learner;
pub mod replay;
pub mod resource;
pub mod routing;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tui;
pub mod ui;
pub mod upstream;
pub mod wire;
