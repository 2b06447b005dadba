//! Adds the short form to a reply.

use std::sync::Arc;

use netvane_document::{Reply, ShortForm};

use crate::command::Short;

/// Adds the short form of its command to a reply.
pub(super) fn shorten(reply: Reply, form: Short) -> Reply {
    let document = reply.rendition.document();
    let values = form
        .values(&reply.rendition.finding.data())
        .unwrap_or_else(|| vec![document.summary.clone()]);
    let short = Some(Arc::new(ShortForm::new(values, document)));
    Reply { short, ..reply }
}
