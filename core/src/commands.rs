//! All commands, one file each, in folders by topic.

/// Lists the commands of a folder in the order of `help`: for each, its file and the command's type.
macro_rules! commands {
    ($($file:ident::$command:ident,)+) => {
        $(pub(crate) mod $file;)+

        /// The commands of this folder.
        pub(super) fn entries() -> Vec<crate::command::Entry> {
            vec![$(crate::command::Entry::of::<$file::$command>()),+]
        }
    };
}

mod about;
pub(crate) mod address;
pub(crate) mod dns;
pub(crate) mod mail;
mod reach;
mod request;
pub(crate) mod target_address;

use std::time::Duration;

use crate::command::Registry;

/// Timeout of a whole DNS command; long enough for two attempts at each of three servers.
const DNS_TIMEOUT: Duration = Duration::from_secs(15);

/// All commands, in the order of `help`.
pub fn registry() -> Registry {
    let folders = [
        dns::entries(),
        address::entries(),
        reach::entries(),
        mail::entries(),
        request::entries(),
        about::entries(),
    ];

    Registry::new(folders.into_iter().flatten().collect())
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
