//! `netvane data`: shows and updates the geo databases and the RDAP bootstrap files.

mod bootstrap;
mod edition;
mod geo_source;
mod schedule;

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use netvane_core::{
    data_files::{DataFiles, geo_paths},
    facts::geo::{ATTRIBUTION, GeoHandle, credit},
    net::Net,
    settings::Settings,
};

use crate::output::print;
use geo_source::{GeoSource, Update};

pub(crate) use schedule::update_monthly;

/// Prints the databases in use, their source and age.
pub(crate) fn status(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let paths = geo_paths(settings);
    let (city, asn) = (paths.locations().map(Path::to_owned), paths.asn.clone());
    let handle = GeoHandle::open(paths)?;
    let databases = handle.current().databases().clone();
    let bootstrap = Net::new(&settings.net())?.registries.bootstrap_date();

    if json {
        let shown = |path: &Option<std::path::PathBuf>| {
            path.as_ref()
                .map(|path| path.display().to_string())
                .unwrap_or_default()
        };
        print(&format!(
            "{}\n",
            serde_json::json!({
                "databases": *databases, "city": shown(&city), "asn": shown(&asn), "rdap_bootstrap": bootstrap,
            })
        ));
        return Ok(ExitCode::SUCCESS);
    }

    let shown = |path: &Option<std::path::PathBuf>| match path {
        Some(path) => path.display().to_string(),
        None => "built in".to_owned(),
    };

    let mut text = format!("City:     {}\nNetworks: {}\n", shown(&city), shown(&asn));

    for database in databases.iter() {
        let built = database.built.as_deref().unwrap_or("at an unknown time");
        text += &format!("{}, built {built}\n", database.name);
    }

    if let Some(date) = bootstrap {
        text += &format!("RDAP bootstrap of {date}\n");
    }
    if let Some(credit) = credit(&databases) {
        text += &format!("{}: {}\n", credit.text, credit.url);
    }

    print(&format!("{text}{ATTRIBUTION}\n"));

    Ok(ExitCode::SUCCESS)
}

/// Downloads, unpacks and verifies each file next to its destination, then renames it; a running server reloads it
/// automatically. A file that cannot be updated does not keep the others from it.
pub(crate) fn update(settings: &Settings) -> anyhow::Result<ExitCode> {
    let sources = GeoSource::all(settings);
    let bootstrap = DataFiles::new(settings)
        .filter(|_| bootstrap::is_used(&settings.rdap))
        .map(|files| files.bootstrap());

    if sources.is_empty() && bootstrap.is_none() {
        bail!(
            "nothing to download: set state.directory for cities and RDAP data, or geo.city and geo.city_url"
        );
    }

    let net = Net::new(&settings.net())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut faults = Vec::new();

    for source in &sources {
        match runtime.block_on(source.update(&net, None)) {
            Ok(Update::Installed { host, bytes }) => print(&format!(
                "{}: {bytes} bytes from {host}, verified and installed\n",
                source.target().display()
            )),
            Ok(Update::NothingNew) => {}
            Err(error) => faults.push(format!("{error:#}")),
        }
    }

    if let Some(directory) = bootstrap {
        let url = &settings.rdap.bootstrap_url;
        match runtime.block_on(bootstrap::update(&net, url, &directory)) {
            Ok(date) => print(&format!(
                "{}: RDAP bootstrap files of {date}, verified and installed\n",
                directory.display()
            )),
            Err(error) => faults.push(format!("{error:#}")),
        }
    }

    if faults.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        bail!("{}", faults.join("\n"))
    }
}
