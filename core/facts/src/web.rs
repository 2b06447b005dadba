//! Readers of what web servers send: the title of a page, and the policies in its headers.

mod charset;
mod hsts;
mod title;

pub use charset::decode;
pub use hsts::Hsts;
pub use title::title;
