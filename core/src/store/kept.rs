//! The database, opened anew after its disk failed.

use std::{
    path::PathBuf,
    sync::{PoisonError, RwLock},
};

use redb::Database;

use super::open_file;

/// After a fault of the disk redb takes and gives nothing more until its file is opened anew.
pub(super) struct Kept {
    database: RwLock<Option<Database>>,
    /// `None` in memory, where nothing can fail.
    file: Option<PathBuf>,
}

impl Kept {
    pub(super) fn new(database: Database, file: Option<PathBuf>) -> Self {
        Self {
            database: RwLock::new(Some(database)),
            file,
        }
    }

    /// Reads or writes; both fail while the file cannot be opened.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let open = self.database.read().unwrap_or_else(PoisonError::into_inner);
        look(open.as_ref().ok_or(redb::Error::PreviousIo)?)
    }

    /// Opens the file anew, which is what was last committed. What reads meanwhile waits.
    pub(super) fn reopen(&self) -> Result<(), redb::Error> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut open = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Closed first: a file is open once.
        *open = None;
        *open = Some(open_file(file)?);
        Ok(())
    }
}
