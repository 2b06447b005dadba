//! Monthly editions of a database, which DB-IP names in its URLs.

use std::time::SystemTime;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// Placeholder in URLs for the month, such as `2026-11`.
const MONTH: &str = "{month}";

/// One edition of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edition {
    /// URL of the file.
    pub(super) url: String,
    /// Start of the month of the edition in UTC; `None` if the URL does not contain the month.
    pub(super) published: Option<SystemTime>,
}

/// Returns the editions to try, the newest first: that of this month, which may not be published yet, and the one
/// before. A URL without a month has one edition.
pub(super) fn editions(url: &str, now: Timestamp) -> Vec<Edition> {
    if !url.contains(MONTH) {
        return vec![Edition {
            url: url.to_owned(),
            published: None,
        }];
    }
    let this = first_day(now);
    [Some(this), this.checked_sub(1.month()).ok()]
        .into_iter()
        .flatten()
        .map(|month| Edition {
            url: url.replace(MONTH, &month.strftime("%Y-%m").to_string()),
            published: start_of(month),
        })
        .collect()
}

/// Returns the start of the month in UTC. A file that was modified before is due for an update.
pub(super) fn start_of_month(now: Timestamp) -> Option<SystemTime> {
    start_of(first_day(now))
}

fn first_day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date().first_of_month()
}

fn start_of(day: Date) -> Option<SystemTime> {
    let start = day.to_zoned(TimeZone::UTC).ok()?;
    Some(start.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().expect("a time")
    }

    #[test]
    fn the_previous_month_follows_this_one() {
        for (now, expected) in [
            ("2026-11-30T23:59:59Z", ["2026-11", "2026-10"]),
            ("2026-12-01T00:00:00Z", ["2026-12", "2026-11"]),
            ("2027-01-31T12:00:00Z", ["2027-01", "2026-12"]),
            ("2028-03-31T12:00:00Z", ["2028-03", "2028-02"]),
        ] {
            let tried = editions("https://geo.example/{month}.gz", at(now));
            let urls: Vec<&str> = tried.iter().map(|edition| &*edition.url).collect();
            assert_eq!(
                urls,
                expected.map(|month| format!("https://geo.example/{month}.gz"))
            );
            assert_eq!(tried[0].published, start_of_month(at(now)));
            assert!(tried[1].published < tried[0].published);
        }
    }

    #[test]
    fn a_url_without_a_month_is_tried_once() {
        let tried = editions("https://geo.example/a.gz", at("2026-11-30T00:00:00Z"));
        assert_eq!(tried.len(), 1);
        assert_eq!(tried[0].published, None);
    }
}
