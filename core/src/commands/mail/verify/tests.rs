mod reasons;
mod results;

use super::*;

fn report(reason: Reason) -> Report {
    let mailbox = mailbox::parse("ada@example.test").expect("an address");
    Report {
        exchange: Some("mx.test".into()),
        ..Report::unprobed(&mailbox, reason)
    }
}
