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

        // rwhois: `network:Org-Name;I:Example`
        let (trimmed, rwhois) = match trimmed.strip_prefix("network:") {
            Some(rest) if !rest.starts_with(' ') => (rest, true),
            _ => (trimmed, false),
        };
        let pair = if rwhois {
            trimmed.split_once(':').map(rwhois_pair)
        } else {
            key_value(trimmed)
        };

        // Continuation lines are not needed, because names are on the first line.
        let Some((key, value)) = pair else { continue };

        // LACNIC has the AS of a block inside the object of the block.
        let inside = objects.last().is_some_and(|object| object.is(&BLOCK));
        // In rwhois, the block may come after its name: the class starts an object.
        if rwhois && open && BLOCK.contains(&key.as_str()) && !inside {
            if let Some(object) = objects.last_mut() {
                object.pairs.insert(0, (key, value));
                continue;
            }
        }

        let begins = rwhois && key == "class name"
            || BLOCK.contains(&key.as_str())
            || key == "orgname"
            || key == "custname"
            || AS.contains(&key.as_str()) && !inside;

        // National registries repeat the data in their own language, with the range after the class.
        let inner = objects
            .last()
            .is_some_and(|object| object.is(&["network number", "ipv4 address", "ipv6 address"]));

        if !open || begins && !(inner && key == objects.last().map_or("", |object| object.first()))
        {
            let heading = objects.last().is_some_and(|last| {
                open && !last.is(&BLOCK) && !last.is(&AS) && last.pairs.len() < 3
            });
            // Its name may be in the heading.
            let before = objects.pop_if(|_| heading && begins);
            if objects.len() >= MAX_OBJECTS {
                break;
            }
            objects.push(Object::default());
            if let Some(object) = objects.last_mut() {
                object.pairs.push((key, value));
                object
                    .pairs
                    .extend(before.into_iter().flat_map(|object| object.pairs));
            }
        } else if let Some(object) = objects.last_mut() {
            object.pairs.push((key, value));
        }

        open = true;
    }

    objects
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
