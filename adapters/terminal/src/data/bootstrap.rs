//! Downloads IANA's RDAP bootstrap files (RFC 9224).

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use netvane_core::{
    facts::registration::bootstrap::BootstrapFile,
    net::{Net, settings::Rdap},
};

/// Largest file in bytes; IANA's largest has about 40 KB.
const MAX_FILE: usize = 4 << 20;

/// Timeout of the download of one file.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns whether downloaded files would be used.
pub(super) fn is_used(settings: &Rdap) -> bool {
    settings.enabled && settings.bootstrap == "builtin"
}

/// Downloads and verifies all files, then replaces those in the directory, each atomically. Returns the publication
/// date of the newest. On an error in any of them nothing is replaced.
pub(super) async fn update(net: &Net, base: &str, directory: &Path) -> anyhow::Result<Timestamp> {
    let not_replaced = || {
        format!(
            "{}: RDAP bootstrap files were not replaced",
            directory.display()
        )
    };
    let mut newest = Timestamp::MIN;
    let mut files = Vec::new();

    for file in BootstrapFile::ALL {
        let (text, published) = fetch(net, base, file).await.with_context(not_replaced)?;
        newest = newest.max(published);
        files.push((file, text));
    }

    fs::create_dir_all(directory).with_context(not_replaced)?;
    for (file, text) in files {
        replace(&directory.join(file.name()), &text).with_context(not_replaced)?;
    }

    Ok(newest)
}

/// Downloads one file and checks that it is for its kind of objects.
async fn fetch(net: &Net, base: &str, file: BootstrapFile) -> anyhow::Result<(String, Timestamp)> {
    let name = file.name();
    let url = format!("{}/{name}", base.trim_end_matches('/'));
    let fetched = net
        .http
        .get_data(&url, "application/json", MAX_FILE, TIMEOUT)
        .await?;
    ensure!(
        fetched.status == 200,
        "{} returned HTTP {} for {name}",
        fetched.host,
        fetched.status
    );

    let text = String::from_utf8(fetched.body).with_context(|| name.to_owned())?;
    let published = file.publication(&text).with_context(|| name.to_owned())?;
    Ok((text, published))
}

fn replace(target: &Path, text: &str) -> std::io::Result<()> {
    let temporary = target.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, target)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}
