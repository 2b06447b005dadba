//! Texts of messages: markup, the entities that it makes, and links.

pub(super) mod entity;
pub(super) mod formatted;
pub(super) mod html;
pub(super) mod links;
