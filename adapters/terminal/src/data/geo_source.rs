//! Geo databases that can be downloaded, and how one is replaced.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use netvane_core::{
    data_files::DataFiles,
    facts::geo::{self, Contents},
    net::{Net, http::Downloaded},
    settings::Settings,
};

use super::edition::{self, Edition, editions};
use crate::archive;

/// City database of DB-IP under CC BY 4.0, about 60 MB packed.
const DB_IP_CITY: &str = "https://download.db-ip.com/free/dbip-city-lite-{month}.mmdb.gz";

/// Timeout of one download.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Upper bound in bytes of a database that the operator chose, packed and unpacked.
const MAX_BYTES: u64 = 1 << 30;

/// Upper bound in bytes of the database that is downloaded without settings; DB-IP City Lite has about 130 MB. The old
/// and the new one together fit into the memory limit of the service, 1 GiB.
const MAX_DEFAULT_BYTES: u64 = 400 << 20;

/// Age at which a temporary file belongs to an update that was killed.
const LEFTOVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A database to download and the file to replace with it.
#[derive(Debug, Clone)]
pub(super) struct GeoSource {
    target: PathBuf,
    /// May contain a license key; never shown.
    url: String,
    contents: Contents,
    max_bytes: u64,
}

/// Result of an update.
#[derive(Debug)]
pub(super) enum Update {
    /// A new database is in place.
    Installed { host: String, bytes: u64 },
    /// No edition is newer than the present one.
    NothingNew,
}

impl GeoSource {
    /// Returns everything that these settings allow to download. Without a source for cities that is DB-IP City Lite.
    pub(super) fn all(settings: &Settings) -> Vec<Self> {
        let geo = &settings.geo;
        let chosen = |target: &str, url: &str| Self {
            target: target.into(),
            url: url.to_owned(),
            contents: Contents::Any,
            max_bytes: MAX_BYTES,
        };
        let default = |files: DataFiles| Self {
            target: files.city(),
            url: match geo.city_url.reveal() {
                "" => DB_IP_CITY.to_owned(),
                url => url.to_owned(),
            },
            contents: Contents::Cities,
            max_bytes: MAX_DEFAULT_BYTES,
        };

        let city = match (geo.city.as_str(), geo.city_url.reveal()) {
            ("", _) => DataFiles::new(settings).map(default),
            (_, "") => None,
            (file, url) => Some(chosen(file, url)),
        };
        let asn = match (geo.asn.as_str(), geo.asn_url.reveal()) {
            ("", _) | (_, "") => None,
            (file, url) => Some(chosen(file, url)),
        };

        city.into_iter().chain(asn).collect()
    }

    /// Returns the file that an update replaces.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Returns whether the file is missing, or was last updated before this month.
    pub(super) fn is_due(&self) -> bool {
        self.modified() < edition::start_of_month(jiff::Timestamp::now())
    }

    /// Returns the modification time of the present file, which is the start of its month for monthly editions.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        fs::metadata(&self.target).ok()?.modified().ok()
    }

    /// Downloads the newest edition that is published and installs it. Does nothing if that is not newer than
    /// `present`. On any error the old file stays in place.
    pub(super) async fn update(
        &self,
        net: &Net,
        present: Option<SystemTime>,
    ) -> anyhow::Result<Update> {
        let not_replaced = || format!("{} was not replaced", self.target.display());
        let directory = self.target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory).with_context(not_replaced)?;
        remove_leftovers(directory);

        let mut missing = None;
        for edition in editions(&self.url, jiff::Timestamp::now()) {
            if edition.published.is_some() && edition.published <= present {
                return Ok(Update::NothingNew);
            }
            let download = Temporary(self.beside("part"));
            let downloaded = self.download(net, &edition, &download.0);
            let downloaded = downloaded.await.with_context(not_replaced)?;
            match downloaded.status {
                200 => {
                    let source = self.clone();
                    let install = move || source.install(&download.0, edition.published);
                    let bytes = tokio::task::spawn_blocking(install)
                        .await?
                        .with_context(not_replaced)?;
                    return Ok(Update::Installed {
                        host: downloaded.host,
                        bytes,
                    });
                }
                404 if edition.published.is_some() => missing = Some(downloaded.host),
                status => {
                    let host = downloaded.host;
                    return Err(anyhow::anyhow!("{host} returned HTTP {status}"))
                        .with_context(not_replaced);
                }
            }
        }

        let host = missing.unwrap_or_default();
        Err(anyhow::anyhow!(
            "{host} has neither this month's nor the previous month's file (HTTP 404)"
        ))
        .with_context(not_replaced)
    }

    async fn download(
        &self,
        net: &Net,
        edition: &Edition,
        to: &Path,
    ) -> anyhow::Result<Downloaded> {
        let mut file = File::create(to)?;
        let http = &net.http;
        let download = http.download(&edition.url, self.max_bytes, TIMEOUT, &mut file);
        Ok(download.await?)
    }

    /// Unpacks, verifies and installs a download; returns the size of the database in bytes.
    fn install(&self, download: &Path, published: Option<SystemTime>) -> anyhow::Result<u64> {
        let mut unpacked = Ok(0);
        let packed = File::open(download)?;
        let installed = geo::install(&self.target, self.contents, published, |file| {
            unpacked = archive::unpack(packed, file, self.max_bytes);
            match &unpacked {
                Ok(_) => Ok(()),
                Err(error) => Err(io::Error::other(format!("{error:#}"))),
            }
        });

        // The reason why it could not be unpacked is more specific.
        let bytes = unpacked?;
        installed?;
        Ok(bytes)
    }

    /// Returns the path of a temporary file of this process in the directory of the target.
    fn beside(&self, ending: &str) -> PathBuf {
        let name = self.target.file_name().unwrap_or_default();
        let name = format!(
            ".{}.{}.{ending}",
            name.to_string_lossy(),
            std::process::id()
        );
        self.target.with_file_name(name)
    }
}

/// A file that is removed when it is no longer needed, also if the update is cancelled.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes temporary files of updates that were killed.
fn remove_leftovers(directory: &Path) {
    let is_leftover = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_temporary = name.starts_with('.')
            && name.contains(".mmdb.")
            && (name.ends_with(".part") || name.ends_with(".new"));
        let age = entry
            .metadata()
            .and_then(|data| data.created().or_else(|_| data.modified()))
            .ok()
            .and_then(|since| since.elapsed().ok());
        is_temporary && age.is_some_and(|age| age > LEFTOVER)
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if is_leftover(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Target, URL and contents of every source under these settings, with a state directory.
    fn sources(settings: &[(&str, &str)]) -> Vec<(String, String, Contents)> {
        let environment = settings
            .iter()
            .chain(&[("STATE__DIRECTORY", "/state")])
            .map(|(key, value)| (format!("NETVANE__{key}"), (*value).to_owned()));
        let settings = Settings::load(None, environment).expect("valid settings");
        let shown = |source: GeoSource| {
            let target = source.target.display().to_string();
            (target, source.url, source.contents)
        };
        GeoSource::all(&settings).into_iter().map(shown).collect()
    }

    #[test]
    fn cities_come_from_db_ip_unless_the_settings_have_a_source() {
        let (kept, own) = ("/state/data/city.mmdb", "/own/city.mmdb");
        let url = "https://geo.example/city.gz";
        let cities =
            |target: &str, url: &str, contents| vec![(target.into(), url.into(), contents)];

        assert_eq!(sources(&[]), cities(kept, DB_IP_CITY, Contents::Cities));
        assert_eq!(
            sources(&[("GEO__CITY_URL", url)]),
            cities(kept, url, Contents::Cities)
        );
        assert_eq!(
            sources(&[("GEO__CITY", own), ("GEO__CITY_URL", url)]),
            cities(own, url, Contents::Any)
        );
        assert_eq!(
            sources(&[("GEO__CITY", own)]),
            [],
            "another program updates it"
        );
        assert_eq!(
            sources(&[
                ("GEO__CITY", own),
                ("GEO__ASN", "/own/asn.mmdb"),
                ("GEO__ASN_URL", url)
            ]),
            cities("/own/asn.mmdb", url, Contents::Any)
        );
    }

    #[test]
    fn only_old_leftovers_are_removed() {
        let folder = std::env::temp_dir().join(format!("netvane-leftovers-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let files = [".city.mmdb.7.part", ".city.mmdb.7.new", "city.mmdb"];
        for name in files {
            fs::write(folder.join(name), b"x").expect("writes");
        }
        remove_leftovers(&folder);
        assert!(
            files.iter().all(|name| folder.join(name).exists()),
            "another update may be running"
        );
        fs::remove_dir_all(&folder).expect("removed");
    }
}
