//! Replaces the file of a database with a new version, once that is verified.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::SystemTime,
};

use super::{DatabaseInfo, GeoError, database::Database};

/// What a new database must contain to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Locations or AS numbers.
    Any,
    /// Cities, not only countries.
    Cities,
}

/// Opens a file and verifies all of it: metadata, every node of the tree, every record. Takes about a second per 50 MB.
pub fn verify(path: &Path) -> Result<Database, GeoError> {
    let database = Database::open(path)?;
    database.check_all().map_err(|reason| GeoError::Broken {
        name: path.display().to_string(),
        reason,
    })?;
    Ok(database)
}

/// Replaces `target` with a new database, atomically: `fetch` writes it to a temporary file in the same directory,
/// which is verified, synced and renamed. On any error the old file stays unchanged. `published` becomes the
/// modification time of the file.
pub fn install(
    target: &Path,
    contents: Contents,
    published: Option<SystemTime>,
    fetch: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<DatabaseInfo, GeoError> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = target.file_name().unwrap_or_default().to_string_lossy();

    // The process id keeps concurrent updates apart. A file left by a killed update is harmless.
    let temporary = directory.join(format!(".{name}.{}.new", std::process::id()));
    let file_error = |source| GeoError::File {
        path: target.to_owned(),
        source,
    };
    let result = (|| {
        let mut file = File::create(&temporary).map_err(file_error)?;
        fetch(&mut file).map_err(file_error)?;
        if let Some(published) = published {
            file.set_modified(published).map_err(file_error)?;
        }
        file.sync_all().map_err(file_error)?;
        drop(file);

        let info = verify_contents(&temporary, contents).map_err(|error| match error {
            GeoError::Broken { reason, .. } => GeoError::Broken {
                name: target.display().to_string(),
                reason,
            },
            other => other,
        })?;

        fs::rename(&temporary, target).map_err(file_error)?;

        // The rename is durable only after the directory is synced. Windows cannot open directories.
        #[cfg(unix)]
        File::open(directory)
            .and_then(|dir| dir.sync_all())
            .map_err(file_error)?;

        Ok(info)
    })();

    if result.is_err() {
        fs::remove_file(&temporary).ok();
    }

    result
}

/// Verifies a file; its bytes are no longer in memory when this returns.
fn verify_contents(path: &Path, contents: Contents) -> Result<DatabaseInfo, GeoError> {
    let database = verify(path)?;
    if contents == Contents::Cities {
        database.check_cities().map_err(|reason| GeoError::Broken {
            name: path.display().to_string(),
            reason,
        })?;
    }
    Ok(DatabaseInfo::of(&database))
}
