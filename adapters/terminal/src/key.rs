//! `netvane key`: keys of the HTTP API.

use std::process::ExitCode;

use netvane_core::settings::keys::{ApiKey, Scope};

use crate::output::print;

/// What a new key is to be.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct NewKey {
    /// Whose it is. A second key of the same name replaces the first one, both valid meanwhile.
    #[arg(long)]
    name: Option<String>,
    /// What it may be used for: ask, batch or callback; all, unless given.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scope>,
    /// The first day (UTC) on which it is of no use any more, such as 2027-01-31.
    #[arg(long, value_name = "DAY")]
    expires: Option<String>,
}

/// Prints a new key, which nobody can print again, and its entry for the settings.
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
                .map_err(|_| anyhow::anyhow!("--expires is a day such as 2027-01-31"))?,
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
         The service knows it by this entry, in [http] or as NETVANE__HTTP__API_KEYS:\n\n\
         api_keys = [\"{entry}\"]\n"
    ));

    Ok(ExitCode::SUCCESS)
}
