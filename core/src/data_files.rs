//! Data files that the program downloads itself, in the state directory.

use std::path::PathBuf;

use netvane_facts::geo::GeoPaths;

use crate::{settings::Settings, store};

/// Paths of the downloaded files of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFiles {
    directory: PathBuf,
}

impl DataFiles {
    /// Returns the files in the state directory of these settings; `None` if there is no such directory.
    pub fn new(settings: &Settings) -> Option<Self> {
        let directory = store::state_directory(&settings.state.directory)?.join("data");
        Some(Self { directory })
    }

    /// Returns the path of the city database.
    pub fn city(&self) -> PathBuf {
        self.directory.join("city.mmdb")
    }

    /// Returns the directory of IANA's RDAP bootstrap files.
    pub fn bootstrap(&self) -> PathBuf {
        self.directory.join("rdap")
    }
}

/// Returns the geo databases to use: those of the settings, else a downloaded one.
pub fn geo_paths(settings: &Settings) -> GeoPaths {
    let path = |text: &str| (!text.is_empty()).then(|| text.into());
    GeoPaths {
        city: path(&settings.geo.city),
        asn: path(&settings.geo.asn),
        downloaded: DataFiles::new(settings).map(|files| files.city()),
    }
}
