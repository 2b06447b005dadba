//! Platforms that requests come from.

use std::fmt;

use serde::{Serialize, Serializer};

/// Platform on which a request was received. Rules, logs, metrics and the audit log name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// Discord, over the gateway or over HTTP.
    Discord,
    /// Telegram, by polling or as a webhook.
    Telegram,
    /// Slash commands of Slack.
    Slack,
    /// Slash commands of Mattermost and Rocket.Chat.
    Slash,
    /// The API, the console and callbacks.
    Http,
    /// The program on the command line.
    Terminal,
    /// A hub that asks this process as its agent.
    Agent,
}

impl Platform {
    /// All platforms, in the order in which error messages list them.
    pub const ALL: [Self; 7] = [
        Self::Discord,
        Self::Telegram,
        Self::Slack,
        Self::Slash,
        Self::Http,
        Self::Terminal,
        Self::Agent,
    ];

    /// Returns the name used in settings, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discord => "discord",
            Self::Telegram => "telegram",
            Self::Slack => "slack",
            Self::Slash => "slash",
            Self::Http => "http",
            Self::Terminal => "terminal",
            Self::Agent => "agent",
        }
    }

    /// Returns the platform of this name, spelled exactly as in the settings.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.name() == name)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_maps_back_to_its_platform() {
        for platform in Platform::ALL {
            assert_eq!(Platform::from_name(platform.name()), Some(platform));
        }
        assert_eq!(
            Platform::from_name("Discord"),
            None,
            "names are in lower case, as in the settings"
        );
        assert_eq!(Platform::from_name(""), None);
    }
}
