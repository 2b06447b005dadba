use hickory_resolver::proto::dnssec::Nsec3HashAlgorithm;

use super::*;

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

fn nsec(owner: &str, next: &str, types: &[RecordType]) -> Record {
    let data = NSEC::new(name(next), types.iter().copied());
    let data = RData::DNSSEC(DNSSECRData::NSEC(data));
    Record::from_rdata(name(owner), 60, data)
}

/// The zone `z.`: apex, `a`, `b.ent`, `cut` (without DS), `signed` (with DS), `*.wild`.
fn plain_zone() -> Vec<Record> {
    use RecordType::{A, DS, NS, SOA, TXT};
    vec![
        nsec("z.", "a.z.", &[SOA, NS]),
        nsec("a.z.", "cut.z.", &[A]),
        nsec("cut.z.", "b.ent.z.", &[NS]),
        nsec("b.ent.z.", "signed.z.", &[A]),
        nsec("signed.z.", "*.wild.z.", &[NS, DS]),
        nsec("*.wild.z.", "z.", &[TXT]),
    ]
}

/// The same names with NSEC3, and `out.z.` in a span that opts out.
fn hashed_zone(opt_out: bool) -> Vec<Record> {
    use RecordType::{A, DS, NS, SOA, TXT};
    let all = [
        ("z.", vec![SOA, NS]),
        ("a.z.", vec![A]),
        ("cut.z.", vec![NS]),
        ("ent.z.", vec![]),
        ("b.ent.z.", vec![A]),
        ("signed.z.", vec![NS, DS]),
        ("wild.z.", vec![]),
        ("*.wild.z.", vec![TXT]),
    ];
    let mut hashed: Vec<(Vec<u8>, Vec<RecordType>)> = all
        .into_iter()
        .map(|(text, types)| {
            let hash = Nsec3HashAlgorithm::SHA1.hash(b"salt", &name(text), 1);
            (hash.expect("a hash").as_ref().to_vec(), types)
        })
        .collect();
    hashed.sort();

    let count = hashed.len();
    (0..count)
        .map(|at| {
            let (owner, types) = &hashed[at];
            let next = hashed[(at + 1) % count].0.clone();
            let record = NSEC3::new(
                Nsec3HashAlgorithm::SHA1,
                opt_out,
                1,
                b"salt".to_vec(),
                next,
                types.iter().copied(),
            );
            let owner = name(&format!("{}.z.", BASE32_DNSSEC.encode(owner)));
            Record::from_rdata(owner, 60, RData::DNSSEC(DNSSECRData::NSEC3(record)))
        })
        .collect()
}

#[test]
fn a_whole_zone_proves_exactly_what_does_not_exist() {
    use RecordType::{A, TXT};
    for section in [plain_zone(), hashed_zone(false)] {
        let denials = Denials::new(&name("z."), &section);
        for (text, is_denied) in [
            ("b.z.", true),
            ("x.y.a.z.", true),
            ("zz.z.", true),
            ("a.z.", false),
            ("ent.z.", false),
            ("b.ent.z.", false),
            ("x.wild.z.", false),
            ("x.cut.z.", false),
            ("other.", false),
        ] {
            assert_eq!(denials.deny_name(&name(text)), is_denied, "{text}");
        }
        for (text, rtype, is_denied) in [
            ("a.z.", TXT, true),
            ("a.z.", A, false),
            ("ent.z.", A, true),
            ("x.wild.z.", A, true),
            ("x.wild.z.", TXT, false),
            ("cut.z.", A, false),
            ("b.z.", A, false),
        ] {
            assert_eq!(denials.deny_type(&name(text), rtype), is_denied, "{text}");
        }
        for (text, is_denied) in [("cut.z.", true), ("signed.z.", false), ("z.", false)] {
            assert_eq!(denials.deny_ds(&name(text)), is_denied, "{text}");
        }
        assert!(denials.allow_wildcard(&name("x.wild.z."), 2));
        assert!(!denials.allow_wildcard(&name("a.z."), 1));
    }
}

#[test]
fn records_about_other_names_prove_nothing() {
    for section in [plain_zone(), hashed_zone(false)] {
        // Of a replayed denial, only the apex.
        let apex: Vec<Record> = section
            .into_iter()
            .filter(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::NSEC(nsec)) => nsec.type_set().contains(RecordType::SOA),
                RData::DNSSEC(DNSSECRData::NSEC3(nsec)) => {
                    nsec.type_set().contains(RecordType::SOA)
                }
                _ => false,
            })
            .collect();
        let denials = Denials::new(&name("z."), &apex);
        assert!(!denials.deny_ds(&name("signed.z.")));
        assert!(!denials.deny_name(&name("y.signed.z.")));
        assert!(!denials.deny_type(&name("a.z."), RecordType::A));
    }
    let none = Denials::new(&name("z."), &[]);
    assert!(!none.deny_ds(&name("cut.z.")));
}

#[test]
fn delegations_may_be_left_out_where_the_span_opts_out() {
    let (with, without) = (hashed_zone(true), hashed_zone(false));
    let zone = name("z.");
    assert!(Denials::new(&zone, &with).deny_ds(&name("out.z.")));
    assert!(!Denials::new(&zone, &without).deny_ds(&name("out.z.")));
    assert!(!Denials::new(&zone, &with).deny_ds(&name("signed.z.")));
}
