//! What a slash command says.

use std::collections::HashMap;

use netvane_core::{Caller, Engine, command::Registry, facts::target::Host};
use reqwest::Url;
use serde_json::Value;

use super::dialect::Dialect;

/// Slack sends fewer than twenty.
const MOST_FIELDS: usize = 64;

const FORM: &str = "application/x-www-form-urlencoded";

/// Its fields, each there once.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// As it was sent. Rocket.Chat's integrations send the same names in JSON.
    pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Self, String> {
        let mut fields = HashMap::new();
        let mut add = |name: String, value: String| {
            if fields.len() == MOST_FIELDS {
                return Err(format!("a slash command has at most {MOST_FIELDS} fields"));
            }
            match fields.insert(name, value) {
                None => Ok(()),
                Some(_) => Err("a field of the form is there twice".to_owned()),
            }
        };

        if content_type.eq_ignore_ascii_case("application/json") {
            let object: serde_json::Map<String, Value> =
                serde_json::from_slice(body).map_err(|error| {
                    tracing::debug!(%error, "a slash command was not read");
                    "the request body is not a JSON object".to_owned()
                })?;
            for (name, value) in object {
                if let Value::String(value) = value {
                    add(name, value)?;
                }
            }
        } else if content_type.eq_ignore_ascii_case(FORM) {
            for (name, value) in form_urlencoded::parse(body) {
                add(name.into_owned(), value.into_owned())?;
            }
        } else {
            return Err(format!("a slash command is sent as {FORM}"));
        }

        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Slack looks from time to time whether the certificate is in order.
    pub(super) fn is_check(&self) -> bool {
        self.get("ssl_check").is_some_and(|value| value == "1")
    }

    /// The line that is asked: `/mx example.com` where the slash command is called like one of ours, else what stands
    /// behind it.
    pub(super) fn line(&self, platform: Dialect, registry: &Registry) -> String {
        let text = self.get("text").unwrap_or_default();
        let text = match platform {
            Dialect::Slack => text
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
            Dialect::Other => text.to_owned(),
        };
        // Rocket.Chat's text begins with the word that set it off.
        let trigger = self.get("trigger_word").unwrap_or_default();
        let text = text.strip_prefix(trigger).unwrap_or(&text).trim();
        let command = self
            .get("command")
            .unwrap_or(trigger)
            .trim()
            .trim_start_matches(['/', '!']);
        match registry.find(&command.to_lowercase().replace('-', "_")) {
            Some(_) => format!("/{command} {text}").trim_end().to_owned(),
            None if text.is_empty() => "/help".to_owned(),
            None => text.to_owned(),
        }
    }

    /// Who asks. The address of the connection is the chat's own, and says nothing of them.
    pub(super) fn caller(&self) -> Caller {
        let field = |name: &str| self.get(name).map(str::to_owned);
        Caller {
            user: field("user_id"),
            conversation: field("channel_id"),
            server: field("team_id"),
            ..Caller::default()
        }
    }

    /// Where a later answer goes: over TLS, or to where the operator said that it may go anyway.
    pub(super) async fn response_url(&self, engine: &Engine) -> Result<Url, String> {
        let url = self
            .get("response_url")
            .ok_or("the chat sent no `response_url`")?;
        let url = Url::parse(url).map_err(|error| {
            tracing::debug!(%error, "a `response_url` was not read");
            "its `response_url` is not a URL"
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("its `response_url` has a user or a password in it".into());
        }
        let host = url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned();
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_excepted(engine, &host).await => Ok(url),
            _ => Err(format!(
                "its `response_url` is not one with https. An operator can allow it for {host} with `[policy] allow`"
            )),
        }
    }
}

/// All addresses of this host are the operator's own exceptions.
async fn is_excepted(engine: &Engine, host: &str) -> bool {
    match host.parse::<Host>() {
        Ok(host) => engine.runtime().is_excepted(&host).await,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
