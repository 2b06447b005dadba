//! Splits an answer about addresses or AS numbers into objects: paragraphs of keys and values, and one-line forms.

use super::{
    super::{
        lines::{bounded, canonical, key_value},
        ranges::{self, Range},
    },
    AS, BLOCK,
};

/// Largest numbers of lines and objects that are read.
const MAX_LINES: usize = 20_000;
const MAX_OBJECTS: usize = 2_000;

/// One object with its keys and values in order.
#[derive(Default)]
pub(super) struct Object<'a> {
    pub pairs: Vec<(String, &'a str)>,
    /// The address range of a block or a route.
    pub range: Option<Range>,
}

impl<'a> Object<'a> {
    pub(super) fn first(&self) -> &str {
        self.pairs.first().map_or("", |(key, _)| key.as_str())
    }

    pub(super) fn is(&self, keys: &[&str]) -> bool {
        keys.contains(&self.first())
    }

    pub(super) fn all<'s>(&'s self, keys: &'s [&str]) -> impl Iterator<Item = &'a str> + 's {
        self.pairs
            .iter()
            .filter(|(key, _)| keys.contains(&key.as_str()))
            .map(|(_, value)| *value)
    }

    /// The first value that `read` accepts, trying `keys` in order.
    pub(super) fn find<T>(&self, keys: &[&str], read: impl Fn(&str) -> Option<T>) -> Option<T> {
        keys.iter().find_map(|key| self.all(&[key]).find_map(&read))
    }
}

/// Splits a text into objects: at blank lines, and where a new block starts without one.
pub(super) fn read(text: &str) -> Vec<Object<'_>> {
    let mut objects: Vec<Object<'_>> = Vec::new();
    let mut open = false;

    for line in text.lines().take(MAX_LINES).map(bounded) {
        let trimmed = line.trim();

        if trimmed.is_empty() || trimmed.starts_with(['%', '#']) {
            open &= trimmed.starts_with('%');
            continue;
        }

        // Continuation lines are not needed, because names are on the first line.
        let Some((key, value, rwhois)) = pair(trimmed) else {
            continue;
        };

        // LACNIC has the AS of a block inside the object of the block.
        let inside = objects.last().is_some_and(|object| object.is(&BLOCK));

        // In rwhois, the block may come after its name: the class starts an object.
        if rwhois
            && open
            && !inside
            && BLOCK.contains(&key.as_str())
            && let Some(object) = objects.last_mut()
        {
            object.pairs.insert(0, (key, value));
            continue;
        }

        // A block is named twice in rwhois: `IP-Network` and `IP-Network-Block`.
        let is_again = |object: &Object| object.is(&BLOCK) && object.first() != key;
        let is_block = BLOCK.contains(&key.as_str())
            && !(rwhois && open && objects.last().is_some_and(is_again));

        let begins = rwhois && key == "class name"
            || is_block
            || key == "orgname"
            || key == "custname"
            || AS.contains(&key.as_str()) && !inside;

        if !open || begins && !repeats(&objects, &key) {
            if objects.len() >= MAX_OBJECTS {
                break;
            }
            let heading = heading(&mut objects, open && begins);
            objects.push(Object {
                pairs: [vec![(key, value)], heading].concat(),
                range: None,
            });
        } else if let Some(object) = objects.last_mut() {
            object.pairs.push((key, value));
        }

        open = true;
    }

    objects
}

/// The key and the value of a line, and whether it is one of rwhois (`network:Org-Name;I:Example`).
fn pair(line: &str) -> Option<(String, &str, bool)> {
    let rwhois = line
        .strip_prefix("network:")
        .filter(|rest| !rest.starts_with(' '));
    let found = match rwhois {
        Some(rest) => rest.split_once(':').map(rwhois_pair),
        None => key_value(line),
    };
    found.map(|(key, value)| (key, value, rwhois.is_some()))
}

/// Whether a key is that of the open object: national registries repeat the data in their own language, with the range
/// after the class.
fn repeats(objects: &[Object<'_>], key: &str) -> bool {
    objects.last().is_some_and(|object| {
        object.is(&["network number", "ipv4 address", "ipv6 address"]) && object.first() == key
    })
}

/// Removes the last object if it is only a heading of the next one, which may have its name. Returns its data.
fn heading<'a>(objects: &mut Vec<Object<'a>>, begins: bool) -> Vec<(String, &'a str)> {
    let is_heading =
        |last: &mut Object<'a>| begins && !last.is(&BLOCK) && !last.is(&AS) && last.pairs.len() < 3;
    objects
        .pop_if(is_heading)
        .map(|object| object.pairs)
        .unwrap_or_default()
}

fn rwhois_pair<'a>((key, value): (&str, &'a str)) -> (String, &'a str) {
    let key = canonical(key.split(';').next().unwrap_or_default());
    let key = match key.as_str() {
        "network name" => "netname",
        "org name" | "organization" => "owner",
        "ip network" => "ip network",
        other => other,
    };
    (key.to_owned(), value.trim())
}

/// Parses the one-line form of ARIN: `Example Inc. EXAMPLE-NET (NET-192-0-2-0-1) 192.0.2.0 - 192.0.2.255`.
pub(super) fn summaries(text: &str) -> Vec<Object<'_>> {
    let read = |line| -> Option<Object<'_>> {
        let (before, rest) = bounded(line).split_once(" (NET")?;
        let (_, range) = rest.split_once(')')?;
        ranges::parse(range)?;
        let (owner, name) = before
            .trim()
            .rsplit_once(' ')
            .unwrap_or(("", before.trim()));
        let pairs = [
            ("netrange", range.trim()),
            ("netname", name),
            ("owner", owner.trim()),
        ];
        Some(Object {
            pairs: pairs.map(|(key, value)| (key.to_owned(), value)).to_vec(),
            range: None,
        })
    };

    text.lines()
        .take(MAX_LINES)
        .filter_map(read)
        .take(MAX_OBJECTS)
        .collect()
}

#[cfg(test)]
mod tests;
