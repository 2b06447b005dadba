//! Images of paths as PNG, for chats that cannot show SVG.

use std::sync::{Arc, LazyLock};

use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

use super::svg;
use crate::Document;

/// DejaVu Sans, reduced to Latin, Greek, Cyrillic and arrows. The license is in the same folder.
const FONT: &[u8] = include_bytes!("../../../../config/data/font/DejaVuSans-subset.ttf");

/// Pixels per SVG unit; sharp on high-density screens.
const SCALE: f32 = 2.0;

/// Longest side of an image, in SVG units.
const MAX_SIDE: f32 = 2000.0;

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Options {
        fontdb: Arc::new(fonts),
        font_family: "DejaVu Sans".into(),
        ..Options::default()
    }
});

/// Draws the first path of the document as PNG; `None` if it has none or the image would be too
/// large. Takes a few milliseconds of CPU time.
pub fn png(document: &Document) -> Option<Vec<u8>> {
    let tree = tree(document)?;
    let size = tree.size();
    if size.width() > MAX_SIDE || size.height() > MAX_SIDE {
        return None;
    }
    let mut picture = Pixmap::new(
        (size.width() * SCALE).ceil() as u32,
        (size.height() * SCALE).ceil() as u32,
    )?;
    picture.fill(Color::WHITE);
    resvg::render(
        &tree,
        Transform::from_scale(SCALE, SCALE),
        &mut picture.as_mut(),
    );
    picture.encode_png().ok()
}

/// The parsed SVG with its text laid out.
pub(super) fn tree(document: &Document) -> Option<Tree> {
    Tree::from_str(&svg(document)?, &OPTIONS).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Station};

    #[test]
    fn png_has_the_expected_size_and_shows_the_text() {
        let document = |name: &str| {
            let station = Station {
                title: "Mail server".into(),
                name: name.into(),
                via: String::new(),
            };
            let mut document = Document::default();
            document.block(Block::Path {
                stations: vec![station],
            });
            document
        };
        let picture = png(&document("mx.example.com")).expect("an image");
        let drawn = Pixmap::decode_png(&picture).expect("a PNG");
        assert_eq!((drawn.width(), drawn.height()), (1120, 256));
        let other = png(&document("mail.example.net")).expect("an image");
        assert_ne!(picture, other, "the text is in the image");
        assert_eq!(png(&Document::default()), None);
    }
}
