//! The maintained lists, and those that the settings name.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::LazyLock};

use netvane_facts::target::Domain;
use serde::Deserialize;

use super::TargetKind;
use crate::settings;

static DATA: &str = include_str!("../../../config/data/blocklists.toml");

/// Maximum number of queries that are sent to a list of the operator in a day.
const OWN_LIST_DAILY: u32 = 100_000;
/// Maximum number of lists in use.
const MAX_LISTS: usize = 100;

/// A DNS blocklist and how it is queried (RFC 5782).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    id: String,
    pub(super) name: String,
    /// Zone that anyone may query.
    pub(super) zone: String,
    #[serde(default)]
    keyed_zone: Option<String>,
    /// What can be looked up; empty if unknown.
    pub(super) targets: Vec<TargetKind>,
    #[serde(default)]
    key: KeyNeed,
    /// Maximum number of queries in a day.
    pub(super) daily: u32,
    /// The operator's terms of use.
    #[serde(default)]
    policy: Option<String>,
    #[serde(default)]
    removal: Option<String>,
    /// Answers that mean that the resolver may not query.
    #[serde(default)]
    pub(super) refused: Vec<Ipv4Addr>,
    /// Name of a domain that is always listed; `test` if absent.
    #[serde(default)]
    pub(super) listed: Option<String>,
    /// Name of a domain that is never listed; `invalid` if absent.
    #[serde(default)]
    pub(super) clean: Option<String>,
    /// Only registered domains are listed.
    #[serde(default)]
    pub(super) registered: bool,
    /// Codes are bits of the last octet.
    #[serde(default)]
    bits: bool,
    #[serde(default)]
    codes: BTreeMap<String, String>,
    /// The zone that is queried, with the key if there is one. Secret: never shown.
    #[serde(skip)]
    pub(super) query_zone: String,
}

/// Whether a list needs a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyNeed {
    #[default]
    None,
    Optional,
    Required,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    list: Vec<List>,
}

/// The lists of the catalog that are maintained today.
static MAINTAINED: LazyLock<Vec<List>> = LazyLock::new(|| {
    let catalog: Catalog =
        toml::from_str(DATA).unwrap_or_else(|error| panic!("config/data/blocklists.toml: {error}"));
    catalog.list
});

impl List {
    /// A list that the operator names, of which only the zone is known.
    fn own(zone: &str) -> Self {
        Self {
            id: zone.to_owned(),
            name: zone.to_owned(),
            zone: zone.to_owned(),
            keyed_zone: None,
            targets: Vec::new(),
            key: KeyNeed::None,
            daily: OWN_LIST_DAILY,
            policy: None,
            removal: None,
            refused: Vec::new(),
            listed: None,
            clean: None,
            registered: false,
            bits: false,
            codes: BTreeMap::new(),
            query_zone: zone.to_owned(),
        }
    }

    fn is_called(&self, name: &str) -> bool {
        self.id == name || self.zone == name
    }

    /// Page about a listing of this target, or the list's terms.
    pub(super) fn page(&self, target: &str) -> Option<String> {
        let page = self.removal.as_ref().or(self.policy.as_ref())?;
        Some(page.replace("{target}", target))
    }

    /// The list's terms of use.
    pub(super) fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// What a code means; `None` if it is not known.
    pub(super) fn meaning(&self, code: Ipv4Addr) -> Option<String> {
        if !self.bits {
            return self.codes.get(&code.to_string()).cloned();
        }
        let [.., last] = code.octets();
        let meanings: Vec<&str> = (0..8)
            .map(|bit| 1_u8 << bit)
            .filter(|bit| last & bit != 0)
            .filter_map(|bit| self.codes.get(&bit.to_string()).map(String::as_str))
            .collect();
        (!meanings.is_empty()).then(|| meanings.join(", "))
    }
}

/// Selects the lists in use; returns them with the names of those that are left out for want of a key.
pub(super) fn select(
    settings: &settings::Blocklist,
) -> Result<(Vec<List>, Vec<String>), Vec<String>> {
    let faults = check(settings);
    if !faults.is_empty() {
        return Err(faults);
    }

    let mut chosen: Vec<List> = Vec::new();
    if settings.lists.is_empty() {
        chosen.extend(MAINTAINED.iter().cloned());
    }
    for name in settings.lists.iter().map(|name| canonical(name)) {
        let before = chosen.len();
        let known = MAINTAINED.iter().filter(|list| list.is_called(&name));
        chosen.extend(known.cloned());
        if chosen.len() == before {
            chosen.push(List::own(&name));
        }
    }
    let disabled: Vec<String> = settings
        .disabled
        .iter()
        .map(|name| canonical(name))
        .collect();
    chosen.retain(|list| !disabled.iter().any(|name| list.is_called(name)));

    let mut lists: Vec<List> = Vec::new();
    let mut without_key = Vec::new();
    for mut list in chosen {
        let key = settings.keys.get(&list.id).filter(|key| key.is_set());
        list.query_zone = match (&list.keyed_zone, key) {
            (Some(zone), Some(key)) => zone.replace("{key}", key.reveal()),
            _ => list.zone.clone(),
        };
        if list.key == KeyNeed::Required && key.is_none() {
            without_key.push(list.name);
        } else if !lists.iter().any(|other| other.zone == list.zone) {
            lists.push(list);
        }
    }
    Ok((lists, without_key))
}

fn canonical(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// Errors in the settings, one sentence each.
pub(crate) fn check(settings: &settings::Blocklist) -> Vec<String> {
    let mut faults = Vec::new();
    let is_known = |name: &str| MAINTAINED.iter().any(|list| list.is_called(name));

    if settings.lists.len() > MAX_LISTS {
        faults.push(format!("blocklist.lists: at most {MAX_LISTS} lists"));
    }
    for name in &settings.lists {
        let is_zone = name.contains('.') && name.parse::<Domain>().is_ok();
        if !is_known(&canonical(name)) && !is_zone {
            faults.push(format!(
                "blocklist.lists: expected a list such as `spamhaus` or a zone such as `bl.example.org`, got `{name}`"
            ));
        }
    }
    for name in &settings.disabled {
        let name = canonical(name);
        let is_own = settings.lists.iter().any(|list| canonical(list) == name);
        if !is_known(&name) && !is_own {
            faults.push(format!("blocklist.disabled: no list is called `{name}`"));
        }
    }
    for (id, key) in &settings.keys {
        let takes_key = |list: &List| list.id == *id && list.keyed_zone.is_some();
        if !MAINTAINED.iter().any(takes_key) {
            faults.push(format!("blocklist.keys: no list `{id}` takes a key"));
        }
        // The key is a label of the queried name.
        let is_label = key.reveal().len() <= 63
            && key
                .reveal()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric());
        if !is_label {
            faults.push(format!(
                "blocklist.keys.{id}: expected letters and digits, at most 63"
            ));
        }
    }
    faults
}
