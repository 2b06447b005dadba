//! The open database, opened again after its disk failed.

use std::{
    path::PathBuf,
    sync::{PoisonError, RwLock},
};

use redb::Database;

use super::{StoreError, file};

/// The database, or the reason why there is none at the moment.
pub(super) struct Handle {
    database: RwLock<Result<Database, StoreError>>,
    /// Directory of the file; `None` in memory, where nothing can fail.
    pub(super) directory: Option<PathBuf>,
}

impl Handle {
    pub(super) fn new(database: Result<Database, StoreError>, directory: Option<PathBuf>) -> Self {
        Self {
            database: RwLock::new(database),
            directory,
        }
    }

    /// Runs a transaction; fails while the file cannot be opened.
    pub(super) fn with<T>(
        &self,
        run: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref().map_err(Clone::clone)?;
        run(database).map_err(|error| self.describe(&error))
    }

    /// Why the database is not open, if it is not.
    pub(super) fn fault(&self) -> Option<StoreError> {
        self.database
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .err()
            .cloned()
    }

    /// Closes the file and opens it with what was last committed: after an I/O error redb accepts nothing more until
    /// then. Readers wait meanwhile.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };

        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);

        // Closed first, because the file can be open only once.
        *database = Err(StoreError::Unavailable("the state is being opened".into()));
        *database = file::open(directory);
        database.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Closes the file; everything fails from then on.
    pub(super) fn close(&self) {
        *self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner) =
            Err(StoreError::Unavailable("the state is closed".into()));
    }

    /// An error of the database, with the file that it is about.
    pub(super) fn describe(&self, error: &dyn std::fmt::Display) -> StoreError {
        StoreError::Unavailable(match &self.directory {
            Some(directory) => format!("{}: {error}", file::path(directory).display()),
            None => error.to_string(),
        })
    }
}
