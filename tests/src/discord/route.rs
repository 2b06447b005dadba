//! The routes of the API.

use std::time::Duration;

use super::rate::Bucket;

/// The routes that the fake knows: the part of Discord's API that this kind of bot uses.
#[derive(Debug)]
pub(crate) enum Route<'a> {
    CurrentUser,
    CurrentApplication,
    GatewayUrl {
        bot: bool,
    },
    Commands {
        application: &'a str,
        guild: Option<&'a str>,
    },
    Command {
        application: &'a str,
        guild: Option<&'a str>,
        command: &'a str,
    },
    Callback {
        interaction: &'a str,
        token: &'a str,
    },
    Followup {
        application: &'a str,
        token: &'a str,
    },
    /// A response to an interaction; `message` may be `@original`.
    Answer {
        application: &'a str,
        token: &'a str,
        message: &'a str,
    },
    Messages {
        channel: &'a str,
    },
    Message {
        channel: &'a str,
        message: &'a str,
    },
    Typing {
        channel: &'a str,
    },
}

impl<'a> Route<'a> {
    /// Finds the route of a path without `/api/v10`.
    pub(super) fn find(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();

        Some(match parts[..] {
            ["users", "@me"] => Self::CurrentUser,
            ["applications", "@me"] | ["oauth2", "applications", "@me"] => Self::CurrentApplication,
            ["gateway"] => Self::GatewayUrl { bot: false },
            ["gateway", "bot"] => Self::GatewayUrl { bot: true },
            ["applications", application, "commands"] => Self::Commands {
                application,
                guild: None,
            },
            ["applications", application, "guilds", guild, "commands"] => Self::Commands {
                application,
                guild: Some(guild),
            },
            ["applications", application, "commands", command] => Self::Command {
                application,
                guild: None,
                command,
            },
            [
                "applications",
                application,
                "guilds",
                guild,
                "commands",
                command,
            ] => Self::Command {
                application,
                guild: Some(guild),
                command,
            },
            ["interactions", interaction, token, "callback"] => {
                Self::Callback { interaction, token }
            }
            ["webhooks", application, token] => Self::Followup { application, token },
            ["webhooks", application, token, "messages", message] => Self::Answer {
                application,
                token,
                message,
            },
            ["channels", channel, "messages"] => Self::Messages { channel },
            ["channels", channel, "messages", message] => Self::Message { channel, message },
            ["channels", channel, "typing"] => Self::Typing { channel },
            _ => return None,
        })
    }

    /// Whether the route needs no token in the header: the one in the path is enough, or none is
    /// needed.
    pub(super) fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Callback { .. }
                | Self::Followup { .. }
                | Self::Answer { .. }
                | Self::GatewayUrl { bot: false }
        )
    }

    /// Returns the rate limit bucket of a route. Discord reports its limits in each response and
    /// may change them; these are its usual ones.
    pub(super) fn bucket(&self, method: &str) -> Option<Bucket> {
        let bucket = |key: String, limit, seconds, global| {
            Some(Bucket {
                key,
                limit,
                period: Duration::from_secs(seconds),
                global,
            })
        };
        match self {
            // Responses to interactions do not count towards the global limit.
            Self::Callback { token, .. } => bucket(format!("callback:{token}"), 5, 2, false),
            Self::Followup { token, .. } | Self::Answer { token, .. } => {
                bucket(format!("webhook:{token}"), 5, 2, false)
            }
            Self::Messages { channel } | Self::Message { channel, .. } if method != "GET" => {
                bucket(format!("{method} messages:{channel}"), 5, 5, true)
            }
            Self::Typing { channel } => bucket(format!("typing:{channel}"), 5, 5, true),
            _ => None,
        }
    }
}
