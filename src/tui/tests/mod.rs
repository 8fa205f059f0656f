//! The screen from outside: events in, frames and effects out.

mod frames;
mod keys;
mod random;
mod story;
