//! Recent targets of each user, for suggestions. They are held in memory only.

use std::time::Duration;

use moka::sync::Cache;

const REQUESTERS: u64 = 20_000;
const TARGETS: usize = 10;
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);

pub(crate) struct Recent(Cache<String, Vec<String>>);

impl Default for Recent {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(REQUESTERS)
                .time_to_idle(KEEP)
                .build(),
        )
    }
}

impl Recent {
    pub(crate) fn add(&self, requester: &str, target: String) {
        let entry = self.0.entry_by_ref(requester);
        entry.and_upsert_with(|known| {
            let known = known.map(|entry| entry.into_value()).unwrap_or_default();
            let others = known.into_iter().filter(|other| *other != target);
            std::iter::once(target.clone())
                .chain(others)
                .take(TARGETS)
                .collect()
        });
    }

    pub(crate) fn of(&self, requester: &str) -> Vec<String> {
        self.0.get(requester).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_latest_targets_first_without_duplicates() {
        let recent = Recent::default();
        for target in ["a.example", "b.example", "a.example"] {
            recent.add("ann", target.into());
        }
        (0..20).for_each(|index| recent.add("bob", index.to_string()));
        assert_eq!(recent.of("ann"), ["a.example", "b.example"]);
        assert_eq!(recent.of("bob").len(), TARGETS);
        assert!(recent.of("eve").is_empty());
    }
}
