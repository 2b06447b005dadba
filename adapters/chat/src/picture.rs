//! Images of replies, drawn off the async threads.

use std::time::Duration;

use netvane_core::{
    document::{
        Document,
        render::{png_of_svg, svg},
    },
    net::offload,
};

/// Longest wait for an image; without one, a reply is complete too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Draws the image of a document as PNG; `None` if it has none, or the machine is too busy to draw it.
pub async fn draw(document: &Document) -> Option<Vec<u8>> {
    // Writing the SVG takes little time. What drawing it takes does not depend on its size in bytes.
    let svg = svg(document)?;
    let drawn = offload::run(usize::MAX, move || png_of_svg(&svg));
    tokio::time::timeout(PATIENCE, drawn).await.ok()?.ok()?
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use netvane_core::document::{Block, Severity, Station, render::png};

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn the_thread_is_free_while_the_image_is_drawn() {
        let station = Station {
            title: "Mail server".into(),
            name: "mx.example.com".into(),
            via: String::new(),
            severity: Severity::Good,
        };
        let mut document = Document::new("Path", "", Severity::Good);
        document.block(Block::Path {
            stations: vec![station; 6],
        });

        let started = Instant::now();
        let mut free = Duration::MAX;
        let (image, ()) = tokio::join!(draw(&document), async {
            tokio::task::yield_now().await;
            free = started.elapsed();
        });
        let whole = started.elapsed();
        assert!(free < whole, "{free:?} of {whole:?}");
        assert_eq!(image, png(&document), "the same image");
        assert_eq!(draw(&Document::default()).await, None);
    }
}
