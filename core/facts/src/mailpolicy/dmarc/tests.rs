use super::*;

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text).problems;
    problems.iter().map(ToString::to_string).collect()
}

fn policy(text: &str) -> Option<&'static str> {
    assert!(is_record(text), "{text}");
    parse(text).policy_for(Target::Domain).map(Policy::as_str)
}

#[test]
fn the_version_comes_first_and_has_one_case() {
    for text in [
        "v=DMARC1",
        "v=DMARC1;p=none",
        "v = DMARC1 ; p=none",
        "V=DMARC1;",
        "v=DMARC1;p=reject;v=DMARC1",
        "\tv=DMARC1",
    ] {
        assert_eq!(is_record(text), !text.starts_with('\t'), "{text}");
    }
    for text in [
        "",
        "v=dmarc1; p=none",
        "v=DMARC1 p=none",
        "v=DMARC10",
        "p=none; v=DMARC1",
        "DMARC1",
        "v=DMARC2;",
    ] {
        assert!(!is_record(text), "{text}");
    }
}

#[test]
fn tags_and_values_have_no_case_and_unknown_ones_no_effect() {
    let text = "v=DMARC1; P = Reject ;sp=QUARANTINE; np=none; ADKIM=S; aspf=s; fo=1:D; psd=N; t=Y; x=1; pct=50; \
                rua=mailto:a@example.test!10m, MAILTO:b@example.test ;ruf=mailto:c@example.test;";
    let record = parse(text);
    assert_eq!(record.policy_for(Target::Domain), Some(Policy::Reject));
    assert_eq!(
        record.policy_for(Target::Subdomain),
        Some(Policy::Quarantine)
    );
    assert_eq!(
        record.policy_for(Target::MissingSubdomain),
        Some(Policy::None)
    );
    assert_eq!(
        (
            record.dkim_alignment,
            record.spf_alignment,
            record.psd,
            record.is_testing
        ),
        (Alignment::Strict, Alignment::Strict, Psd::No, true)
    );
    assert_eq!(
        record.failure_options,
        FailureOptions {
            all: false,
            any: true,
            dkim: true,
            spf: false
        }
    );
    assert_eq!(
        record.aggregate_reports,
        ["mailto:a@example.test", "mailto:b@example.test"]
    );
    assert_eq!(record.failure_reports, ["mailto:c@example.test"]);
    assert!(record.problems.iter().all(|problem| problem.is_harmless));
    let spans: Vec<&str> = record
        .problems
        .iter()
        .map(|problem| &text[problem.span.clone()])
        .collect();
    assert_eq!(spans, ["x=1", "pct=50"]);
}

#[test]
fn absent_policies_are_inherited_from_the_next_tag() {
    let record = parse("v=DMARC1; p=reject; sp=none");
    assert_eq!(
        record.policy_for(Target::MissingSubdomain),
        Some(Policy::None)
    );
    let record = parse("v=DMARC1; p=reject; np=none");
    assert_eq!(record.policy_for(Target::Subdomain), Some(Policy::Reject));
}

#[test]
fn without_a_valid_policy_an_address_for_reports_means_none() {
    assert_eq!(
        policy("v=DMARC1; p=rejct; rua=mailto:a@example.test"),
        Some("none")
    );
    assert_eq!(policy("v=DMARC1; rua=mailto:a@example.test"), Some("none"));
    assert_eq!(
        policy("v=DMARC1; p=reject; sp=rejct; rua=mailto:a@example.test"),
        Some("none")
    );
    for text in [
        "v=DMARC1",
        "v=DMARC1; p=rejct",
        "v=DMARC1; p=",
        "v=DMARC1; p=reject; np=no",
        "v=DMARC1; rua=a@example.test",
        "v=DMARC1; rua=mailto:example.test",
        "v=DMARC1; rua=mailto:a@",
        "v=DMARC1; rua=mailto:a@b..test",
        "v=DMARC1; p=none; p=reject",
        "v=DMARC1; p=reject; x=1; X=2",
    ] {
        assert_eq!(policy(text), None, "{text}");
        assert!(!parse(text).is_applicable());
    }
    // Other invalid values leave their defaults.
    assert_eq!(
        policy("v=DMARC1; p=reject; adkim=x; fo=9; t=maybe; psd=?; rua=nobody"),
        Some("reject")
    );
}

#[test]
fn problems_say_what_was_expected() {
    insta::assert_snapshot!(
        problems("v=DMARC1; p=rejct; nonsense; adkim=strict; fo=2; rua=mailto:a@b.test,dmarc@b.test; ri=1; Foo=\u{1}; p=none").join("\n"),
        @r"
    `p` must be `none`, `quarantine` or `reject`, got `rejct`
    `nonsense` is not a tag: expected a name, `=` and a value
    `adkim` must be `r` or `s`, got `strict`
    `fo` must be one or more of `0`, `1`, `d` and `s`, separated by `:`, got `2`
    `rua`: expected an address such as `mailto:dmarc@example.com`, got `dmarc@b.test`
    `ri` was removed by RFC 9989 and has no effect
    unknown tag `foo`, which has no effect
    `p` occurs twice, so the record is invalid (RFC 6376 §3.2)
    "
    );
    assert_eq!(problems("v=DMARC1"), ["the tag `p` (policy) is missing"]);
}

#[test]
fn reports_stay_small_for_a_large_record() {
    let record = parse(&format!(
        "v=DMARC1;{}rua={}",
        "é;".repeat(10_000),
        "x,".repeat(10_000)
    ));
    assert_eq!(record.problems.len(), MAX_PROBLEMS);
    assert!(
        record
            .problems
            .iter()
            .all(|problem| problem.text.len() < 400)
    );
    let many: String = (0..1000).map(|number| format!("x{number}=1;")).collect();
    assert_eq!(policy(&format!("v=DMARC1;{many}p=reject")), None);
}

#[test]
fn arbitrary_text_never_panics() {
    use proptest::prelude::*;
    proptest!(|(text in "v=DMARC1;([ \ta-z0-9:=;,@é\u{0}!?-]{0,12};){0,6}")| {
        let record = parse(&text);
        for problem in &record.problems {
            prop_assert!(text.get(problem.span.clone()).is_some());
        }
    });
}

mod tree {
    use super::super::walk::*;

    /// Runs a walk over records by domain; `!` is a failed lookup.
    fn walk(domain: &str, records: &[(&str, &str)]) -> Walk {
        let mut walk = Walk::new(domain);
        for name in names(domain) {
            let texts: Vec<String> = records
                .iter()
                .filter(|(owner, _)| *owner == name)
                .map(|(_, text)| text.to_string())
                .collect();
            let texts = match texts.first().map(String::as_str) {
                Some("!") => Err("SERVFAIL".to_owned()),
                _ => Ok(texts),
            };
            if !walk.add(&name, texts) {
                break;
            }
        }
        walk
    }

    fn applies(domain: &str, records: &[(&str, &str)]) -> Option<(String, Option<&'static str>)> {
        let walk = walk(domain, records);
        let applied = walk.applied().ok()??;
        let policy = applied.policy(true).map(|policy| policy.as_str());
        Some((applied.found.domain.clone(), policy))
    }

    fn organization(domain: &str, records: &[(&str, &str)]) -> Option<String> {
        walk(domain, records)
            .organizational_domain()
            .ok()
            .map(str::to_owned)
    }

    #[test]
    fn a_walk_has_at_most_eight_names() {
        assert_eq!(
            names("a.example.test"),
            ["a.example.test", "example.test", "test"]
        );
        assert_eq!(names("test"), ["test"]);
        assert_eq!(names("1.2.3.4.5.6.7.test").len(), 8);
        let long = names("1.2.3.4.5.6.7.8.9.test");
        assert_eq!(
            (long.len(), long[0].as_str()),
            (8, "1.2.3.4.5.6.7.8.9.test")
        );
        assert_eq!(
            (long[1].as_str(), long[7].as_str()),
            ("4.5.6.7.8.9.test", "test")
        );
    }

    #[test]
    fn the_own_record_applies_then_that_of_the_organization() {
        let own = ("a.b.example.test", "v=DMARC1; p=none");
        let parent = ("example.test", "v=DMARC1; p=reject; sp=quarantine");
        let suffix = ("test", "v=DMARC1; psd=y; p=reject; sp=none");
        let some = |domain: &str, policy| Some((domain.to_owned(), Some(policy)));

        assert_eq!(applies(own.0, &[]), None);
        assert_eq!(applies(own.0, &[own, parent]), some(own.0, "none"));
        assert_eq!(
            applies(own.0, &[parent]),
            some("example.test", "quarantine")
        );
        assert_eq!(
            applies(own.0, &[parent, suffix]),
            some("example.test", "quarantine")
        );
        assert_eq!(applies(own.0, &[suffix]), some("test", "none"));

        // A record in the middle is not that of the organization.
        let between = ("b.example.test", "v=DMARC1; p=reject");
        assert_eq!(
            applies(own.0, &[between, parent]),
            some("example.test", "quarantine")
        );
        assert_eq!(applies(own.0, &[between, suffix]), some("test", "none"));
        assert_eq!(applies(own.0, &[between]), some("b.example.test", "reject"));
    }

    #[test]
    fn several_records_at_a_name_count_as_none() {
        let two = [
            ("a.example.test", "v=DMARC1; p=none"),
            ("a.example.test", "v=DMARC1; p=reject"),
            ("a.example.test", "v=spf1 -all"),
            ("example.test", "v=DMARC1; p=quarantine"),
        ];
        let found = walk("a.example.test", &two);
        assert_eq!(found.ambiguous, [("a.example.test".to_owned(), 2)]);
        assert_eq!(
            applies("a.example.test", &two),
            Some(("example.test".into(), Some("quarantine")))
        );
    }

    #[test]
    fn psd_decides_where_the_organization_begins() {
        let org = |records: &[(&str, &str)]| organization("a.b.example.co.test", records);
        let some = |name: &str| Some(name.to_owned());
        let record = "v=DMARC1; p=none";
        assert_eq!(org(&[]), some("a.b.example.co.test"));
        assert_eq!(org(&[("example.co.test", record)]), some("example.co.test"));
        assert_eq!(
            org(&[
                ("example.co.test", record),
                ("co.test", "v=DMARC1; p=none; psd=y"),
                ("test", record)
            ]),
            some("example.co.test")
        );
        assert_eq!(
            org(&[("co.test", "v=DMARC1; p=none; psd=y")]),
            some("example.co.test")
        );
        assert_eq!(
            org(&[
                ("b.example.co.test", "v=DMARC1; p=none; psd=n"),
                ("example.co.test", record)
            ]),
            some("b.example.co.test")
        );
        // An invalid record does not end the walk.
        assert_eq!(
            org(&[
                ("b.example.co.test", "v=DMARC1; p=none; psd=n; p=none"),
                ("example.co.test", record)
            ]),
            some("example.co.test")
        );
        // A public suffix that sends mail itself is its own organization.
        assert_eq!(
            organization(
                "co.test",
                &[("co.test", "v=DMARC1; p=none; psd=y"), ("test", record)]
            ),
            some("co.test")
        );
    }

    #[test]
    fn a_failed_lookup_leaves_the_result_open() {
        let own = ("a.example.test", "v=DMARC1; p=none");
        let failing = [own, ("example.test", "!")];
        assert_eq!(
            applies("a.example.test", &failing),
            Some(("a.example.test".into(), Some("none")))
        );
        assert_eq!(organization("a.example.test", &failing), None);
        assert!(walk("a.example.test", &failing[1..]).applied().is_err());
        // A top-level domain without an answer has no record.
        assert_eq!(
            organization("a.example.test", &[own, ("test", "!")]),
            Some("a.example.test".into())
        );
    }
}
