//! Contract §3, HTTP: the ways to send a lookup, the formats of a reply, and every problem
//! document.

mod arguments;
mod formats;
mod health;
