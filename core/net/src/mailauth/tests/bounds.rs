//! Many signatures cause a bounded number of queries.

use super::{MESSAGE, Signer, results, results::POLICIES, verify, verify_at};
use crate::mailauth::{
    testing::{ZoneEntry, ZoneServer, text_zone},
    *,
};

#[tokio::test]
async fn only_the_first_signatures_are_verified() {
    let signer = Signer::new();
    let good = signer.sign(MESSAGE, &["From", "Subject"]);
    let many = format!("{}{MESSAGE}", good.repeat(4000));
    let server = verify(signer.zone(&POLICIES), &many, "192.0.2.1").await;
    assert_eq!(results(&server), ("pass", vec!["pass"; 20], "pass"));

    // One query for the key is not enough for SPF and DMARC too.
    let budget = crate::EgressBudget::new(100);
    let bounded = budget
        .during(verify(signer.zone(&POLICIES), &many, "192.0.2.1"))
        .await;
    assert!(
        results(&bounded)
            .1
            .iter()
            .all(|result| *result == "temperror")
    );

    // Signatures that were not verified might pass.
    let mut zone = text_zone(&POLICIES);
    zone.insert(
        "s1._domainkey.example.test".into(),
        vec![ZoneEntry::Failing],
    );
    let open = verify(zone, &many, "192.0.2.2").await;
    assert_eq!(results(&open), ("fail", vec!["temperror"; 20], "temperror"));
}

/// A signature of a key of its own, which is not valid.
pub(super) fn signature(selector: usize) -> String {
    format!(
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.test; s=k{selector};\r\n\
         \th=From; bh=5tKXBPsC7UGe6+vKzMzw2pPrlIBFBdOqpHDc/ZkCQ8c=; b=AAAA\r\n"
    )
}

/// An ARC set whose seal and signature have keys of their own.
fn arc_set(instance: usize) -> String {
    format!(
        "ARC-Seal: i={instance}; a=ed25519-sha256; cv=none; d=a.test; s=s{instance}; b=AAAA\r\n\
         ARC-Message-Signature: i={instance}; a=ed25519-sha256; c=relaxed/relaxed; d=a.test; s=m{instance}; h=From;\r\n\
         \tbh=5tKXBPsC7UGe6+vKzMzw2pPrlIBFBdOqpHDc/ZkCQ8c=; b=AAAA\r\n\
         ARC-Authentication-Results: i={instance}; a.test; spf=pass\r\n"
    )
}

#[tokio::test]
async fn many_signatures_cause_a_bounded_number_of_queries() {
    let signatures: String = (0..4000).map(signature).collect();
    let sets: String = (1..=50).map(arc_set).collect();
    let reported = "DKIM-Signature: v=1; r=y; a=ed25519-sha256; d=example.test; s=r; h=From; \
                    bh=5tKXBPsC7UGe6+vKzMzw2pPrlIBFBdOqpHDc/ZkCQ8c=; b=AAAA\r\n";
    for (head, most) in [
        (signatures.clone(), 20),
        // A line of white space continues a field; signatures after it count too.
        (format!("X-A: b\r\n \r\n{signatures}"), 20),
        (
            signatures.replace("DKIM-Signature:", "dkim-signature :"),
            20,
        ),
        (sets.clone(), 32),
        (format!("{signatures}{sets}"), 32),
        // A request for failure reports (RFC 6651) is ignored.
        (reported.to_owned(), 1),
    ] {
        let server = ZoneServer::start(text_zone(&POLICIES)).await;
        let checked = verify_at(
            &server,
            format!("{head}{MESSAGE}").as_bytes(),
            Some("192.0.2.1"),
        )
        .await;
        assert!(checked.dkim.iter().all(|dkim| dkim.result != "pass"));
        let queries = server.queries.load(std::sync::atomic::Ordering::Relaxed);
        // SPF sends one query, DMARC one or two.
        assert!(queries <= most + 3, "{queries} of {most}");
        assert!(checked.dkim.len() <= 20);
    }
}

#[test]
fn verification_out_of_proportion_is_refused() {
    let fields = "X-A: b\r\n".repeat(2000);
    let covered = "x-a:".repeat(2000);
    let signed = |h: &str, count| {
        signature(1)
            .replace("h=From", &format!("h={h}From"))
            .repeat(count)
    };
    for (message, is_parsed) in [
        (format!("{}{fields}{MESSAGE}", signed(&covered, 1)), false),
        (format!("{}{MESSAGE}", signed(&covered, 20)), true),
        (format!("{}{fields}{MESSAGE}", signed("x-a:", 20)), true),
    ] {
        assert_eq!(signatures::parse(message.as_bytes()).is_some(), is_parsed);
    }
}
