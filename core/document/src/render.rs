//! Renderers: turn a document into the markup of a platform. Escaping happens here and nowhere
//! else.

mod markdown;
mod path;
mod picture;
mod printable;
#[cfg(test)]
mod properties;
mod spans;
mod text;
mod wrap;

pub use markdown::{block as markdown_block, markdown};
pub use picture::{alt, card_png, chart_svg, png, png_of_svg, svg};
pub use printable::{is_unsafe, pointed, printable, printable_json, printable_line};
pub use spans::{Span, spans};
pub use text::{Layout, block as block_text, table_width, text, ungrouped};
pub use wrap::{fit, screen_width, wrap};
