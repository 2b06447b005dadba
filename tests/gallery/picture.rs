//! Trimming screenshots that a browser took with a window larger than the page.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter},
    path::Path,
};

use png::{Compression, Decoder, Encoder, Transformations};

/// Rows that are kept below the last row with content.
const MARGIN: usize = 12;

/// Cuts off the uniform rows at the bottom.
pub(crate) fn trim(path: &Path) {
    let mut decoder = Decoder::new(BufReader::new(File::open(path).expect("a picture")));
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![
        0;
        reader
            .output_buffer_size()
            .expect("a picture of a bearable size")
    ];

    let info = reader.next_frame(&mut pixels).expect("a whole PNG");
    pixels.truncate(info.buffer_size());
    let last = pixels[pixels.len() - info.line_size..].to_vec();
    let empty = pixels
        .rchunks_exact(info.line_size)
        .take_while(|row| *row == last)
        .count();
    let height = info.height as usize - empty.saturating_sub(MARGIN);

    // Write to a temporary file first, so that a failure leaves no incomplete picture.
    let beside = path.with_extension("part");
    let out = BufWriter::new(File::create(&beside).expect("a picture can be written"));
    let mut encoder = Encoder::new(
        out,
        info.width,
        u32::try_from(height).expect("not more than before"),
    );

    encoder.set_color(info.color_type);
    encoder.set_depth(info.bit_depth);
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header().expect("a picture can be written");
    writer
        .write_image_data(&pixels[..height * info.line_size])
        .expect("a picture can be written");
    writer.finish().expect("a picture can be written");
    fs::rename(beside, path).expect("a picture can be written");
}
