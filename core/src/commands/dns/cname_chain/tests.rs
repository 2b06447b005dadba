use domain::base::Rtype;
use hickory_resolver::proto::op::ResponseCode::{
    self, FormErr, NXDomain, NoError, NotAuth, Refused, ServFail,
};

use super::*;
use crate::commands::dns::testing::{message, records};

const SOA: &str = "example.test. 60 IN SOA ns1.example.test. host.example.test. 1 2 3 4 60";

/// A chain for the addresses of `www.example.test` after these answers, one after the other.
fn followed(answers: &[&str]) -> Chain {
    let mut chain = Chain::new("WWW.Example.test.", Rtype::A);
    for lines in answers {
        chain.take(records(lines));
    }
    chain
}

fn outcome(rcode: ResponseCode, flags: &str, answers: &str, authority: &str) -> Outcome {
    let mut message = message(rcode, flags, answers, authority);
    let mut chain = Chain::new("www.example.test", Rtype::A);
    chain.take(std::mem::take(&mut message.answers));
    chain.outcome(&message)
}

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.name.as_str()).collect()
}

#[test]
fn aliases_come_in_the_order_they_lead_on_whatever_order_the_server_has() {
    let chain = followed(&["
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
fn an_alias_without_its_target_is_open_and_goes_on_with_the_next_answer() {
    let chain = followed(&["www.example.test. 300 IN CNAME web.other.test."]);
    assert!(chain.is_open());
    assert_eq!(chain.end, "web.other.test");

    let chain = followed(&[
        "www.example.test. 300 IN CNAME web.other.test.",
        "web.other.test. 60 IN A 192.0.2.7",
    ]);
    assert!(!chain.is_open());
    assert_eq!(names(&chain.records), ["web.other.test"]);
}

#[test]
fn names_are_compared_without_regard_to_case() {
    let chain = followed(&["
        wWw.eXample.Test. 300 IN CNAME WEB.example.test.
        web.EXAMPLE.test. 300 IN CNAME end.example.test.
    "]);
    assert_eq!(chain.aliases.len(), 2);
    assert_eq!(chain.end, "end.example.test");
}

#[test]
fn circles_end() {
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
        assert!(!followed(&[circle]).is_open(), "{circle}");
    }
}

#[test]
fn a_circle_over_several_answers_ends_too() {
    let chain = followed(&[
        "www.example.test. 300 IN CNAME a.example.test.",
        "a.example.test. 300 IN CNAME www.example.test.",
    ]);
    assert!(!chain.is_open());
    let last = message(NoError, "ra", "", "");
    assert_eq!(chain.outcome(&last), Outcome::CnameLoop);
}

#[test]
fn a_question_for_the_alias_itself_follows_nothing() {
    let mut chain = Chain::new("www.example.test", Rtype::CNAME);
    chain.take(records(
        "
        www.example.test. 300 IN CNAME web.example.test.
        web.example.test. 300 IN CNAME end.example.test.
    ",
    ));
    assert!(chain.aliases.is_empty());
    assert_eq!(chain.records.len(), 2);
    assert_eq!(chain.end, "www.example.test");
}

#[test]
fn any_takes_every_type() {
    let mut chain = Chain::new("example.test", Rtype::ANY);
    chain.take(records(
        "
        example.test. 300 IN A 192.0.2.1
        example.test. 300 IN MX 10 mx.example.test.
    ",
    ));
    assert_eq!((chain.records.len(), chain.others.len()), (2, 0));
}

#[test]
fn what_several_answers_repeat_is_there_once() {
    let alias = "www.example.test. 300 IN CNAME web.example.test.";
    let other = "www.example.test. 300 IN TXT \"aside\"";
    let both = format!("{alias}\n{other}");
    let chain = followed(&[&both, &both, other]);
    assert_eq!(names(&chain.aliases), ["www.example.test"]);
    assert_eq!(names(&chain.others), ["www.example.test"]);
}

#[test]
fn records_of_a_stranger_are_neither_aliases_nor_a_way() {
    let chain = followed(&["
        evil.test. 300 IN CNAME www.example.test.
        evil.test. 300 IN TXT \"x\"
    "]);
    assert!(chain.aliases.is_empty() && chain.records.is_empty());
    assert_eq!(chain.end, "www.example.test");
    assert_eq!(chain.others.len(), 2);
}

#[test]
fn rcodes_are_outcomes() {
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
fn an_empty_answer_is_read_by_who_gives_it() {
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
fn a_cut_answer_is_cut_even_with_records() {
    let record = "www.example.test. 300 IN A 192.0.2.1";
    assert_eq!(outcome(NoError, "ra", record, ""), Outcome::Answer);
    assert_eq!(outcome(NoError, "ra tc", record, ""), Outcome::Truncated);
}

#[test]
fn a_chain_is_too_long_only_where_nobody_says_that_it_ends() {
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
