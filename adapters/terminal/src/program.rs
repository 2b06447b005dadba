//! The name that this program was called by.

use std::{path::Path, sync::LazyLock};

/// The name of this program in help and errors: the file name that it was called by, or `netvane` if that is no plain
/// word.
pub(crate) fn name() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let first = std::env::args().next().filter(|_| !cfg!(test));
        plain(&first.unwrap_or_default()).unwrap_or_else(|| "netvane".into())
    });
    &NAME
}

/// Returns the file name of a path without `.exe`, if it can be typed as it is.
fn plain(path: &str) -> Option<String> {
    let file = Path::new(path).file_name()?.to_str()?;
    let name = file.strip_suffix(".exe").unwrap_or(file);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let is_word =
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain);
    is_word.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_file() {
        for (path, name) in [
            ("nv", Some("nv")),
            ("./target/debug/netvane", Some("netvane")),
            ("/usr/local/bin/nv-2.1", Some("nv-2.1")),
            ("nv.exe", Some("nv")),
            ("-nv", None),
            ("/bin/a b", None),
            ("a\u{1b}[31m", None),
            ("", None),
            ("..", None),
        ] {
            assert_eq!(plain(path).as_deref(), name, "{path:?}");
        }
    }
}
