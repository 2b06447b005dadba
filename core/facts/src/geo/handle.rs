//! A reader that reloads when `data update` or a cron job replaces its files, without a restart.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;

use super::{GeoError, GeoReader};

/// The files from the `[geo]` settings; `None` selects the shipped database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeoPaths {
    /// Database of locations, or of locations and networks.
    pub city: Option<PathBuf>,
    /// Database of networks and AS numbers.
    pub asn: Option<PathBuf>,
}

/// What [`GeoHandle::refresh_if_changed`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// The files did not change since the last check, whether they could be opened or not.
    Unchanged,
    /// Changed files were opened and are now in use.
    Swapped,
}

/// Identifies a version of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

type Stamps = [Option<Stamp>; 2];

/// Holds the current reader. Cheap to read from any thread; running lookups keep the reader that they started with.
#[derive(Debug)]
pub struct GeoHandle {
    paths: GeoPaths,
    reader: ArcSwap<GeoReader>,
    /// The file versions at the last check, usable or not, so that a broken file is reported once.
    checked: Mutex<Stamps>,
}

impl GeoHandle {
    /// Opens the databases; fails if a file is missing or damaged.
    pub fn open(paths: GeoPaths) -> Result<Self, GeoError> {
        // Stamps first, so that a file replaced in between is detected as changed.
        let checked = Mutex::new(stamps(&paths));
        let reader = ArcSwap::from_pointee(GeoReader::open(
            paths.city.as_deref(),
            paths.asn.as_deref(),
        )?);
        Ok(Self {
            paths,
            reader,
            checked,
        })
    }

    /// Returns the current reader.
    pub fn current(&self) -> Arc<GeoReader> {
        self.reader.load_full()
    }

    /// Opens the files again if they changed (time, size or inode). A missing or damaged file is an error once, and the
    /// old reader stays in use. Reads whole files, so do not call it on an async thread.
    pub fn refresh_if_changed(&self) -> Result<Refresh, GeoError> {
        let now = stamps(&self.paths);
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if *checked == now {
            return Ok(Refresh::Unchanged);
        }
        *checked = now;
        let fresh = GeoReader::open(self.paths.city.as_deref(), self.paths.asn.as_deref())?;
        self.reader.store(Arc::new(fresh));
        Ok(Refresh::Swapped)
    }
}

fn stamps(paths: &GeoPaths) -> Stamps {
    [&paths.city, &paths.asn].map(|path| {
        let data = fs::metadata(path.as_deref()?).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&data);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Stamp {
            modified: data.modified().ok(),
            length: data.len(),
            inode,
        })
    })
}
