//! `netvane agent new`: a key, and what the NATS servers and the settings need to know about it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use netvane_nats::NewUser;

use crate::output::print;

/// Options of `netvane agent new`.
#[derive(Debug, Clone, clap::Args)]
#[command(group(clap::ArgGroup::new("owner").required(true).args(["name", "hub"])))]
pub(crate) struct NewKey {
    /// Name of the agent in `from=`: 1-32 characters of a-z, 0-9 and `-`.
    name: Option<String>,
    /// Create the key of a hub, which asks agents: a server, or a terminal that uses --place.
    #[arg(long)]
    hub: bool,
    /// File for the seed of the key, which must not exist (default: NAME.nk or hub.nk in this directory).
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Writes a new key to a file and prints its permissions. The key itself is not printed.
pub(crate) fn new(wanted: NewKey, json: bool) -> anyhow::Result<ExitCode> {
    let NewKey { name, file, .. } = wanted;
    let user = match &name {
        Some(name) => NewUser::agent(name)?,
        None => NewUser::hub()?,
    };
    let owner = name.as_deref().unwrap_or("hub");
    let file = file.unwrap_or_else(|| PathBuf::from(format!("{owner}.nk")));
    user.write_seed(&file)
        .with_context(|| format!("could not write {}", file.display()))?;
    let file = std::path::absolute(&file).unwrap_or(file);

    print(&if json {
        let object = serde_json::json!({
            "file": file,
            "public_key": user.public_key,
            "permissions": user.permissions(),
            "settings": user.settings(&file),
        });
        format!("{object}\n")
    } else {
        describe(&user, owner, &file)
    });
    Ok(ExitCode::SUCCESS)
}

fn describe(user: &NewUser, owner: &str, file: &Path) -> String {
    let role = if owner == "hub" {
        "the hub".to_owned()
    } else {
        format!("the agent {owner}")
    };
    format!(
        "The key of {role} is in {}. Keep it secret: it is not stored anywhere else.\n\n\
         Add this user to nats.conf of the NATS servers, in authorization {{ users = [ … ] }}:\n\n{}\n\n\
         Add these lines to the configuration of {role}:\n\n{}",
        file.display(),
        user.permissions(),
        user.settings(file)
    )
}
