//! The terminal screen: what it knows, what its keys do, and how it looks. Pure.
//!
//! [`App`] takes [`Event`]s and gives [`Effect`]s; [`draw()`] makes a frame of it and changes nothing. Neither does any
//! I/O or reads a clock: `cli/command/tui/` owns the terminal and the connection. So every frame can be checked
//! as text, and a million random keys can be played without a terminal.

mod app;
mod canvas;
mod draw;
mod input;
mod keys;
mod news;
mod overlay;
mod row;
mod slot;
#[cfg(test)]
mod tests;
mod theme;
mod traffic;
mod view;

pub use app::{App, Effect, Event, Link, Live, View};
pub use draw::draw;
pub use input::{Hit, Key, Target};
pub use slot::{Ask, Problem};
pub use theme::Look;
