//! The document of `http`.

use netvane_document::{Answer, Cell, Document, Role, Severity, duration};
use netvane_facts::target::name_warning;

use super::{
    Data,
    data::{StepData, TimingsData, is_https},
    sentences::status_line,
    waterfall,
};
use crate::commands::reach::tls::{add_problems, problems::Weight};

/// Headers that are shown, if the answer has them; the data has all.
const IMPORTANT: [(&str, &str); 9] = [
    ("server", "Server"),
    ("content-type", "Content-Type"),
    ("content-encoding", "Content-Encoding"),
    ("cache-control", "Cache-Control"),
    ("age", "Age"),
    ("via", "Via"),
    ("location", "Location"),
    ("content-security-policy", "Content-Security-Policy"),
    ("retry-after", "Retry-After"),
];

/// Longest header value in a document, in characters.
const MAX_VALUE: usize = 100;

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("HTTP {}", self.url);
        let mut document = Document::new(title, self.summary(), self.severity());

        add_problems(&mut document, &self.problems);
        if let Some(title) = &self.title {
            document.field("Title", title.clone());
        }
        if self.final_url != self.url && self.status.is_some() {
            document.field("Final URL", Cell::exact(&self.final_url));
        }
        self.add_steps(&mut document);
        document.draw(waterfall::chart(&self.steps));
        self.add_answer(&mut document);
        self.add_tls(&mut document);

        for problem in self
            .problems
            .iter()
            .filter(|one| one.severity == Weight::Info)
        {
            document.note(problem.text.clone());
        }
        if let Some(warning) = url::Url::parse(&self.url)
            .ok()
            .and_then(|url| url.host_str().and_then(name_warning))
        {
            document.warn(warning);
        }
        document
    }
}

impl Data {
    fn summary(&self) -> String {
        let redirects = self
            .steps
            .iter()
            .filter(|step| step.location.is_some())
            .count();
        let plural = if redirects == 1 { "" } else { "s" };

        let Some(status) = self.status else {
            return match &self.reason {
                Some(reason) => {
                    let mut chars = reason.chars();
                    let first = chars.next().map(|c| c.to_uppercase().to_string());
                    format!("{}{}", first.unwrap_or_default(), chars.as_str())
                }
                None => format!("{redirects} redirect{plural} so far"),
            };
        };

        let mut summary = status_line(status);
        if let Some(version) = &self.version {
            summary.push_str(&format!(", {version}"));
        }
        let total: f64 = self.steps.iter().map(|step| step.timings_ms.total).sum();
        summary.push_str(&format!(", {total:.0} ms"));
        if redirects > 0 {
            summary.push_str(&format!(", {redirects} redirect{plural}"));
        }
        if let Some(reason) = &self.reason {
            return format!("{summary}: {reason}");
        }
        let first = self
            .problems
            .iter()
            .find(|one| one.severity == Weight::Error);
        if self.problems.iter().any(|one| one.code == "no_location") && first.is_none() {
            return format!("{summary}: a redirect without a Location header");
        }
        match (self.tls.as_deref(), first) {
            (Some(tls), Some(_)) if tls.severity() == Severity::Bad => {
                format!("{summary}; certificate: {}", tls.summary())
            }
            // What the user expects does not hold: without it, the sentence would read like success.
            (_, Some(first)) if matches!(&*first.code, "unexpected_status" | "text_missing") => {
                format!("{summary}. {}", first.text.trim_end_matches('.'))
            }
            _ => summary,
        }
    }

    fn add_steps(&self, document: &mut Document) {
        let rows = self
            .steps
            .iter()
            .map(|step| {
                let TimingsData {
                    dns,
                    connect,
                    tls,
                    first_byte,
                    total,
                } = step.timings_ms;
                let ms =
                    |time: Option<f64>| time.map(|time| format!("{time:.1}")).unwrap_or_default();
                [
                    Cell::exact(&step.url),
                    step.status_cell(),
                    ms(dns).into(),
                    ms(connect).into(),
                    ms(tls).into(),
                    ms(first_byte).into(),
                    ms(Some(total)).into(),
                ]
            })
            .collect();
        document.table(
            [
                "URL",
                ">Status",
                ">DNS",
                ">Connect",
                ">TLS",
                ">First byte",
                ">Total ms",
            ],
            rows,
        );
    }

    fn add_answer(&self, document: &mut Document) {
        if self.status.is_none() {
            return;
        }
        for (name, label) in IMPORTANT {
            if let Some(value) = self.header(name) {
                let mut shown: String = value.chars().take(MAX_VALUE).collect();
                if shown.len() < value.len() {
                    shown.push('…');
                }
                document.field(label, Cell::exact(shown));
            }
        }
        if let Some(hsts) = &self.hsts {
            let mut text = duration::rounded(hsts.max_age);
            if hsts.include_subdomains {
                text.push_str(", with subdomains");
            }
            if hsts.preload {
                text.push_str(", preload");
            }
            document.field("HSTS", text);
        } else if is_https(&self.final_url) {
            document.field("HSTS", Cell::aside("none"));
        }
        if self.bytes > 0 {
            let more = if self.truncated {
                ", the rest was not read"
            } else {
                ""
            };
            document.field("Body", format!("{} bytes{more}", self.bytes));
        }
        if let Some(address) = self.address {
            document.field("Address", Cell::new(address, Role::Address));
        }
    }

    fn add_tls(&self, document: &mut Document) {
        let Some(tls) = self.tls.as_deref() else {
            return;
        };
        let role = match tls.severity() {
            Severity::Good | Severity::Neutral => Role::Good,
            Severity::Warning => Role::Warning,
            Severity::Bad => Role::Bad,
        };
        document.field("Certificate", Cell::new(tls.summary(), role));
        if let Some(connection) = tls.connection() {
            document.field("TLS", connection);
        }
    }
}

impl StepData {
    fn status_cell(&self) -> Cell {
        match self.status {
            Some(status) => {
                let role = match status {
                    500.. => Role::Bad,
                    400.. => Role::Warning,
                    _ => Role::Plain,
                };
                Cell::new(status, role)
            }
            None => Cell::new("none", Role::Bad),
        }
    }
}
