//! A disk so small that a test can fill it.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
};

use crate::Scratch;

/// A disk in memory, visible only to this thread and the processes it starts from now on; removed
/// when dropped.
pub struct Disk(Scratch);

impl Disk {
    /// Creates a disk of this many bytes. Needs root.
    pub fn new(bytes: usize) -> Self {
        unshare(CloneFlags::CLONE_NEWNS).expect("tests with disks of their own run as root");
        let nothing = None::<&str>;
        mount(
            nothing,
            "/",
            nothing,
            MsFlags::MS_REC | MsFlags::MS_PRIVATE,
            nothing,
        )
        .expect("mounts of our own");
        let scratch = Scratch::new();
        let size = format!("size={bytes}");
        mount(
            Some("tmpfs"),
            scratch.path(),
            Some("tmpfs"),
            MsFlags::empty(),
            Some(size.as_str()),
        )
        .expect("a small disk");
        Self(scratch)
    }

    /// Mount point of the disk.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Mount point of the disk as text.
    pub fn text(&self) -> &str {
        self.path().to_str().expect("a path in UTF-8")
    }

    /// Fills all remaining space.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file can be made");
        // Also the last bytes, so that small writes fail, too.
        for size in [4096, 1] {
            let piece = vec![b'x'; size];
            let full = loop {
                if let Err(error) = file.write_all(&piece) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Frees the space that [`Disk::fill`] took.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("it was filled");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = umount2(self.path(), MntFlags::MNT_DETACH);
    }
}
