//! Pictures of paths for chats, which show PNG and not SVG.

use std::sync::{Arc, LazyLock};

use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

use super::svg;
use crate::Document;

/// Latin, Greek, Cyrillic and arrows of DejaVu Sans; its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../../../config/data/font/DejaVuSans-subset.ttf");

/// Pixels for each unit of the drawing: sharp on a phone.
const SCALE: f32 = 2.0;

/// The largest picture, in units of the drawing.
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

/// The document's first path as a PNG; `None` where it has none. Takes some milliseconds of computing.
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

/// The picture with its words set in type.
pub(super) fn tree(document: &Document) -> Option<Tree> {
    Tree::from_str(&svg(document)?, &OPTIONS).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Station};

    #[test]
    fn a_path_is_drawn_with_its_words() {
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
        let picture = png(&document("mx.example.com")).expect("a picture");
        let drawn = Pixmap::decode_png(&picture).expect("a PNG");
        assert_eq!((drawn.width(), drawn.height()), (1120, 256));
        let other = png(&document("mail.example.net")).expect("a picture");
        assert_ne!(picture, other, "the words are in it");
        assert_eq!(png(&Document::default()), None);
    }
}
