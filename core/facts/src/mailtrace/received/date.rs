//! Dates of mail headers: RFC 5322 §3.3 with the obsolete forms of §4.3, and what else servers write.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use super::tokens;
use crate::mailtrace::names;

/// A parsed date and its time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// The moment; absent when the zone is impossible (`+9900`).
    pub at: Option<Timestamp>,
    /// The zone as written. Absent when it is missing or unknown: RFC 5322 §4.3 reads it as UTC.
    pub zone: Option<String>,
}

#[rustfmt::skip]
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Zone names with one meaning, in minutes east of Greenwich; the American ones by RFC 5322 §4.3.
#[rustfmt::skip]
const ZONES: [(&str, i64); 45] = [
    ("z", 0), ("ut", 0), ("utc", 0), ("uct", 0), ("gmt", 0), ("wet", 0), ("west", 60), ("bst", 60), ("cet", 60), ("met", 60),
    ("mez", 60), ("cest", 120), ("mest", 120), ("mesz", 120), ("dst", 120), ("eet", 120), ("eest", 180), ("msk", 180),
    ("msd", 240), ("sast", 120), ("eat", 180), ("jst", 540), ("kst", 540), ("hkt", 480), ("sgt", 480), ("myt", 480),
    ("wib", 420), ("ict", 420), ("awst", 480), ("aest", 600), ("aedt", 660), ("nzst", 720), ("nzdt", 780),
    ("est", -300), ("edt", -240), ("cst", -360), ("cdt", -300), ("mst", -420), ("mdt", -360), ("pst", -480),
    ("pdt", -420), ("akst", -540), ("akdt", -480), ("hst", -600), ("brt", -180),
];

/// Splits a `Received` line at its date: the last semicolon outside comments that is followed by a date. Returns
/// the text before it, and the date as text and, if valid, parsed.
pub(super) fn split(text: &str) -> (&str, Option<(&str, Option<Date>)>) {
    let comments = tokens::closings(text);
    let mut index = comments.len();
    let mut last = None;
    let mut tries = 0;

    for (at, _) in text.rmatch_indices(';') {
        while index > 0 && comments[index - 1].0 > at {
            index -= 1;
        }
        if index > 0 && comments[index - 1].1 > at {
            continue;
        }
        if let Some(date) = parse(&text[at + 1..]) {
            return (&text[..at], Some((&text[at + 1..], Some(date))));
        }
        last = last.or(Some(at));
        tries += 1;
        if tries == 4 {
            break;
        }
    }

    // No semicolon, or a form such as `… id 4711 Wed, 1 Jul 1998 13:17:17 -0400`.
    if let Some((at, date)) = trailing(text) {
        return (&text[..at], Some((&text[at..], Some(date))));
    }

    match last {
        Some(at) => (&text[..at], Some((&text[at + 1..], None))),
        None => (text, None),
    }
}

/// A date at the end of a text without its semicolon, as SendGrid writes it; it must begin with a weekday or be ISO.
fn trailing(text: &str) -> Option<(usize, Date)> {
    let from = text.floor_char_boundary(text.len().saturating_sub(90));
    let is_start = |word: &str| {
        let name = word.trim_end_matches(',').to_ascii_lowercase();
        let iso = word.len() == 10 && word.bytes().filter(|b| *b == b'-').count() == 2;
        DAYS.contains(&name.as_str()) || iso && word.starts_with("20")
    };
    let mut at = from;
    for word in text[from..].split_inclusive(char::is_whitespace) {
        if is_start(word.trim())
            && let Some(date) = parse(&text[at..])
        {
            return Some((at, date));
        }
        at += word.len();
    }
    None
}

/// Reads a date with a time. `None` when it is not one.
pub fn parse(text: &str) -> Option<Date> {
    let text = names::clip(text.trim_start(), 200);
    let comments = tokens::closings(text);
    // Leading comments are skipped: `; (8.12.9/D) Wed, 18 Jun 2003 …`.
    let mut start = 0;
    for &(open, close) in &comments {
        if text[start..open].trim().is_empty() {
            start = close + 1;
        }
    }
    let body = &text[start..];
    let body = &body[..body.find('(').unwrap_or(body.len())];
    let mut reader = DateReader::default();
    for word in body
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|w| !w.is_empty())
        .take(9)
    {
        if !reader.take(word.trim_end_matches([';', '.']))? {
            break;
        }
    }
    reader.finish()
}

#[derive(Default)]
struct DateReader {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<(i8, i8, i8)>,
    afternoon: Option<bool>,
    zone: Option<(String, Option<i64>)>,
}

impl DateReader {
    /// Takes one word. `Some(false)` ends the date, `None` means that this is not a date.
    fn take(&mut self, word: &str) -> Option<bool> {
        let lower = word.to_ascii_lowercase();
        if self.time.is_some() && self.zone.is_none() && self.take_zone(word, &lower) {
            return Some(true);
        }

        if let Some(month) = month(&lower) {
            return self.month.replace(month).is_none().then_some(true);
        }

        if lower.bytes().all(|b| b.is_ascii_digit()) {
            return self.number(&lower);
        }

        if is_weekday(&lower) && self.day.is_none() {
            return Some(true);
        }

        if matches!(lower.as_str(), "am" | "pm") && self.time.is_some() {
            self.afternoon = Some(lower == "pm");
            return Some(true);
        }

        // ISO 8601: `2003-01-02T16:43:36Z`
        if let Some((date, time)) = lower.split_once('t')
            && self.day.is_none()
            && date.len() == 10
        {
            self.date(date)?;
            return self.clock(time);
        }

        if lower.contains(':') && self.time.is_none() {
            return self.clock(&lower);
        }

        if self.day.is_none() && lower.contains(['-', '/']) {
            return self.date(&lower).map(|()| true);
        }

        // Complete, and something else follows: Go's `m=+0.5`, `id …`.
        (self.time.is_some() && self.day.is_some() && self.month.is_some() && self.year.is_some())
            .then_some(false)
    }

    fn take_zone(&mut self, word: &str, lower: &str) -> bool {
        if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == lower) {
            self.zone = Some((word.to_ascii_uppercase(), Some(*minutes)));
            return true;
        }
        let rest = ["gmt", "utc"]
            .iter()
            .find_map(|p| lower.strip_prefix(p))
            .unwrap_or(lower);
        let Some(offset) = offset(rest) else {
            return false;
        };
        self.zone = Some((word.to_owned(), offset));
        true
    }

    fn number(&mut self, digits: &str) -> Option<bool> {
        let value: i16 = digits.parse().ok()?;
        if self.day.is_none() && digits.len() <= 2 {
            self.day = Some(i8::try_from(value).ok()?);
        } else if self.year.is_none() {
            self.year = Some(year(digits, value)?);
        } else {
            return self.time.is_some().then_some(false);
        }
        Some(true)
    }

    /// Reads a date such as `2003-01-02`, `2003/01/02` or `02-Jan-2003`.
    fn date(&mut self, text: &str) -> Option<()> {
        let mut parts = text.split(['-', '/']);
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (year_text, day) = if a.len() == 4 { (a, c) } else { (c, a) };
        self.month = match month(b) {
            Some(month) => Some(month),
            // All-numeric dates only with the year first: day and month are ambiguous otherwise.
            None if a.len() == 4 => Some(b.parse().ok()?),
            None => return None,
        };
        self.day = Some(day.parse().ok()?);
        self.year = Some(year(year_text, year_text.parse().ok()?)?);
        Some(())
    }

    /// `16:43`, `16:43:36`, `16:43:36.5`, `16:43:36Z`, `16:43:36+02:00`.
    fn clock(&mut self, text: &str) -> Option<bool> {
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || c == ':'))
            .unwrap_or(text.len());
        let (clock, mut rest) = text.split_at(end);
        let mut parts = clock.split(':');
        let hour: i8 = parts.next()?.parse().ok()?;
        let minute: i8 = parts.next()?.parse().ok()?;
        let second: i8 = parts.next().map_or(Some(0), |s| s.parse().ok())?;
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        if !rest.is_empty() && !self.take_zone(rest, rest) {
            return None;
        }
        // RFC 5322 allows :60 for a leap second; jiff counts as POSIX does.
        self.time = Some((hour, minute, second.min(59)));
        (second <= 60).then_some(true)
    }

    fn finish(self) -> Option<Date> {
        let (mut hour, minute, second) = self.time?;

        match self.afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }

        let local =
            civil::DateTime::new(self.year?, self.month?, self.day?, hour, minute, second, 0)
                .ok()?;
        let local = local.to_zoned(TimeZone::UTC).ok()?.timestamp();

        Some(match self.zone {
            None => Date {
                at: Some(local),
                zone: None,
            },
            Some((_, None)) => Date {
                at: None,
                zone: None,
            },
            Some((name, Some(minutes))) => Date {
                at: local.checked_sub(SignedDuration::from_mins(minutes)).ok(),
                zone: Some(name),
            },
        })
    }
}

fn month(word: &str) -> Option<i8> {
    let word = word.to_ascii_lowercase();
    let index = MONTHS.iter().position(|m| word.starts_with(m))?;
    let full = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let known = word.len() == 3 || full[index] == word || word == "sept";
    known.then_some(index as i8 + 1)
}

fn is_weekday(word: &str) -> bool {
    const FULL: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    word.len() >= 3 && FULL.iter().any(|day| day.starts_with(word))
}

/// Completes years of two and three digits by RFC 5322 §4.3. Rejects years before 1970.
fn year(digits: &str, value: i16) -> Option<i16> {
    let year = match digits.len() {
        4 => value,
        3 => value.checked_add(1900)?,
        2 if value < 50 => 2000 + value,
        2 => 1900 + value,
        _ => return None,
    };
    (1970..=9998).contains(&year).then_some(year)
}

/// `+0200`, `-700`, `+02:00`, `+2`. The inner `None`: an offset in form, but out of range.
fn offset(text: &str) -> Option<Option<i64>> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        3 => digits.split_at(1),
        _ => digits.split_at(2),
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(
        (hours <= 14 && minutes < 60 && digits.len() <= 4).then_some(sign * (hours * 60 + minutes)),
    )
}

#[cfg(test)]
mod tests;
