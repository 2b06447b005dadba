//! A reader that reloads when `data update` or a cron job replaces its files, without a restart.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::SystemTime,
};

use arc_swap::ArcSwap;

use super::{GeoError, GeoReader};

/// The files to read. Without any, the shipped database is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeoPaths {
    /// Database of locations, or of locations and networks, from the settings.
    pub city: Option<PathBuf>,
    /// Database of networks and AS numbers, from the settings.
    pub asn: Option<PathBuf>,
    /// Database of cities that the program downloaded itself. Used if `city` is not set and the file exists.
    pub downloaded: Option<PathBuf>,
}

impl GeoPaths {
    /// Returns the file that locations come from; `None` for the shipped database.
    pub fn locations(&self) -> Option<&Path> {
        let downloaded = || self.downloaded.as_deref().filter(|path| path.is_file());
        self.city.as_deref().or_else(downloaded)
    }

    fn open(&self) -> Result<GeoReader, GeoError> {
        GeoReader::open(self.locations(), self.asn.as_deref())
    }
}

/// What a call of [`GeoHandle::refresh_if_changed`] did.
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
    /// Used where the downloaded database cannot be read.
    shipped: Arc<GeoReader>,
    reader: OnceLock<ArcSwap<GeoReader>>,
    last_check: Mutex<LastCheck>,
}

/// Result of the last check of the files.
#[derive(Debug)]
struct LastCheck {
    /// The file versions, usable or not, so that a broken file is reported once.
    stamps: Stamps,
    /// Why the downloaded database is not used, until that is reported.
    fault: Option<GeoError>,
}

impl GeoHandle {
    /// Opens the databases of the settings; fails if one of them is missing or damaged. A downloaded database is read
    /// when it is first needed, because most commands do not need it; if it is damaged, the shipped one is used.
    pub fn open(paths: GeoPaths) -> Result<Self, GeoError> {
        // Stamps first, so that a file replaced in between is detected as changed.
        let stamps = stamps(&paths);
        let shipped = match paths.city {
            Some(_) => GeoReader::embedded()?,
            None => GeoReader::open(None, paths.asn.as_deref())?,
        };
        let handle = Self {
            shipped: Arc::new(shipped),
            paths,
            reader: OnceLock::new(),
            last_check: Mutex::new(LastCheck {
                stamps,
                fault: None,
            }),
        };
        if handle.paths.city.is_some() {
            let _ = handle
                .reader
                .set(ArcSwap::from_pointee(handle.paths.open()?));
        }
        Ok(handle)
    }

    /// Returns the current reader. The first call may read a downloaded database, which takes about 0.1 s.
    pub fn current(&self) -> Arc<GeoReader> {
        self.reader().load_full()
    }

    fn reader(&self) -> &ArcSwap<GeoReader> {
        self.reader.get_or_init(|| {
            if self.paths.locations().is_none() {
                return ArcSwap::new(Arc::clone(&self.shipped));
            }
            match self.paths.open() {
                Ok(reader) => ArcSwap::from_pointee(reader),
                Err(fault) => {
                    self.lock().fault = Some(fault);
                    ArcSwap::new(Arc::clone(&self.shipped))
                }
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, LastCheck> {
        self.last_check
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the files again if they changed (time, size or inode). A missing or damaged file is an error once, and the
    /// old reader stays in use; if a downloaded database is removed, the shipped one is used. Reads whole files, so do
    /// not call it on an async thread.
    pub fn refresh_if_changed(&self) -> Result<Refresh, GeoError> {
        let reader = self.reader();
        let now = stamps(&self.paths);
        let mut last = self.lock();

        if let Some(fault) = last.fault.take() {
            return Err(fault);
        }
        if last.stamps == now {
            return Ok(Refresh::Unchanged);
        }
        last.stamps = now;

        reader.store(Arc::new(self.paths.open()?));
        Ok(Refresh::Swapped)
    }
}

fn stamps(paths: &GeoPaths) -> Stamps {
    [paths.locations(), paths.asn.as_deref()].map(|path| {
        let data = fs::metadata(path?).ok()?;
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
