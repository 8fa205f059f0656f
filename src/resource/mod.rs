//! The shapes of Floopy resources as they travel over HTTP and rest in the store.
//! The server, the typed client and the commands share them, so that they cannot drift apart.

pub mod decision;

pub use decision::Decision;
