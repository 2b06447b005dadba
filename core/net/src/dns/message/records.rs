//! Reads the records of a response, bounded in number and size.

use bytes::Bytes;
use domain::{
    base::{
        ParsedRecord, Rtype, UnknownRecordData, message::RecordSection, rdata::ComposeRecordData,
        wire::ParseError,
    },
    rdata::AllRecordData,
};

use super::{Data, Record, without_dot};
use crate::{dns::presentation::Uncompressed, metrics};

/// Largest number of records of a response that are read, over all sections.
const MAX_RECORDS: usize = 1024;
/// Largest size in bytes of the records that are read, with all names written out. With compression pointers (RFC 1035
/// §4.1.4), a response of 64 KiB can have megabytes of names.
const MAX_EXPANDED: usize = 128 << 10;

/// Reads the records of a response up to its limits.
#[derive(Default)]
pub(super) struct RecordReader {
    records: usize,
    /// Size of the records read so far, with all names written out.
    expanded: usize,
}

impl RecordReader {
    /// Reads a section without OPT. Returns its records, and how many it has.
    pub(super) fn read(
        &mut self,
        section: RecordSection<'_, Bytes>,
    ) -> Result<(Vec<Record>, usize), ParseError> {
        let mut records = Vec::new();
        let mut total = 0;

        for parsed in section {
            let parsed = parsed?;
            if parsed.rtype() == Rtype::OPT {
                continue;
            }
            total += 1;
            if self.is_full() {
                continue;
            }
            let record = read_record(&parsed)?;
            self.records += 1;
            self.expanded += record.expanded_size();
            if !self.is_full() {
                records.push(record);
            } else {
                metrics::limit_reached("dns_records");
            }
        }

        records.shrink_to_fit();
        Ok((records, total))
    }

    fn is_full(&self) -> bool {
        self.records > MAX_RECORDS || self.expanded > MAX_EXPANDED
    }
}

fn read_record(parsed: &ParsedRecord<'_, Bytes>) -> Result<Record, ParseError> {
    let data = match parsed.to_any_record::<Data>() {
        Ok(record) => record.into_data(),
        // Data that is invalid for its type is kept as raw bytes.
        Err(_) => match parsed.to_record::<UnknownRecordData<Bytes>>()? {
            Some(record) => AllRecordData::Unknown(record.into_data()),
            None => {
                return Err(ParseError::form_error("unreadable record data"));
            }
        },
    };
    let data = match data {
        AllRecordData::Unknown(unknown) => AllRecordData::Unknown(uncompress(parsed, unknown)),
        data => data,
    };

    Ok(Record {
        name: without_dot(parsed.owner()),
        class: parsed.class(),
        ttl: parsed.ttl().as_secs(),
        rtype: parsed.rtype(),
        data,
    })
}

/// Replaces compressed names in the data; data that is invalid for its type stays as it is.
fn uncompress(
    parsed: &ParsedRecord<'_, Bytes>,
    unknown: UnknownRecordData<Bytes>,
) -> UnknownRecordData<Bytes> {
    let uncompressed = match parsed.to_record::<Uncompressed>() {
        Ok(Some(record)) => record.into_data().octets,
        _ => return unknown,
    };
    UnknownRecordData::from_octets(parsed.rtype(), uncompressed).unwrap_or(unknown)
}

impl Record {
    /// Size of the record in bytes with all names written out; the owner name as text.
    fn expanded_size(&self) -> usize {
        let data = ComposeRecordData::rdlen(&self.data, false);
        self.name.len() + data.map_or(usize::from(u16::MAX), usize::from)
    }
}
