//! Which versions of the NATS server are used.

use std::fmt;

/// First version that is used at all.
const OLDEST: Version = Version(2, 11, 16, true);
/// First version of the 2.12 series without known faults.
const SOUND_2_12: Version = Version(2, 12, 12, true);
/// First version without known faults after the 2.12 series.
const SOUND: Version = Version(2, 14, 3, true);

/// Major, minor and patch number, and whether it is a release: pre-releases sort before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32, bool);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What a server's version means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has no known faults.
    Sound,
    /// It can be used, but should be upgraded, for this reason.
    Aging(String),
    /// It is not used, for this reason.
    Refused(String),
}

/// Judges the version that a server reports, such as `2.11.16` or `2.15.0-RC.1`.
pub(crate) fn judge(reported: &str) -> Verdict {
    let Some(version) = read(reported) else {
        return Verdict::Refused(format!(
            "the NATS server has the version {reported:.40}, which is not known; at least {OLDEST} is required"
        ));
    };
    if version < OLDEST {
        return Verdict::Refused(format!(
            "the NATS server has version {reported:.40}, which loses updates in a cluster and has holes in its permissions; \
             at least {OLDEST} is required"
        ));
    }
    let is_sound = version >= SOUND || (version.1 == 12 && version >= SOUND_2_12);
    if is_sound {
        Verdict::Sound
    } else {
        Verdict::Aging(format!(
            "the NATS server has version {reported:.40}, which has known faults; upgrade it to {SOUND_2_12} or {SOUND}, or a later version"
        ))
    }
}

fn read(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split('+').next()?;
    let (numbers, pre_release) = match text.split_once('-') {
        Some((numbers, suffix)) => (numbers, !suffix.is_empty()),
        None => (text, false),
    };
    let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
    let version = Version(parts.next()??, parts.next()??, parts.next()??, !pre_release);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_below_2_11_16_are_refused() {
        for old in [
            "2.9.10",
            "2.10.29",
            "2.11.15",
            "2.11.16-RC.1",
            "1.4.1",
            "2.11",
            "",
            "x",
            "2.11.16.1",
        ] {
            assert!(matches!(judge(old), Verdict::Refused(_)), "{old}");
        }
    }

    #[test]
    fn versions_with_known_faults_are_used_with_a_warning() {
        for aging in [
            "2.11.16",
            "2.11.99",
            "2.12.0",
            "2.12.11",
            "2.12.12-RC.1",
            "2.13.5",
            "2.14.2",
            "v2.14.3-beta",
        ] {
            assert!(matches!(judge(aging), Verdict::Aging(_)), "{aging}");
        }
        for sound in [
            "2.12.12",
            "2.12.40",
            "2.14.3",
            "2.15.1",
            "2.15.0-RC.1",
            "3.0.0",
            "v2.14.3+build",
        ] {
            assert_eq!(judge(sound), Verdict::Sound, "{sound}");
        }
    }

    #[test]
    fn the_reason_names_both_versions() {
        let Verdict::Refused(reason) = judge("2.9.10") else {
            panic!("2.9.10 is refused");
        };
        assert!(
            reason.contains("2.9.10") && reason.contains("2.11.16"),
            "{reason}"
        );
    }
}
