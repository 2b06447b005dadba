//! Images as PNG, for chats and link previews, which cannot show SVG.

use std::sync::{Arc, LazyLock};

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};
use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

use super::svg;
use crate::Document;

/// DejaVu Sans, reduced to Latin, Greek, Cyrillic and arrows. The license is in the same folder.
const FONT: &[u8] = include_bytes!("../../../../../config/data/font/DejaVuSans-subset.ttf");

/// Pixels of an image of two pixels per SVG unit; a larger one has fewer per unit.
const MAX_PIXELS: f32 = 1_300_000.0;

/// Longest side of an image, in SVG units.
const MAX_SIDE: f32 = 2000.0;

static OPTIONS: LazyLock<Options<'static>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    fonts.set_monospace_family("DejaVu Sans");
    Options {
        fontdb: Arc::new(fonts),
        font_family: "DejaVu Sans".into(),
        ..Options::default()
    }
});

/// Draws the image of a document as PNG; `None` if it has none or the image would be too large. Takes tens of
/// milliseconds of CPU time.
pub fn png(document: &Document) -> Option<Vec<u8>> {
    rasterize(&tree(document)?)
}

/// Draws an image that [`super::svg`] wrote as PNG; `None` if it would be too large. Takes tens of milliseconds of CPU
/// time.
pub fn png_of_svg(svg: &str) -> Option<Vec<u8>> {
    rasterize(&parse(svg)?)
}

/// Draws an SVG with a white background.
pub(super) fn rasterize(tree: &Tree) -> Option<Vec<u8>> {
    let size = tree.size();
    if size.width() > MAX_SIDE || size.height() > MAX_SIDE {
        return None;
    }
    let scale = scale(size.width() * size.height());
    let mut picture = Pixmap::new(
        (size.width() * scale).ceil() as u32,
        (size.height() * scale).ceil() as u32,
    )?;
    picture.fill(Color::WHITE);
    resvg::render(
        tree,
        Transform::from_scale(scale, scale),
        &mut picture.as_mut(),
    );
    encode(&picture)
}

/// Pixels per SVG unit for an image of this area: sharp on high-density screens, less for large images.
fn scale(area: f32) -> f32 {
    let fits = |scale: &f32| area * scale * scale <= MAX_PIXELS;
    [2.0, 1.5].into_iter().find(fits).unwrap_or(1.0)
}

/// Encodes an opaque image with a palette of colors of 5 bits each: a chart has few, and their shades at the edges.
/// This takes a quarter of the time and bytes of full color, which an image of too many colors gets.
fn encode(picture: &Pixmap) -> Option<Vec<u8>> {
    let mut number_of = vec![None; 1 << 15];
    let mut palette = Vec::new();
    let mut pixels = Vec::with_capacity(picture.pixels().len());
    // Most pixels are like the one before.
    let mut last = None;
    for pixel in picture.pixels() {
        if let Some((like, number)) = last
            && like == *pixel
        {
            pixels.push(number);
            continue;
        }
        let color = [pixel.red(), pixel.green(), pixel.blue()].map(|value| value >> 3);
        let place = color
            .iter()
            .fold(0, |place, value| place << 5 | usize::from(*value));
        let number = match number_of[place] {
            Some(number) => number,
            None => {
                let Ok(number) = u8::try_from(palette.len() / 3) else {
                    return picture.encode_png().ok();
                };
                palette.extend(color.map(|value| value << 3 | value >> 2));
                number_of[place] = Some(number);
                number
            }
        };
        pixels.push(number);
        last = Some((*pixel, number));
    }

    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, picture.width(), picture.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    // Half the time of the default level, for a few more bytes.
    encoder.set_deflate_compression(DeflateCompression::Level(3));
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

/// The parsed SVG of a document with its text laid out.
pub(in crate::render) fn tree(document: &Document) -> Option<Tree> {
    parse(&svg(document)?)
}

pub(super) fn parse(svg: &str) -> Option<Tree> {
    Tree::from_str(svg, &OPTIONS).ok()
}
