use domain::base::Rtype;
use hickory_resolver::proto::op::ResponseCode::{
    self, FormErr, NXDomain, NoError, NotAuth, Refused, ServFail,
};

use super::*;
use crate::commands::dns::testing::{message, records};

const SOA: &str = "example.test. 60 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

/// The chain of an A query for `www.example.test` after these answers.
fn follow(answers: &[&str]) -> CnameChain {
    let mut chain = CnameChain::new("WWW.Example.test.", Rtype::A);
    for lines in answers {
        chain.add_answers(records(lines));
    }
    chain
}

fn outcome(rcode: ResponseCode, flags: &str, answers: &str, authority: &str) -> Outcome {
    let mut message = message(rcode, flags, answers, authority);
    let mut chain = CnameChain::new("www.example.test", Rtype::A);
    chain.add_answers(std::mem::take(&mut message.answers));
    chain.outcome(&message)
}

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.name.as_str()).collect()
}

#[test]
fn orders_aliases_independently_of_the_answer() {
    let chain = follow(&["
        c.example.test. 300 IN A 192.0.2.1
        b.example.test. 300 IN CNAME c.example.test.
        www.example.test. 300 IN CNAME B.example.TEST.
    "]);
    assert_eq!(
        names(&chain.aliases),
        ["www.example.test", "b.example.test"]
    );
    assert_eq!(names(&chain.records), ["c.example.test"]);
    assert_eq!(chain.end, "c.example.test");
    assert!(!chain.is_open(), "there are records at its end");
}

#[test]
fn a_chain_without_records_is_open_until_the_next_answer() {
    let chain = follow(&["www.example.test. 300 IN CNAME web.other.test."]);
    assert!(chain.is_open());
    assert_eq!(chain.end, "web.other.test");

    let chain = follow(&[
        "www.example.test. 300 IN CNAME web.other.test.",
        "web.other.test. 60 IN A 192.0.2.7",
    ]);
    assert!(!chain.is_open());
    assert_eq!(names(&chain.records), ["web.other.test"]);
}

#[test]
fn names_are_case_insensitive() {
    let chain = follow(&["
        wWw.eXample.Test. 300 IN CNAME WEB.example.test.
        web.EXAMPLE.test. 300 IN CNAME end.example.test.
    "]);
    assert_eq!(chain.aliases.len(), 2);
    assert_eq!(chain.end, "end.example.test");
}

#[test]
fn detects_loops() {
    for circle in [
        "www.example.test. 300 IN CNAME www.example.test.",
        "www.example.test. 300 IN CNAME WWW.EXAMPLE.TEST.",
        "
        www.example.test. 300 IN CNAME a.example.test.
        a.example.test. 300 IN CNAME b.example.test.
        b.example.test. 300 IN CNAME a.example.test.
        ",
    ] {
        assert_eq!(
            outcome(NoError, "ra", circle, ""),
            Outcome::CnameLoop,
            "{circle}"
        );
        assert!(!follow(&[circle]).is_open(), "{circle}");
    }
}

#[test]
fn detects_a_loop_over_several_answers() {
    let chain = follow(&[
        "www.example.test. 300 IN CNAME a.example.test.",
        "a.example.test. 300 IN CNAME www.example.test.",
    ]);
    assert!(!chain.is_open());
    let last = message(NoError, "ra", "", "");
    assert_eq!(chain.outcome(&last), Outcome::CnameLoop);
}

#[test]
fn a_cname_query_follows_nothing() {
    let mut chain = CnameChain::new("www.example.test", Rtype::CNAME);
    chain.add_answers(records(
        "
        www.example.test. 300 IN CNAME web.example.test.
        web.example.test. 300 IN CNAME end.example.test.
    ",
    ));
    assert!(chain.aliases.is_empty());
    assert_eq!(names(&chain.records), ["www.example.test"]);
    assert_eq!(names(&chain.others), ["web.example.test"]);
    assert_eq!(chain.unrelated, 0);
    assert_eq!(chain.end, "www.example.test");
}

#[test]
fn any_takes_every_type() {
    let mut chain = CnameChain::new("example.test", Rtype::ANY);
    chain.add_answers(records(
        "
        example.test. 300 IN A 192.0.2.1
        example.test. 300 IN MX 10 mx.example.test.
    ",
    ));
    assert_eq!((chain.records.len(), chain.others.len()), (2, 0));
}

#[test]
fn drops_repeated_records() {
    let alias = "www.example.test. 300 IN CNAME web.example.test.";
    let other = "www.example.test. 300 IN TXT \"aside\"";
    let both = format!("{alias}\n{other}");
    let chain = follow(&[&both, &both, other]);
    assert_eq!(names(&chain.aliases), ["www.example.test"]);
    assert_eq!(names(&chain.others), ["www.example.test"]);
}

#[test]
fn ignores_aliases_of_other_names() {
    let chain = follow(&["
        evil.test. 300 IN CNAME www.example.test.
        evil.test. 300 IN TXT \"x\"
    "]);
    assert!(chain.aliases.is_empty() && chain.records.is_empty());
    assert_eq!(chain.end, "www.example.test");
    assert_eq!((chain.others.len(), chain.unrelated), (0, 2));
}

#[test]
fn maps_rcodes_to_outcomes() {
    for (rcode, expected) in [
        (NXDomain, Outcome::Nxdomain),
        (ServFail, Outcome::Servfail),
        (Refused, Outcome::Refused),
        (FormErr, Outcome::Error),
        (NotAuth, Outcome::Error),
    ] {
        assert_eq!(outcome(rcode, "ra", "", ""), expected, "{rcode}");
    }
}

#[test]
fn an_empty_answer_depends_on_flags_and_authority() {
    let referral = "test. 300 IN NS ns.nic.test.";
    let upward = ". 300 IN NS a.root-servers.net.";

    for (flags, authority, expected) in [
        ("aa", "", Outcome::NoData),
        ("", SOA, Outcome::NoData),
        ("ra", SOA, Outcome::NoData),
        ("ra", "", Outcome::NoData),
        ("", referral, Outcome::Referral),
        ("ra", referral, Outcome::Referral),
        ("", upward, Outcome::Lame),
        ("", "", Outcome::Lame),
        ("tc aa", "", Outcome::Truncated),
    ] {
        assert_eq!(
            outcome(NoError, flags, "", authority),
            expected,
            "{flags:?} {authority}"
        );
    }
}

#[test]
fn a_truncated_answer_is_truncated_even_with_records() {
    let record = "www.example.test. 300 IN A 192.0.2.1";
    assert_eq!(outcome(NoError, "ra", record, ""), Outcome::Answer);
    assert_eq!(outcome(NoError, "ra tc", record, ""), Outcome::Truncated);
}

#[test]
fn a_chain_is_too_long_only_without_soa_or_nxdomain() {
    let aliases = |count: usize| {
        let line = |at: usize| {
            let owner = if at == 0 {
                "www".into()
            } else {
                format!("a{at}")
            };
            format!(
                "{owner}.example.test. 300 IN CNAME a{}.example.test.\n",
                at + 1
            )
        };
        (0..count).map(line).collect::<String>()
    };

    assert_eq!(
        outcome(NoError, "ra", &aliases(MAX_CHASED), ""),
        Outcome::CnameTooLong
    );
    assert_eq!(
        outcome(NoError, "ra", &aliases(MAX_CHASED - 1), ""),
        Outcome::NoData
    );
    assert_eq!(
        outcome(NoError, "ra", &aliases(MAX_CHASED), SOA),
        Outcome::NoData
    );
    assert_eq!(
        outcome(NXDomain, "ra", &aliases(MAX_CHASED), SOA),
        Outcome::Nxdomain
    );
}

#[test]
fn records_of_other_names_are_not_the_answer() {
    let chain = follow(&["
        www.example.test. 300 IN CNAME web.example.test.
        web.example.test. 60 IN A 192.0.2.1
        other.test. 60 IN A 192.0.2.66
        www.example.test. 60 IN A 192.0.2.67
        elsewhere.test. 60 IN CNAME other.test.
    "]);
    assert_eq!(names(&chain.records), ["web.example.test"]);
    assert_eq!(names(&chain.others), ["www.example.test"]);
    assert_eq!(chain.unrelated, 2);

    assert_eq!(
        outcome(NoError, "ra", "other.test. 60 IN A 192.0.2.66", ""),
        Outcome::NoData
    );
}
