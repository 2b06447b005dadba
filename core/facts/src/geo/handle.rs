//! A reader that follows its files: `data update` (or the operator's own cron job) replaces them, the server goes on.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;

use super::{GeoError, GeoReader};

/// The files of the `[geo]` settings; `None` is the shipped database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeoPaths {
    /// Database of places (or of both).
    pub city: Option<PathBuf>,
    /// Database of AS numbers.
    pub asn: Option<PathBuf>,
}

/// What [`GeoHandle::refresh_if_changed`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// The files are those in use (or the broken ones that were already reported).
    Unchanged,
    /// Fresh files are in use.
    Swapped,
}

/// What tells one version of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

type Stamps = [Option<Stamp>; 2];

/// The reader in use. Cheap to read from any thread; lookups under way keep the reader that they started with.
#[derive(Debug)]
pub struct GeoHandle {
    paths: GeoPaths,
    reader: ArcSwap<GeoReader>,
    /// The files as last looked at, whether they could be used or not: a broken file is reported once.
    seen: Mutex<Stamps>,
}

impl GeoHandle {
    /// Opens the databases.
    pub fn open(paths: GeoPaths) -> Result<Self, GeoError> {
        // Stamps first: a file replaced in between is then seen as changed, never missed.
        let seen = Mutex::new(stamps(&paths));
        let reader = ArcSwap::from_pointee(GeoReader::open(
            paths.city.as_deref(),
            paths.asn.as_deref(),
        )?);
        Ok(Self {
            paths,
            reader,
            seen,
        })
    }

    /// The reader of this moment.
    pub fn current(&self) -> Arc<GeoReader> {
        self.reader.load_full()
    }

    /// Looks whether the files changed (time, size or inode), and swaps in a reader of the new ones. A file that is
    /// gone or broken is an error once; the old reader stays in use. Reads whole files: not for an async thread.
    pub fn refresh_if_changed(&self) -> Result<Refresh, GeoError> {
        let now = stamps(&self.paths);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == now {
            return Ok(Refresh::Unchanged);
        }
        *seen = now;
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
