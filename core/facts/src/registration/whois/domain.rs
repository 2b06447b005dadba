//! Builds the registration of a domain from the entries of a text.

use super::{
    super::{
        Kind, Registration,
        dates::{self, Order},
        values,
    },
    fields::{self, Field},
    lines::{WhoisEntry, entries},
    objects::{Object, objects},
    phrases,
};
use draft::Draft;

mod draft;

/// Top-level domains that write the month first in numeric dates.
const MONTH_FIRST: [&str; 7] = ["tk", "ml", "ga", "cf", "gq", "us", "ph"];
/// Top-level domains that write the day first in numeric dates.
const DAY_FIRST: &str = " ae am ar at au ba be bg bn bo br by ch cl cr cy cz de dk dz ee es eu fi fr gr hk hr hu id ie il in \
    it ke lt lu lv ly ma me mk mt mx my ng nl no nz om pe pl pt qa ro rs ru sa se sg si sk sm th tn tr ua ug uk uy uz ve vn za pf gw mz cv ao tg bj im ";

/// Parses an answer about a domain.
pub(super) fn parse(query: &str, text: &str) -> Registration {
    let query = query.trim().trim_end_matches('.').to_lowercase();
    let tld = query.rsplit('.').next().unwrap_or_default();
    let all = entries(text, tld);
    let Some(all) = queried_part(&all, &query) else {
        return Registration {
            state: phrases::state(text, &query).unwrap_or_default(),
            ..Registration::empty(Kind::Domain)
        };
    };

    let objects = objects(all);
    let mut draft = Draft::new(&query, tld, order(tld, all));

    for entry in all {
        let object = objects
            .get(entry.paragraph)
            .copied()
            .unwrap_or(Object::Domain);
        draft.take(entry, object);
    }

    let has_name = all
        .iter()
        .any(|entry| fields::field(&entry.full) == Some(Field::Name));

    draft.finish(text, has_name)
}

/// The order of day and month: that of the registry, or else as detected from another date of the text.
fn order(tld: &str, all: &[WhoisEntry<'_>]) -> Order {
    if MONTH_FIRST.contains(&tld) {
        Order::MonthFirst
    } else if DAY_FIRST.contains(&format!(" {tld} ")) {
        Order::DayFirst
    } else {
        let is_date = |entry: &&WhoisEntry| {
            matches!(
                fields::field(&entry.full),
                Some(Field::Created | Field::Updated | Field::Expires)
            )
        };
        let mut dates = all.iter().filter(is_date);
        dates
            .find_map(|entry| dates::detect_order(entry.value))
            .unwrap_or_default()
    }
}

/// The part about the queried domain, if the text describes several domains.
///
/// `None` if it describes only the top-level domain, as a referral from IANA does.
fn queried_part<'e, 'a>(all: &'e [WhoisEntry<'a>], query: &str) -> Option<&'e [WhoisEntry<'a>]> {
    let is_name = |entry: &WhoisEntry| {
        let key = matches!(
            entry.full.as_str(),
            "domain name" | "domain" | "server name"
        ) && entry.keyed;
        let word = entry.value.split_whitespace().next().filter(|_| key)?;
        // The object of IANA for the top-level domain, in answers that contain the whole chain of referrals.
        let top =
            entry.full == "domain" && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if top {
            Some(word.to_lowercase())
        } else {
            values::hostname(word)
        }
    };

    let names: Vec<(usize, String)> = all
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| is_name(entry).map(|name| (index, name)))
        .collect();

    if names.iter().all(|(_, name)| name == query) {
        return Some(all);
    }

    let Some(at) = names.iter().position(|(_, name)| name == query) else {
        let top = |name: &String| query.rsplit('.').next() == Some(name) && query.contains('.');
        return (!names.iter().all(|(_, name)| top(name))).then_some(all);
    };
    let start = if at == 0 { 0 } else { names[at].0 };
    let end = names[at..]
        .iter()
        .find(|(_, name)| name != query)
        .map_or(all.len(), |(index, _)| *index);

    all.get(start..end)
}
