//! The database, opened again after its disk failed.

use std::{
    path::PathBuf,
    sync::{PoisonError, RwLock},
};

use redb::Database;

use super::open_file;

/// After a fault of the disk redb takes and gives nothing more until its file is opened again.
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

    /// Reopens the file with what was last committed. Readers wait meanwhile.
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
