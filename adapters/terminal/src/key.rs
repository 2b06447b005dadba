//! `netvane key`: creates keys of the HTTP API.

use std::process::ExitCode;

use netvane_core::settings::keys::{ApiKey, Scope};

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
