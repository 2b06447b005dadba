//! Large responses are read up to a bound.

use super::{A, read, whole};
use crate::dns::{
    message::*,
    wire::{QR, message, name, record},
};

/// A response of up to 64 KiB: an owner name of 255 bytes, then as many records with pointers to it as fit.
fn of_pointers(rtype: u16, data: &[u8]) -> Vec<u8> {
    let long = [
        vec![b'a'; 63],
        vec![0xff; 63],
        vec![b'c'; 63],
        vec![b'd'; 45],
    ];
    let mut owner = Vec::new();
    for label in &long {
        owner.push(label.len() as u8);
        owner.extend(label);
    }
    let first = 12 + name("example.com").len() + 4;
    owner.extend([0xc0, 12]);
    let pointer = (0xc000 | first as u16).to_be_bytes();

    let data: Vec<u8> = match data {
        [] => pointer.to_vec(),
        data => data.to_vec(),
    };
    let mut records = vec![record(&owner, rtype, 60, &data)];
    let next = record(&pointer, rtype, 60, &data);
    let room = usize::from(u16::MAX) - 300 - records[0].len();
    records.extend(std::iter::repeat_n(next.clone(), room / next.len()));
    message(QR, Some(("example.com", rtype)), [&records, &[], &[]])
}

#[test]
fn a_response_of_pointers_is_read_up_to_a_bound() {
    const NS: u16 = 2;
    for (rtype, data) in [(NS, &[][..]), (A, &[192, 0, 2, 1]), (65280, &[1, 2])] {
        let octets = of_pointers(rtype, data);
        let message = read(octets.clone());
        let [total, ..] = message.totals;
        assert_eq!(
            total,
            usize::from(u16::from_be_bytes([octets[6], octets[7]]))
        );
        assert!(message.answers.len() < total);

        let names: usize = message.answers.iter().map(|record| record.name.len()).sum();
        let text: usize = message
            .answers
            .iter()
            .map(|record| record.presentation().len())
            .sum();
        assert!(names <= 128 << 10, "{names} bytes of names");
        assert!(text <= 512 << 10, "{text} bytes of data");
        let records = message.answers.capacity() * size_of::<Record>();
        assert!(records <= 512 << 10, "{records} bytes of records");
    }
}

#[test]
fn a_large_response_without_tricks_is_read_in_full() {
    let owner = name("www.example.com");
    for (count, rtype, data) in [
        (1000, A, vec![192, 0, 2, 1]),
        (60, 16, [vec![250], vec![b'x'; 250]].concat().repeat(4)),
    ] {
        let records = vec![record(&owner, rtype, 60, &data); count];
        let message = read(message(
            QR,
            Some(("www.example.com", rtype)),
            [&records, &[], &[]],
        ));
        assert_eq!(
            (message.answers.len(), message.totals),
            (count, [count, 0, 0])
        );
    }
}

#[test]
fn totals_count_the_records_of_all_sections_without_opt() {
    assert_eq!(read(whole()).totals, [3, 1, 1]);
}
