//! `netvane data`: shows and updates the geo databases.

use std::{io::Write, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use netvane_core::{
    facts::geo::{self, ATTRIBUTION, GeoHandle, GeoPaths},
    net::Net,
    settings::{Geo, Settings},
};

use crate::{archive, output::print};

/// Upper bound of a download in bytes; a city database has about 130 MB.
const MAX_DOWNLOAD: usize = 1 << 30;
const PATIENCE: Duration = Duration::from_secs(600);

/// Prints the databases in use, their source and age.
pub(crate) fn status(settings: &Settings, json: bool) -> anyhow::Result<ExitCode> {
    let path = |text: &str| (!text.is_empty()).then(|| text.into());
    let Geo { city, asn, .. } = &settings.geo;
    let handle = GeoHandle::open(GeoPaths {
        city: path(city),
        asn: path(asn),
    })?;
    let databases = handle.current().databases().clone();

    if json {
        print(&format!(
            "{}\n",
            serde_json::json!({ "databases": *databases, "city": city, "asn": asn })
        ));
        return Ok(ExitCode::SUCCESS);
    }

    let shown = |path: &str| {
        if path.is_empty() {
            "built in".to_owned()
        } else {
            path.to_owned()
        }
    };

    let mut text = format!("City:     {}\nNetworks: {}\n", shown(city), shown(asn));

    for database in databases.iter() {
        let built = database.built.as_deref().unwrap_or("at an unknown time");
        text += &format!("{}, built {built}\n", database.name);
    }

    print(&format!("{text}{ATTRIBUTION}\n"));

    Ok(ExitCode::SUCCESS)
}

/// Placeholder in URLs for the month, which DB-IP's file names contain.
const MONTH: &str = "{month}";

/// Downloads, unpacks and verifies each database next to its destination, then renames it; a
/// running server reloads it automatically.
pub(crate) fn update(settings: &Settings) -> anyhow::Result<ExitCode> {
    let Geo {
        city,
        asn,
        city_url,
        asn_url,
    } = &settings.geo;

    let wanted: Vec<(&str, &str)> = [(city.as_str(), city_url.reveal()), (asn, asn_url.reveal())]
        .into_iter()
        .filter(|(_, url)| !url.is_empty())
        .collect();

    if wanted.is_empty() {
        bail!(
            "nothing to download: set geo.city_url or geo.asn_url, and geo.city or geo.asn as the target file"
        );
    }

    let net = Net::new(&settings.net())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    for (path, url) in wanted {
        if path.is_empty() {
            bail!("no target file for the database: set geo.city or geo.asn");
        }

        let url = url.replace(MONTH, &this_month());
        let fetched = runtime.block_on(net.http.get(&url, "*/*", MAX_DOWNLOAD, PATIENCE))?;
        if fetched.status != 200 {
            bail!("{} returned HTTP {}", fetched.host, fetched.status);
        }

        let not_replaced = || format!("{path} was not replaced");
        let database = archive::database(fetched.body, MAX_DOWNLOAD).with_context(not_replaced)?;
        geo::install(Path::new(path), |file| file.write_all(&database))
            .with_context(not_replaced)?;
        print(&format!(
            "{path}: {} bytes from {}, verified and installed\n",
            database.len(),
            fetched.host
        ));
    }

    Ok(ExitCode::SUCCESS)
}

/// Returns the current month in UTC, such as `2026-11`.
fn this_month() -> String {
    jiff::Timestamp::now().strftime("%Y-%m").to_string()
}
