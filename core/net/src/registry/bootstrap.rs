//! RDAP bootstrap files (RFC 9224): built in, downloaded later, or from a directory of the settings.

use std::{
    borrow::Cow,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use netvane_document::Failure;
use netvane_facts::registration::bootstrap::{Bootstrap, BootstrapFile};

/// Value of `rdap.bootstrap` for the built-in files.
const BUILTIN: &str = "builtin";

/// Largest file that is read, in bytes; IANA's largest has about 40 KB.
const MAX_FILE: u64 = 4 << 20;

/// The files that are built into the program.
const SHIPPED: [(BootstrapFile, &str); 4] = [
    (
        BootstrapFile::Names,
        include_str!("../../../../config/data/rdap/dns.json"),
    ),
    (
        BootstrapFile::Ipv4,
        include_str!("../../../../config/data/rdap/ipv4.json"),
    ),
    (
        BootstrapFile::Ipv6,
        include_str!("../../../../config/data/rdap/ipv6.json"),
    ),
    (
        BootstrapFile::AsNumbers,
        include_str!("../../../../config/data/rdap/asn.json"),
    ),
];

/// Modification time and length of each downloaded file; `None` where there is none.
type Stamps = [Option<(SystemTime, u64)>; 4];

type Loaded = Result<Arc<Bootstrap>, Failure>;

/// Where the bootstrap files come from, and what they contain, once they are needed.
pub(super) struct BootstrapSource {
    /// Directory of the settings, which must have all files; `None` for the built-in ones.
    configured: Option<PathBuf>,
    /// Directory with files that replace built-in ones if they are newer.
    downloaded: Option<PathBuf>,
    loaded: Mutex<Option<(Stamps, Loaded)>>,
}

impl BootstrapSource {
    pub(super) fn new(setting: &str, downloaded: Option<PathBuf>) -> Self {
        let configured = (setting != BUILTIN).then(|| setting.into());
        Self {
            downloaded: downloaded.filter(|_| configured.is_none()),
            configured,
            loaded: Mutex::default(),
        }
    }

    /// Returns the files in use; reads them at the first call.
    pub(super) fn current(&self) -> Loaded {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, bootstrap) = loaded.get_or_insert_with(|| (self.stamps(), self.load()));
        bootstrap.clone()
    }

    /// Reads downloaded files again if they changed; returns whether they did.
    pub(super) fn refresh_if_changed(&self) -> bool {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.stamps();
        match &*loaded {
            Some((before, _)) if *before != now => {
                *loaded = Some((now, self.load()));
                true
            }
            _ => false,
        }
    }

    fn stamps(&self) -> Stamps {
        BootstrapFile::ALL.map(|file| {
            let path = self.downloaded.as_ref()?.join(file.name());
            let data = fs::metadata(path).ok()?;
            Some((data.modified().ok()?, data.len()))
        })
    }

    fn load(&self) -> Loaded {
        let parsed = match &self.configured {
            Some(directory) => read_all(directory),
            None => {
                let [dns, ipv4, ipv6, asn] = SHIPPED
                    .map(|(file, shipped)| newest(file, shipped, self.downloaded.as_deref()));
                Bootstrap::parse(&dns, &ipv4, &ipv6, &asn).map_err(|error| {
                    Failure::Unavailable(format!("built-in RDAP bootstrap: {error}"))
                })
            }
        };
        parsed.map(Arc::new)
    }
}

/// Returns the downloaded file if it is valid and newer than the built-in one, else the built-in one.
fn newest(
    file: BootstrapFile,
    shipped: &'static str,
    downloaded: Option<&Path>,
) -> Cow<'static, str> {
    let fresh = downloaded
        .and_then(|directory| read(&directory.join(file.name())).ok())
        .filter(|text| {
            let Ok(published) = file.publication(text) else {
                return false;
            };
            file.publication(shipped)
                .is_ok_and(|shipped| published > shipped)
        });
    fresh.map_or(Cow::Borrowed(shipped), Cow::Owned)
}

fn read_all(directory: &Path) -> Result<Bootstrap, Failure> {
    let read = |file: BootstrapFile| {
        let path = directory.join(file.name());
        read(&path).map_err(|error| {
            Failure::Unavailable(format!("rdap.bootstrap: {}: {error}", path.display()))
        })
    };
    Bootstrap::parse(
        &read(BootstrapFile::Names)?,
        &read(BootstrapFile::Ipv4)?,
        &read(BootstrapFile::Ipv6)?,
        &read(BootstrapFile::AsNumbers)?,
    )
    .map_err(|error| {
        Failure::Unavailable(format!("rdap.bootstrap: {}: {error}", directory.display()))
    })
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use netvane_facts::registration::Kind;

    use super::*;

    fn names(date: &str) -> String {
        format!(r#"{{"publication":"{date}","services":[[["com"],["https://fresh.test/"]]]}}"#)
    }

    fn server_of_com(source: &BootstrapSource) -> String {
        let bootstrap = source.current().expect("files");
        bootstrap.lookup(Kind::Domain, "example.com").concat()
    }

    #[test]
    fn only_newer_and_valid_downloads_replace_the_shipped_files() {
        let folder = std::env::temp_dir().join(format!("netvane-bootstrap-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let source = BootstrapSource::new(BUILTIN, Some(folder.clone()));
        let shipped = server_of_com(&source);
        assert!(shipped.contains("verisign"), "{shipped}");
        assert!(!source.refresh_if_changed());

        for (text, used) in [
            (names("2020-01-01T00:00:00Z"), false),
            (names("soon"), false),
            ("<html>".into(), false),
            (names("2099-01-01T00:00:00Z"), true),
            (String::new(), false),
        ] {
            fs::write(folder.join("dns.json"), &text).expect("writes");
            assert!(source.refresh_if_changed());
            assert!(!source.refresh_if_changed());
            let server = server_of_com(&source);
            assert_eq!(server == "https://fresh.test/", used, "{text}");
            assert!(used || server == shipped, "{text}");
            // The other files are still the shipped ones.
            let bootstrap = source.current().expect("files");
            assert!(!bootstrap.lookup(Kind::Ip, "193.0.6.139").is_empty());
        }

        fs::remove_dir_all(&folder).expect("removed");
        assert!(source.refresh_if_changed());
        assert_eq!(server_of_com(&source), shipped);
    }
}
