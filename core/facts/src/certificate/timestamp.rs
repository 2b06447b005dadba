//! Signed certificate timestamps of certificate transparency (RFC 6962 §3.2).

/// Most timestamps that are read from one place.
pub(super) const MAX: usize = 16;

/// A signed certificate timestamp: a promise of a log to include the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    /// Identifier of the log in base64, as lists of logs give it.
    pub log: String,
    /// When the log received the certificate, in milliseconds since 1970.
    pub at_ms: u64,
}

impl Timestamp {
    pub(super) fn new(log: &[u8; 32], at_ms: u64) -> Self {
        Self {
            log: data_encoding::BASE64.encode(log),
            at_ms,
        }
    }

    /// Reads the list of the TLS extension (RFC 6962 §3.3), at most 16 timestamps. What follows a
    /// malformed one is ignored.
    pub fn read_list(list: &[u8]) -> Vec<Self> {
        let mut all = Vec::new();
        let mut rest = prefixed(list).map_or(&[][..], |(list, _)| list);

        while let Some((item, after)) = prefixed(rest).filter(|_| all.len() < MAX) {
            // Version 1 is the number 0.
            let Some((log, time)) = item
                .strip_prefix(&[0])
                .and_then(<[u8]>::split_first_chunk::<32>)
            else {
                break;
            };
            let Some(time) = time.first_chunk::<8>() else {
                break;
            };
            all.push(Self::new(log, u64::from_be_bytes(*time)));
            rest = after;
        }

        all
    }
}

/// Content after its length in two bytes, and what follows it.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        [&length[..], content].concat()
    }

    #[test]
    fn reads_a_list_up_to_what_is_malformed() {
        let item = |log: u8, time: u64| {
            let signature = [4, 3, 0, 1, 9];
            with_length(
                &[
                    &[0][..],
                    &[log; 32],
                    &time.to_be_bytes(),
                    &[0, 0],
                    &signature,
                ]
                .concat(),
            )
        };
        let list = with_length(&[item(1, 1000), item(2, 2000)].concat());
        let read = Timestamp::read_list(&list);
        assert_eq!(
            read.iter().map(|one| one.at_ms).collect::<Vec<_>>(),
            [1000, 2000]
        );
        assert_eq!(read[0].log, data_encoding::BASE64.encode(&[1; 32]));

        for end in 0..list.len() {
            assert!(Timestamp::read_list(&list[..end]).is_empty(), "{end}");
        }
        let short = with_length(&[item(1, 1000), with_length(&[0; 20])].concat());
        assert_eq!(Timestamp::read_list(&short).len(), 1);
        let many = with_length(&vec![item(1, 1); 100].concat());
        assert_eq!(Timestamp::read_list(&many).len(), MAX);
    }
}
