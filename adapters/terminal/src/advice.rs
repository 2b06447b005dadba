//! Checks the settings against this machine, as the current user: the part of `config check` that
//! examines files and permissions. It writes and sends nothing.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::bail;
use netvane_core::{
    Engine,
    data_files::DataFiles,
    settings::{Audit, Settings, almost_settings},
    store,
};

use crate::{
    log,
    system::{self, ListenError, may_write, mode, user},
};

/// Age at which geo databases are reported as old; they are published weekly or monthly.
const OLD: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// Directories that are usually emptied at boot.
const FLEETING: [&str; 4] = ["/tmp", "/run", "/var/run", "/dev/shm"];

/// Fails if a service with these settings cannot start; lists all reasons.
pub(crate) fn refuse(settings: &Settings) -> anyhow::Result<()> {
    let faults: Vec<String> = audit(&settings.audit)
        .into_iter()
        .chain(authorities(&settings.tls.ca_files))
        .collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    log::filter(&settings.log)?;
    Ok(())
}

/// Fails like [`refuse`], and also if listening or building the runtime fails, which the service
/// does itself.
pub(crate) fn check(settings: &Settings) -> anyhow::Result<()> {
    refuse(settings)?;
    if let Some(fault) = listening(&settings.http.listen) {
        bail!("{fault}");
    }
    // The check may run as another user; it must not create an audit file that the service cannot
    // write.
    let unrecorded = without_audit(settings.clone());
    Engine::new(&unrecorded)?.runtime().check()?;
    Ok(())
}

/// Disables the audit log; only the service writes it.
pub(crate) fn without_audit(mut settings: Settings) -> Settings {
    settings.audit.directory.clear();
    settings
}

/// Problems that do not keep the service from starting.
pub(crate) fn warnings(settings: &Settings, file: Option<&Path>) -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut told = almost_settings(names);
    told.extend(settings.advice(&netvane_core::registry()));
    told.extend(file.and_then(|file| readable_secrets(settings, file)));
    told.extend(state(settings));
    told.extend(readable_audit(&settings.audit));
    told.extend(
        [("city", &settings.geo.city), ("asn", &settings.geo.asn)]
            .into_iter()
            .filter_map(old_data),
    );
    told.extend(downloaded_data(settings));
    told.extend(ping());
    told
}

/// Whether this user can write to `path`, or create it if it does not exist.
fn is_writable(path: &Path) -> bool {
    let mut there = path;
    while !there.exists() {
        let Some(parent) = there.parent() else {
            return false;
        };
        there = parent;
    }
    // The nearest existing ancestor may be a file; nothing can be created below it.
    (there == path || there.is_dir()) && may_write(there)
}

fn audit(settings: &Audit) -> Option<String> {
    if settings.directory.is_empty() {
        return None;
    }

    let directory = Path::new(&settings.directory);
    let user = user();

    if directory.exists() && !directory.is_dir() || !is_writable(directory) {
        let place = directory.display();
        return Some(format!(
            "audit.directory: {place}: not writable by user {user}; the systemd unit in deploy/ allows writing below /var/lib/netvane only"
        ));
    }

    let files = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|file| file.path());

    let is_record = |file: &PathBuf| file.extension().is_some_and(|end| end == "jsonl");
    let latest = files.filter(is_record).max()?;

    (!is_writable(&latest)).then(|| {
        format!(
            "audit.directory: {}: not writable by user {user} (created by another user); fix with chown",
            latest.display()
        )
    })
}

fn authorities(files: &[String]) -> Vec<String> {
    let told = |file: &String| {
        // Unreadable files are reported where they are loaded, with the reason.
        let text = fs::read(file).ok()?;
        let has = |what: &str| String::from_utf8_lossy(&text).contains(what);
        (!has("-----BEGIN CERTIFICATE-----"))
            .then(|| format!("tls.ca_files: {file}: expected PEM certificates, found none"))
    };
    files.iter().filter_map(told).collect()
}

/// Whether the service can listen on the address. One in use may belong to the running service.
fn listening(listen: &str) -> Option<String> {
    let address: SocketAddr = listen.parse().ok()?;
    match system::try_address(address)? {
        ListenError::Forbidden => Some(format!(
            "http.listen: {address}: permission denied for user {}; use port 1024 or higher behind a reverse proxy",
            user()
        )),
        ListenError::Foreign if !address.ip().is_loopback() => Some(format!(
            "http.listen: {address}: not an address of this machine"
        )),
        ListenError::Foreign => None,
    }
}

/// Checks the configuration file and the `.env` file beside it, which the systemd units read.
fn readable_secrets(settings: &Settings, file: &Path) -> Option<String> {
    let is_open = |path: &Path| mode(path).is_some_and(|mode| mode & 0o004 != 0);
    let holds = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        settings
            .secrets()
            .into_iter()
            .find(|(_, secret)| text.contains(secret.reveal()))
            .map(|(key, _)| key)
    };
    let beside = file.with_extension("env");
    let (path, key) = [file, &beside]
        .into_iter()
        .filter(|path| is_open(path))
        .find_map(|path| {
            let key = holds(path)?;
            Some((path.display(), key))
        })?;
    Some(format!("{key}: {path} is world-readable; chmod 640"))
}

fn state(settings: &Settings) -> Option<String> {
    let parts = settings.parts_with_state();
    if parts.is_empty() {
        return None;
    }
    let parts = parts.join(", ");
    let Some(place) = store::state_directory(&settings.state.directory) else {
        return Some(format!(
            "state.directory: not set, and neither STATE_DIRECTORY nor HOME is set; pending work is lost on restart ({parts})"
        ));
    };
    let shown = place.display();
    if !is_writable(&place) || !is_writable(&place.join("state.redb")) {
        let user = user();
        return Some(format!(
            "state.directory: {shown}: not writable by user {user}; these do not start: {parts}"
        ));
    }
    FLEETING.iter().any(|fleeting| place.starts_with(fleeting)).then(|| {
        format!(
            "state.directory: {shown}: on tmpfs or emptied at boot; pending work is lost on reboot ({parts})"
        )
    })
}

fn readable_audit(settings: &Audit) -> Option<String> {
    let directory = Some(Path::new(&settings.directory)).filter(|path| path.is_dir())?;
    let open = mode(directory).is_some_and(|mode| mode & 0o005 == 0o005);
    open.then(|| {
        format!(
            "audit.directory: {}: world-readable; it shows who looked up what; chmod 750",
            directory.display()
        )
    })
}

/// Checks the city database that the program downloaded, or is to download.
fn downloaded_data(settings: &Settings) -> Option<String> {
    if !settings.geo.city.is_empty() {
        return None;
    }
    let Some(files) = DataFiles::new(settings) else {
        return settings.geo.auto_update.then(|| {
            "geo.auto_update: no directory for city data; set state.directory or geo.city".into()
        });
    };
    let city = files.city();
    let days = days_since_update(&city).filter(|_| !settings.geo.auto_update)?;
    Some(format!(
        "{}: {days} days old; run `netvane data update` or set geo.auto_update",
        city.display()
    ))
}

/// Returns the age of a database in days if it is old.
fn days_since_update(file: &Path) -> Option<u64> {
    let age = fs::metadata(file)
        .ok()
        .filter(|data| data.len() > 0)?
        .modified()
        .ok()?
        .elapsed()
        .ok()?;
    (age > OLD).then_some(age.as_secs() / (24 * 60 * 60))
}

fn old_data((key, file): (&str, &String)) -> Option<String> {
    days_since_update(Path::new(file)).map(|days| {
        format!(
            "geo.{key}: {file} is {days} days old; set geo.{key}_url and enable netvane-data.timer, or replace the file manually"
        )
    })
}

fn ping() -> Option<String> {
    (!system::may_ping()).then(|| {
        format!(
            "ping: user {} may not send ICMP echo requests, so `ping` uses TCP connections; set net.ipv4.ping_group_range or grant CAP_NET_RAW",
            user()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_the_parent_of_a_path_that_does_not_exist() {
        let own = std::env::temp_dir();
        for (path, writable) in [
            (own.clone(), true),
            (own.join("not/there/yet"), true),
            (
                PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml/audit"),
                false,
            ),
            (PathBuf::new(), false),
        ] {
            assert_eq!(is_writable(&path), writable, "{}", path.display());
        }
    }

    #[test]
    fn refuses_to_listen_on_an_address_of_another_machine() {
        assert_eq!(listening("127.0.0.1:0"), None);
        assert_eq!(
            listening("192.0.2.1:8080").as_deref(),
            Some("http.listen: 192.0.2.1:8080: not an address of this machine")
        );
    }
}
