//! The request of a slash command.

use std::collections::HashMap;

use netvane_core::{Caller, Engine, command::Registry, facts::target::Host};
use reqwest::Url;
use serde_json::Value;

use super::{dialect::Dialect, spelling::Spelling};

/// Most fields of a request; Slack sends fewer than twenty.
const MOST_FIELDS: usize = 64;

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of the request; each occurs once.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// Parses the body, a form or JSON; Rocket.Chat's integrations send the same fields as JSON.
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

    /// Whether this is one of Slack's periodic checks of the certificate.
    pub(super) fn is_check(&self) -> bool {
        self.get("ssl_check").is_some_and(|value| value == "1")
    }

    /// Returns the line to run: the command with its text if the slash command has the name of one
    /// of ours, otherwise the text alone.
    pub(super) fn line(&self, platform: Dialect, registry: &Registry) -> String {
        let text = self.get("text").unwrap_or_default();
        let text = match platform {
            Dialect::Slack => text
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
            Dialect::Other => text.to_owned(),
        };
        // Rocket.Chat's text starts with the trigger word.
        let trigger = self.get("trigger_word").unwrap_or_default();
        let text = text.strip_prefix(trigger).unwrap_or(&text).trim();
        match self.own_command(registry) {
            Some(command) => format!("/{command} {text}").trim_end().to_owned(),
            None if text.is_empty() => "/help".to_owned(),
            None => text.to_owned(),
        }
    }

    /// Returns the slash command, or Rocket.Chat's trigger word, as the user wrote it.
    fn written_command(&self) -> Option<&str> {
        self.get("command")
            .or_else(|| self.get("trigger_word"))
            .map(str::trim)
    }

    /// Returns the name of the slash command, if one of our commands has it.
    fn own_command(&self, registry: &Registry) -> Option<&str> {
        let command = self.written_command()?.trim_start_matches(['/', '!']);
        registry
            .find(&command.to_lowercase().replace('-', "_"))
            .map(|_| command)
    }

    /// Returns how commands are written in this chat.
    pub(super) fn spelling(&self, registry: &Registry) -> Spelling {
        match self.own_command(registry) {
            Some(_) => Spelling::default(),
            None => Spelling::new(self.written_command()),
        }
    }

    /// Returns the caller. The connection's address is the chat service's, so it is left out.
    pub(super) fn caller(&self) -> Caller {
        let field = |name: &str| self.get(name).map(str::to_owned);
        Caller {
            user: field("user_id"),
            conversation: field("channel_id"),
            server: field("team_id"),
            ..Caller::default()
        }
    }

    /// Returns the URL for later replies: over HTTPS, or to an address that the operator allowed
    /// explicitly.
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

/// Whether the operator has explicitly allowed all addresses of this host.
async fn is_excepted(engine: &Engine, host: &str) -> bool {
    match host.parse::<Host>() {
        Ok(host) => engine.runtime().is_excepted(&host).await,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
