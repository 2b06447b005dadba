//! One database in memory, from a file or as it ships with the program.

use std::{
    fs::File,
    io::{self, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use maxminddb::Reader;

use super::record::GeoRecord;

/// The database that ships with the program: country and AS for IPv4 and IPv6. Used in place, without a copy.
static EMBEDDED: &[u8] = include_bytes!("../../../../config/data/geo.mmdb");

/// Largest file that is opened, in bytes; MaxMind's largest commercial database is well below it.
const MAX_BYTES: u64 = 2 << 30;

/// Addresses looked up before a database is used; see [`Database::check_sample`].
const SAMPLES: u32 = 4096;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// The file cannot be read or written.
    #[error("geo database {path}: {source}")]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// Not a MaxMind DB file, or a damaged one.
    #[error("geo database {name}: {reason}")]
    Broken {
        /// File name, or `embedded`.
        name: String,
        /// The problem as text.
        reason: String,
    },
}

/// The bytes of a database. Files are read into memory and not mapped: truncating a mapped file in place would kill
/// the process, and mapping needs `unsafe`.
#[derive(Debug)]
pub(super) enum Bytes {
    Static(&'static [u8]),
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Bytes::Static(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

/// An open database, held in memory.
#[derive(Debug)]
pub struct Database {
    pub(super) reader: Reader<Bytes>,
    /// `database_type` of the metadata, e.g. `GeoLite2-City`.
    pub(super) name: String,
    /// Build time, seconds since 1970.
    pub(super) built: u64,
    /// Size of the database in bytes.
    size: usize,
}

impl Database {
    /// Opens the database that ships with the program. A test verifies its bytes, so this only reads the metadata.
    pub fn embedded() -> Result<Self, GeoError> {
        Self::new(Bytes::Static(EMBEDDED), "embedded")
    }

    /// Opens a file and checks a sample of its records; [`verify`] checks all of it.
    pub fn open(path: &Path) -> Result<Self, GeoError> {
        let file_error = |source| GeoError::File {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(file_error)?;
        let size = file.metadata().map_err(file_error)?.len();
        if size > MAX_BYTES {
            return Err(file_error(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "larger than 2 GiB",
            )));
        }
        let mut bytes = Vec::with_capacity(size as usize);
        file.take(MAX_BYTES)
            .read_to_end(&mut bytes)
            .map_err(file_error)?;
        Self::from_bytes(bytes, &path.display().to_string())
    }

    /// Opens a database from bytes in memory; `name` is its name in error messages.
    pub fn from_bytes(bytes: Vec<u8>, name: &str) -> Result<Self, GeoError> {
        let database = Self::new(Bytes::Owned(bytes), name)?;
        database.check_sample().map_err(|reason| GeoError::Broken {
            name: name.to_owned(),
            reason,
        })?;
        Ok(database)
    }

    fn new(bytes: Bytes, name: &str) -> Result<Self, GeoError> {
        let broken = |reason: String| GeoError::Broken {
            name: name.to_owned(),
            reason,
        };
        let size = bytes.as_ref().len();
        let reader = Reader::from_source(bytes).map_err(|error| broken(explain(size, &error)))?;
        let built = reader.metadata().build_epoch;
        let name =
            super::clip(&reader.metadata().database_type).unwrap_or_else(|| "unnamed".to_owned());
        Ok(Self {
            reader,
            name,
            built,
            size,
        })
    }

    /// Size of the database in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.size
    }

    /// Finds the record of an address and its network. An IPv6 address in an IPv4-only file has no record.
    pub(super) fn find(
        &self,
        address: IpAddr,
    ) -> Result<Option<(GeoRecord<'_>, Option<IpNet>)>, String> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(None);
        }
        let found = self
            .reader
            .lookup(address)
            .map_err(|error| error.to_string())?;
        let Some(record) = found
            .decode::<GeoRecord>()
            .map_err(|error| error.to_string())?
        else {
            return Ok(None);
        };
        let network = found
            .network()
            .ok()
            .and_then(|net| IpNet::new(net.network(), net.prefix()).ok());
        Ok(Some((record, network)))
    }

    /// Reads records from the whole address space, so that a damaged file fails here and not in a lookup. Also rejects
    /// databases of something else (anonymizers, carriers), which have neither locations nor AS numbers.
    fn check_sample(&self) -> Result<(), String> {
        if self.has_any(|record| !record.is_empty())? {
            return Ok(());
        }
        Err(format!(
            "{} contains neither locations nor AS numbers",
            self.name
        ))
    }

    /// Checks that some records of a sample name a city.
    pub(super) fn check_cities(&self) -> Result<(), String> {
        if self.has_any(|record| record.city.is_some())? {
            return Ok(());
        }
        Err(format!("{} contains no cities", self.name))
    }

    /// Checks every node of the tree and every record. Takes about a second per 50 MB.
    pub(super) fn check_all(&self) -> Result<(), String> {
        self.reader.verify().map_err(|error| error.to_string())
    }

    /// Whether a sample of the records has one that meets the condition. Fails if a record of the sample is damaged.
    fn has_any(&self, meets: impl Fn(&GeoRecord<'_>) -> bool) -> Result<bool, String> {
        let v4 = (0..SAMPLES).map(|i| IpAddr::V4(Ipv4Addr::from_bits(i.wrapping_mul(0x9E37_79B1))));

        // Global IPv6 unicast is 2000::/3.
        let v6 = (0..SAMPLES / 4).map(|i| {
            IpAddr::V6(Ipv6Addr::from_bits(
                1 << 125 | u128::from(i.wrapping_mul(0x9E37_79B1)) << 93,
            ))
        });

        let mut has_one = false;

        for address in v4.chain(v6) {
            let found = self
                .find(address)
                .map_err(|error| format!("damaged at {address}: {error}"))?;
            has_one |= found.is_some_and(|(record, _)| meets(&record));
        }

        // Every sample can miss a small database; then the first records of the file decide.
        let first =
            || {
                let networks = self
                    .reader
                    .networks(maxminddb::WithinOptions::default())
                    .ok()?;
                Some(networks.take(64).flatten().any(
                    |at| matches!(at.decode::<GeoRecord>(), Ok(Some(record)) if meets(&record)),
                ))
            };

        Ok(has_one || first() == Some(true))
    }
}

/// Describes common kinds of damage so that an operator knows what to do.
fn explain(size: usize, error: &maxminddb::MaxMindDbError) -> String {
    match size {
        0 => "the file is empty".to_owned(),
        _ => format!("not a complete MaxMind DB file ({error}; {size} bytes)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Database::embedded` relies on this and does not verify.
    #[test]
    fn the_shipped_database_is_valid() {
        let shipped = Database::embedded().expect("metadata");
        shipped.reader.verify().expect("valid");
        shipped
            .check_sample()
            .expect("has countries and AS numbers");
        assert_eq!(shipped.name, super::super::attribution::SHIPPED);
    }
}
