//! Parses dates as registries write them and converts them to RFC 3339 in UTC.
//!
//! A time without a zone is UTC. An unknown word, a month without a day, or an ambiguous order of day and month makes
//! the whole value unknown.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

/// Order of an all-numeric date that does not start with the year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Unknown order: `01/02/2024` is ambiguous, `31/12/2024` and `01.02.2024` are not.
    #[default]
    Unknown,
    /// Day, month, year, as in Europe.
    DayFirst,
    /// Month, day, year, as in the USA.
    MonthFirst,
}

#[rustfmt::skip]
const MONTHS: [&str; 12] = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Words in a date that do not change its meaning.
const NOISE: [&str; 9] = ["on", "at", "of", "the", "st", "nd", "rd", "th", "time"];
/// Names of time zones, with their offset in minutes east of UTC. Without ambiguous ones (IST, CST).
#[rustfmt::skip]
const ZONES: [(&str, i32); 40] = [
    ("z", 0), ("utc", 0), ("gmt", 0), ("ut", 0), ("wet", 0), ("west", 60), ("bst", 60), ("cet", 60), ("met", 60),
    ("cest", 120), ("mest", 120), ("eet", 120), ("eest", 180), ("msk", 180), ("msd", 240), ("sast", 120), ("eat", 180),
    ("wat", 60), ("cat", 120), ("jst", 540), ("kst", 540), ("hkt", 480), ("sgt", 480), ("myt", 480), ("wib", 420),
    ("ict", 420), ("aest", 600), ("aedt", 660), ("acst", 570), ("nzst", 720), ("nzdt", 780), ("est", -300),
    ("edt", -240), ("mst", -420), ("mdt", -360), ("pst", -480), ("pdt", -420), ("brt", -180), ("clt", -240),
    ("clst", -180),
];
/// Longest text that is read, in characters; real dates are far shorter.
const MAX: usize = 80;

/// Parses one date; `None` if the text is not a date or is ambiguous.
pub(super) fn parse(value: &str, order: Order) -> Option<String> {
    let text: String = value
        .trim()
        .chars()
        .take(MAX)
        .collect::<String>()
        .to_ascii_lowercase();

    // Fast path for the format that most registries use.
    if text.len() >= 19
        && let Ok(at) = text.to_ascii_uppercase().parse::<Timestamp>()
    {
        return finish(at);
    }

    // `HANDLE 20020131030405`: nothing else has fourteen digits.
    let stamp = text
        .rsplit(' ')
        .next()
        .filter(|last| last.len() == 14 && last.bytes().all(|b| b.is_ascii_digit()));
    let mut parser = DateParser {
        order,
        ..DateParser::default()
    };
    for word in words(stamp.unwrap_or(&text)) {
        parser.take(&word)?;
    }

    parser.finish()
}

/// Detects the order of a numeric date from a number above twelve.
pub(super) fn detect_order(value: &str) -> Option<Order> {
    let date = value.split_whitespace().next()?;
    let mut parts = date.split(['/', '-', '.']).map(str::parse::<u32>);
    let (first, second) = (parts.next()?.ok()?, parts.next()?.ok()?);
    match (first, second) {
        (13..=31, 1..=12) => Some(Order::DayFirst),
        (1..=12, 13..=31) => Some(Order::MonthFirst),
        _ => None,
    }
}

/// Formats a time with a plausible year, because registries use 0001 and 9999 for "none".
fn finish(at: Timestamp) -> Option<String> {
    let year = at.to_zoned(TimeZone::UTC).year();
    (1970..=2200).contains(&year).then(|| at.to_string())
}

/// Splits into words, without anything after `#` and without mail addresses.
fn words(text: &str) -> Vec<String> {
    let text = text.split('#').next().unwrap_or_default();
    let spaced = text.replace(['(', ')', ',', '[', ']', ';'], " ");
    spaced
        .split_whitespace()
        .filter(|w| !w.contains('@'))
        .map(|w| w.trim_end_matches('.').to_owned())
        .collect()
}

#[derive(Default)]
struct DateParser {
    order: Order,
    /// Numbers that may be year, month or day, with their number of digits.
    numbers: Vec<(u32, usize)>,
    separator: Option<char>,
    month: Option<u32>,
    date: Option<(i32, u32, u32)>,
    time: Option<(i8, i8, i8, i32)>,
    afternoon: Option<bool>,
    offset: Option<i32>,
    /// Whether an unknown time zone followed the time.
    unknown_zone: bool,
}

impl DateParser {
    fn take(&mut self, word: &str) -> Option<()> {
        if word.is_empty()
            || word == "-"
            || NOISE.contains(&word)
            || word.starts_with("yyyy")
            || is_weekday(word)
        {
            return Some(());
        }

        if matches!(word, "am" | "pm") {
            self.afternoon = Some(word == "pm");
            return Some(());
        }

        if let Some(month) = month(word) {
            return self.month.replace(month).is_none().then_some(());
        }

        if self.time.is_some() || self.date.is_some() {
            if let Some(offset) = offset(word) {
                self.offset = Some(offset);
                return Some(());
            }
            if self.time.is_some()
                && (2..=5).contains(&word.len())
                && word.bytes().all(|b| b.is_ascii_alphabetic())
            {
                self.unknown_zone = true;
                return Some(());
            }
        }

        // `2024-01-02t03:04:05+01` and `2024-01-02:03:04:05`
        if word.len() > 11
            && let Some((date, time)) = word.split_at_checked(10)
            && date
                .as_bytes()
                .iter()
                .filter(|b| matches!(b, b'-' | b'/' | b'.'))
                .count()
                == 2
            && (time.starts_with('t') || time.starts_with(':'))
        {
            self.date_word(date)?;
            return self.time_word(&time[1..]);
        }

        if word.contains(':') {
            return self.time_word(word);
        }

        self.date_word(word)
    }

    fn date_word(&mut self, word: &str) -> Option<()> {
        if word.bytes().all(|b| b.is_ascii_digit()) {
            return self.number(word, None);
        }
        // `30th`
        if let Some(day) = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|end| word.strip_suffix(end))
            && !day.is_empty()
            && day.bytes().all(|b| b.is_ascii_digit())
        {
            return self.number(day, None);
        }
        let separator = word.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
        for part in word.split(separator) {
            match month(part) {
                Some(month) if self.month.is_none() => self.month = Some(month),
                _ => self.number(part, Some(separator))?,
            }
        }
        Some(())
    }

    fn number(&mut self, digits: &str, separator: Option<char>) -> Option<()> {
        if self.date.is_some() || digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }

        let part =
            |range: std::ops::Range<usize>| digits.get(range).and_then(|d| d.parse::<u32>().ok());

        match digits.len() {
            // 20240102 and 20240102030405
            8 | 14 if self.numbers.is_empty() => {
                self.date = Some((part(0..4)? as i32, part(4..6)?, part(6..8)?));
                if digits.len() == 14 {
                    self.time = Some((
                        part(8..10)? as i8,
                        part(10..12)? as i8,
                        part(12..14)? as i8,
                        0,
                    ));
                }
            }
            1 | 2 | 4 if self.numbers.len() < 3 => {
                self.numbers.push((digits.parse().ok()?, digits.len()));
                self.separator = separator.or(self.separator);
            }
            _ => return None,
        }

        Some(())
    }

    fn time_word(&mut self, word: &str) -> Option<()> {
        let zone = word.find(['+', '-', 'z']);
        if let Some(at) = zone {
            self.offset = Some(offset(word.get(at..)?)?);
        }
        let clock = word.get(..zone.unwrap_or(word.len()))?;
        let mut parts = clock.split(':');
        let hour: i8 = parts.next()?.parse().ok()?;
        let minute: i8 = parts.next()?.parse().ok()?;
        let (second, fraction) = match parts.next() {
            None => (0, 0),
            Some(text) => {
                let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
                let nanos: String = rest.chars().chain("000000000".chars()).take(9).collect();
                (whole.parse().ok()?, nanos.parse().ok()?)
            }
        };
        if self.time.is_some() || parts.next().is_some() {
            return None;
        }
        self.time = Some((hour, minute, second, fraction));
        Some(())
    }

    /// Decides which numbers are year, month and day.
    fn assign_numbers(&self) -> Option<(i32, u32, u32)> {
        if let Some(date) = self.date {
            return (self.numbers.is_empty() && self.month.is_none()).then_some(date);
        }

        let year = |(value, digits): (u32, usize)| match digits {
            4 => Some(value as i32),
            // Two digits only with the name of a month, because nothing else can be the year then.
            2 if self.month.is_some() => Some(if value < 70 { 2000 } else { 1900 } + value as i32),
            _ => None,
        };

        match (self.month, self.numbers.as_slice()) {
            (Some(month), &[a, b]) if a.1 == 4 => Some((year(a)?, month, b.0)),
            (Some(month), &[a, b]) => Some((year(b)?, month, a.0)),
            (None, &[a, b, c]) if a.1 == 4 => Some((year(a)?, b.0, c.0)),
            (None, &[a, b, c]) if c.1 == 4 => {
                let day_first = match self.order {
                    _ if a.0 > 12 => true,
                    _ if b.0 > 12 => false,
                    Order::DayFirst => true,
                    Order::MonthFirst => false,
                    Order::Unknown if self.separator == Some('.') || a.0 == b.0 => true,
                    Order::Unknown => return None,
                };
                let (day, month) = if day_first { (a.0, b.0) } else { (b.0, a.0) };
                Some((year(c)?, month, day))
            }
            _ => None,
        }
    }

    fn finish(self) -> Option<String> {
        let (year, month, day) = self.assign_numbers()?;
        let (mut hour, minute, second, nanos) = self.time.unwrap_or_default();
        match self.afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => {}
        }
        let year = i16::try_from(year).ok()?;
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        let local =
            civil::DateTime::new(year, month, day, hour, minute, second.min(59), nanos).ok()?;
        let at = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
        finish(
            at.checked_sub(SignedDuration::from_mins(self.offset.unwrap_or(0).into()))
                .ok()?,
        )
    }
}

fn is_weekday(word: &str) -> bool {
    word.len() >= 3 && WEEKDAYS.iter().any(|day| day.starts_with(word))
}

fn month(word: &str) -> Option<u32> {
    let found = MONTHS.iter().position(|m| {
        word.len() >= 3 && m.starts_with(word) || word == "sept" && *m == "september"
    });
    found.map(|index| index as u32 + 1)
}

/// Parses an offset in minutes east of UTC: `+03:00`, `-0500`, `+02`, `z`, `utc+8`, `gmt+0:00`, `jst`.
fn offset(word: &str) -> Option<i32> {
    if let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == word) {
        return Some(*minutes);
    }
    let rest = word
        .strip_prefix("utc")
        .or_else(|| word.strip_prefix("gmt"))
        .unwrap_or(word);
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &rest[1..];
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes))
        .then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests;
