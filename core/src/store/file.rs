//! The file of the state: its directory, its permissions, and what happens to a file that cannot be used.

use std::{
    fs::{self, File, OpenOptions},
    io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use redb::{Database, DatabaseError, StorageError};

use super::{
    StoreError,
    migration::{self, LayoutError},
};

/// Memory for pages of the database, in bytes.
const CACHE: usize = 8 << 20;

/// The database file in a state directory.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join("state.redb")
}

/// Opens the database of a directory, made or migrated where needed. A file that is damaged or of a newer version is
/// reported and moved aside.
pub(super) fn open(directory: &Path) -> Result<Database, StoreError> {
    let file = path(directory);
    let failed = |error: &dyn std::fmt::Display| {
        StoreError::Unavailable(format!("{}: {error}", file.display()))
    };
    make_private_directory(directory).map_err(|error| failed(&error))?;

    match open_database(&file) {
        Ok(database) => Ok(database),
        Err(OpenError::Unusable(reason)) => {
            let aside = move_aside(&file).map_err(|error| failed(&error))?;
            tracing::error!(
                file = %file.display(),
                moved_to = %aside.display(),
                reason,
                "state file unusable, moved aside; starting with an empty state"
            );
            open_database(&file).map_err(|error| match error {
                OpenError::Unusable(reason) | OpenError::Failed(reason) => failed(&reason),
                OpenError::InUse => StoreError::InUse(file.display().to_string()),
            })
        }
        Err(OpenError::Failed(reason)) => Err(failed(&reason)),
        Err(OpenError::InUse) => Err(StoreError::InUse(file.display().to_string())),
    }
}

/// Why a file was not opened.
enum OpenError {
    /// Its content is damaged, or of a newer version.
    Unusable(String),
    /// The system does not permit it now.
    Failed(String),
    /// Another process has it open.
    InUse,
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::InUse,
            DatabaseError::UpgradeRequired(_)
            | DatabaseError::RepairAborted
            | DatabaseError::Storage(StorageError::Corrupted(_)) => {
                Self::Unusable(error.to_string())
            }
            DatabaseError::Storage(StorageError::Io(error)) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // redb's words for content that it cannot read.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Self::Unusable(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<LayoutError> for OpenError {
    fn from(error: LayoutError) -> Self {
        match error {
            LayoutError::Newer(_) => Self::Unusable(error.to_string()),
            LayoutError::Database(redb::Error::Corrupted(reason)) => Self::Unusable(reason),
            LayoutError::Database(redb::Error::Io(error)) => error.into(),
            LayoutError::Database(other) => Self::Failed(other.to_string()),
        }
    }
}

/// Opens or makes the file and brings its layout up to date.
fn open_database(file: &Path) -> Result<Database, OpenError> {
    let handle = private_file(file)?;

    // redb asserts some of what it reads: a damaged file may end in a panic.
    let opened = panic::catch_unwind(AssertUnwindSafe(|| {
        let database = Database::builder()
            .set_cache_size(CACHE)
            .create_file(handle)?;
        migration::bring_up_to_date(&database)?;
        Ok(database)
    }));

    opened.unwrap_or_else(|_| Err(OpenError::Unusable("the content is damaged".into())))
}

/// Renames a file to a name with the time, beside it.
fn move_aside(file: &Path) -> io::Result<PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let aside = file.with_extension(format!("redb.unusable-{time}"));
    fs::rename(file, &aside)?;
    Ok(aside)
}

/// Makes the directory, or takes the rights of other users from it.
fn make_private_directory(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let permissions = fs::metadata(directory)?.permissions();

        // A directory that all may write to, such as /tmp, is not ours to close.
        if permissions.mode() & 0o077 != 0 && permissions.mode() & 0o1000 == 0 {
            let closed = fs::Permissions::from_mode(permissions.mode() & 0o700);
            if let Err(error) = fs::set_permissions(directory, closed) {
                tracing::debug!(%error, directory = %directory.display(), "chmod 700 failed");
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fs::create_dir_all(directory)
}

/// Opens a file that only this user may read, made where there is none.
pub(super) fn private_file(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);

    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

        let opened = options.mode(0o600).open(file)?;
        let permissions = opened.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            let closed = fs::Permissions::from_mode(permissions.mode() & 0o700);
            if let Err(error) = opened.set_permissions(closed) {
                tracing::debug!(%error, file = %file.display(), "chmod 600 failed");
            }
        }
        Ok(opened)
    }

    #[cfg(not(unix))]
    options.open(file)
}
