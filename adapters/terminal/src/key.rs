//! `netvane key`: creates keys of the HTTP API, and shows those that verify callbacks.

use std::process::ExitCode;

use netvane_core::settings::{
    Settings,
    keys::{ApiKey, Scope},
    webhook_keys::SigningKey,
};

use crate::output::print;

/// Options of `netvane key new`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct NewKey {
    /// Name of the client. For rotation, add a second key with the same name; both are valid until one is removed.
    #[arg(long)]
    name: Option<String>,
    /// Allowed use: ask, batch or callback (default: all).
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scope>,
    /// First day (UTC) on which the key is invalid, such as 2027-01-31.
    #[arg(long, value_name = "DAY")]
    expires: Option<String>,
}

/// Prints a new key and its configuration entry. The key itself is not stored.
pub(crate) fn new(wanted: NewKey, json: bool) -> anyhow::Result<ExitCode> {
    let NewKey {
        name,
        mut scopes,
        expires,
    } = wanted;

    scopes.sort_by_key(|scope| scope.name());
    scopes.dedup();
    let expires = match expires {
        Some(day) => Some(
            day.parse()
                .map_err(|_| anyhow::anyhow!("--expires: expected a date such as 2027-01-31"))?,
        ),
        None => None,
    };

    let (key, entry) = ApiKey::generate(name, scopes, expires)?;

    if json {
        print(&format!(
            "{}\n",
            serde_json::json!({ "key": key, "entry": entry.to_string() })
        ));
        return Ok(ExitCode::SUCCESS);
    }

    print(&format!(
        "{key}\n\n\
         Give this key to the client: `Authorization: Bearer {key}`. It is not shown again.\n\n\
         Add this entry to the server's configuration, in [http] or as NETVANE__HTTP__API_KEYS:\n\n\
         api_keys = [\"{entry}\"]\n"
    ));

    Ok(ExitCode::SUCCESS)
}

/// Options of `netvane key callback`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CallbackKey {
    /// The callback URL, exactly as requests give it, query included.
    url: String,
}

/// Prints the keys that verify the deliveries to a URL, one a line: a secret derived for this URL,
/// or a public key. The shared secret itself is never printed.
pub(crate) fn callback(
    wanted: &CallbackKey,
    settings: &Settings,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let url = netvane_webhook::parse_callback_url(&wanted.url)?;
    let http = &settings.http;
    let signing =
        SigningKey::read_all(http.callback_secret.reveal()).map_err(anyhow::Error::msg)?;
    anyhow::ensure!(!signing.is_empty(), "http.callback_secret is not set");

    let is_shared = signing.iter().any(|key| key.public().is_none());
    if is_shared && !http.callback_derive {
        eprintln!(
            "netvane: deliveries are signed with http.callback_secret itself until http.callback_derive is true"
        );
    }

    let keys: Vec<String> = signing
        .iter()
        .map(|key| match key.derive(&url) {
            Some(derived) => derived.for_receiver(),
            None => key.for_receiver(),
        })
        .collect();

    print(&if json {
        format!(
            "{}\n",
            serde_json::json!({ "url": url.as_str(), "keys": keys })
        )
    } else {
        format!("{}\n", keys.join("\n"))
    });
    Ok(ExitCode::SUCCESS)
}
