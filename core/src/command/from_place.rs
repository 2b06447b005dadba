//! The answer of an agent: the usual one, with the vantage point in its title.

use std::{sync::Arc, time::Duration};

use netvane_document::{Document, ErasedAnswer};
use serde_json::{Value, value::RawValue};

/// An answer that an agent found.
pub(crate) struct FromPlace {
    vantage: Arc<str>,
    finding: Arc<dyn ErasedAnswer>,
}

impl FromPlace {
    pub(crate) fn new(vantage: &str, finding: Arc<dyn ErasedAnswer>) -> Self {
        Self {
            vantage: vantage.into(),
            finding,
        }
    }
}

/// The title of an answer without the vantage point.
pub(crate) fn plain_title<'a>(title: &'a str, vantage: &str) -> &'a str {
    title
        .strip_suffix(vantage)
        .and_then(|rest| rest.strip_suffix(" from "))
        .unwrap_or(title)
}

impl ErasedAnswer for FromPlace {
    fn data(&self) -> Value {
        self.finding.data()
    }

    fn data_json(&self, limit: usize) -> Option<Box<RawValue>> {
        self.finding.data_json(limit)
    }

    fn data_size(&self) -> usize {
        self.finding.data_size()
    }

    fn present(&self) -> Document {
        let mut document = self.finding.present();
        document.title = format!("{} from {}", document.title, self.vantage);
        document
    }

    fn lifetime(&self) -> Duration {
        self.finding.lifetime()
    }

    fn aged(&self, seconds: u32) -> Arc<dyn ErasedAnswer> {
        Arc::new(Self::new(&self.vantage, self.finding.aged(seconds)))
    }
}
