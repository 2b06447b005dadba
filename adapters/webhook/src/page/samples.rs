//! Sample replies on the home page, presented from stored data like every other reply.

use maud::{Markup, html};
use netvane_core::{
    command::Registry,
    document::{Block, Document},
};
use serde_json::Value;

use super::document::document;

/// A sample reply: `data` of a run against the servers of the test lab, with names and addresses for
/// documentation.
struct Sample {
    command: &'static str,
    heading: &'static str,
    caption: &'static str,
    data: &'static str,
    /// Selects the blocks of the reply that are shown.
    shows: fn(&Block) -> bool,
}

const SAMPLES: [Sample; 3] = [
    Sample {
        command: "verify",
        heading: "A verdict with its evidence",
        caption: "verify asks the domain's mail server whether the mailbox exists. It sends no mail and shows every reply.",
        data: include_str!("../../assets/samples/verify.json"),
        shows: |block| matches!(block, Block::Code { .. }),
    },
    Sample {
        command: "howmail",
        heading: "The path of a message",
        caption: "howmail explains each step of a delivery with the servers of both addresses.",
        data: include_str!("../../assets/samples/howmail.json"),
        shows: |block| matches!(block, Block::Path { .. }),
    },
    Sample {
        command: "trace",
        heading: "A route, hop by hop, as it is found",
        caption: "trace shows each hop with its name, network and country as soon as it replies.",
        data: include_str!("../../assets/samples/trace.json"),
        shows: |block| matches!(block, Block::Table { .. }),
    },
];

/// Renders the samples of commands that this registry has.
pub(super) fn samples(registry: &Registry) -> Markup {
    html! {
        section.samples aria-label="Sample replies" {
            @for sample in &SAMPLES {
                @if let Some(reply) = present(registry, sample) {
                    figure {
                        h2 { (sample.heading) }
                        figcaption { (sample.caption) }
                        div.reply { (reply) }
                    }
                }
            }
        }
    }
}

fn present(registry: &Registry, sample: &Sample) -> Option<Markup> {
    let data: Value = serde_json::from_str(sample.data).ok()?;
    let answer = registry.find(sample.command)?.read(data).ok()?;

    let Document {
        title,
        summary,
        severity,
        mut blocks,
        chart,
        ..
    } = answer.present();
    blocks.retain(sample.shows);
    let shown = Document {
        title,
        summary,
        severity,
        blocks,
        warnings: Vec::new(),
        chart,
    };

    Some(document(registry, &shown, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_can_be_read_and_presented() {
        let registry = netvane_core::registry();
        for sample in &SAMPLES {
            assert!(present(&registry, sample).is_some(), "{}", sample.command);
        }
    }
}
