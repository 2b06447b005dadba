//! Where the state is, by settings and environment.

use std::path::PathBuf;

/// The directory of a service's state, by its setting `state.directory`; `None` where it is kept in memory.
pub fn state_directory(setting: &str) -> Option<PathBuf> {
    let configured = (!setting.is_empty()).then(|| setting.into());
    configured.or_else(|| default_directory(|name| std::env::var(name).ok()))
}

/// The directory where the settings name none: what the service manager gives, else the user's own.
fn default_directory(environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| {
        environment(name)
            .filter(|value| value.starts_with('/'))
            .map(PathBuf::from)
    };
    set("STATE_DIRECTORY")
        .or_else(|| set("XDG_STATE_HOME").map(|home| home.join("netvane")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/netvane")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_comes_before_the_user_directories() {
        let with = |pairs: &'static [(&str, &str)]| {
            default_directory(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(
            with(&[("HOME", "/home/ann")]),
            Some("/home/ann/.local/state/netvane".into())
        );
        assert_eq!(
            with(&[("HOME", "/h"), ("XDG_STATE_HOME", "/s")]),
            Some("/s/netvane".into())
        );
        assert_eq!(
            with(&[("HOME", "/h"), ("STATE_DIRECTORY", "/var/lib/n")]),
            Some("/var/lib/n".into())
        );
        assert_eq!(with(&[("HOME", "relative")]), None);
    }
}
