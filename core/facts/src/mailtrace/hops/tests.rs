//! The numbering of hops, also where some are left out, and the time between them.

use std::borrow::Cow;

use super::*;

fn chain(values: &[String]) -> (ReceivedChain, Vec<String>) {
    let fields: Vec<HeaderField<'_>> = values
        .iter()
        .map(|value| HeaderField {
            name: "Received",
            value: Cow::Borrowed(value.as_str()),
        })
        .collect();
    let mut notes = Vec::new();
    (ReceivedChain::read(&fields, &mut notes), notes)
}

fn lines(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| {
            format!("from a ([192.0.2.1]) by b{n}.example with SMTP; 5 Oct 2026 07:00:00 +0000")
        })
        .collect()
}

#[test]
fn the_senders_line_is_the_first() {
    let (chain, notes) = chain(&lines(3));
    let hops = chain.hops(&TrustBoundary::default());
    let shown: Vec<_> = hops
        .iter()
        .map(|hop| (hop.index, hop.by.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            (1, Some("b2.example")),
            (2, Some("b1.example")),
            (3, Some("b0.example"))
        ]
    );
    assert!(notes.is_empty() && chain.cut.is_none());
}

#[test]
fn omits_the_middle_of_a_long_chain() {
    for (count, kept, cut) in [
        (249, 249, None),
        (250, 250, None),
        (251, 250, Some(TOP)),
        (1000, 250, Some(TOP)),
    ] {
        let (chain, notes) = chain(&lines(count));
        assert_eq!(
            (chain.lines.len(), chain.cut, chain.total),
            (kept, cut, count),
            "{count}"
        );
        assert_eq!(chain.index(0), count);
        assert_eq!(chain.index(kept - 1), 1);
        assert_eq!(notes.len(), usize::from(cut.is_some()), "{notes:?}");
    }
    let (chain, notes) = chain(&lines(300));
    assert_eq!((chain.index(199), chain.index(200)), (101, 50));
    assert_eq!(
        notes,
        ["300 Received headers; 50 in the middle were omitted"]
    );
}

#[test]
fn delays_are_counted_between_lines_with_dates() {
    let at = |time: &str| format!("by mx.example with SMTP{time}");
    let (chain, _) = chain(&[
        at("; 5 Oct 2026 07:00:50 +0000"),
        at("; 5 Oct 2026 07:01:00 +0000"),
        at(""),
        at("; 5 Oct 2026 09:00:00 +0200"),
    ]);
    let delays: Vec<_> = chain
        .hops(&TrustBoundary::default())
        .iter()
        .map(|hop| hop.delay_seconds)
        .collect();
    assert_eq!(delays, [None, None, Some(60), Some(-10)]);
}

#[test]
fn computes_no_delay_across_omitted_lines() {
    let (chain, _) = chain(&lines(251));
    let hops = chain.hops(&TrustBoundary::default());
    assert_eq!(hops[BOTTOM].delay_seconds, None);
    assert_eq!(hops[BOTTOM + 1].delay_seconds, Some(0));
    assert_eq!(hops[BOTTOM - 1].delay_seconds, Some(0));
}

#[test]
fn only_received_counts() {
    let fields = ["X-Received", "received", "Received-SPF"].map(|name| HeaderField {
        name,
        value: Cow::Borrowed("by mx.example with SMTP"),
    });
    let chain = ReceivedChain::read(&fields, &mut Vec::new());
    assert_eq!((chain.lines.len(), chain.places.as_slice()), (1, &[1][..]));
}

#[test]
fn a_hop_shows_the_class_of_its_address() {
    let (chain, _) =
        chain(&["from pc (pc.a.example [10.0.0.1]) by mx.a.example with SMTP".to_owned()]);
    let found = TrustBoundary {
        trusted: 1,
        ..TrustBoundary::default()
    };
    let hops = chain.hops(&found);
    assert_eq!(hops[0].scope.as_deref(), Some("private"));
    assert_eq!(hops[0].from_host.as_deref(), Some("pc.a.example"));
    assert_eq!(
        (hops[0].helo.as_deref(), hops[0].trusted),
        (Some("pc"), true)
    );
}
