use super::*;

fn faults(text: &str) -> Vec<String> {
    let faults = parse(text).faults;
    faults.iter().map(ToString::to_string).collect()
}

fn values() -> MacroValues<'static> {
    MacroValues {
        local_part: "strong-bad",
        sender_domain: "email.example.com",
        domain: "email.example.com",
        address: "192.0.2.3".parse().expect("an address"),
        reverse_name: "mx.example.org",
        helo: "mail.example.org",
        receiver: "mx.example.net",
        time: 1_700_000_000,
    }
}

#[test]
fn only_the_exact_version_makes_an_spf_record() {
    for text in ["v=spf1", "v=spf1 -all", "V=SPF1 -all", "v=spf1 "] {
        assert!(is_record(text), "{text}");
    }
    for text in [
        "",
        "v=spf",
        "v=spf10",
        "v=spf1-all",
        "v=spf1\t-all",
        " v=spf1",
        "v=spf2.0/pra",
        "v=spé",
        "\"v=spf1",
    ] {
        assert!(!is_record(text), "{text}");
    }
}

#[test]
fn each_term_has_its_place_in_the_record() {
    let text =
        "v=spf1  ip4:192.0.2.1/24 -Include:%{d2}.example.test  redirect=_spf.example.test x=y";
    let record = parse(text);
    assert_eq!(record.faults, []);
    let spans: Vec<&str> = record
        .terms
        .iter()
        .map(|term| &text[term.span.clone()])
        .collect();
    assert_eq!(
        spans,
        [
            "ip4:192.0.2.1/24",
            "-Include:%{d2}.example.test",
            "redirect=_spf.example.test",
            "x=y"
        ]
    );
    assert_eq!(
        record.terms[0].kind,
        TermKind::Directive(
            Qualifier::Pass,
            Mechanism::Ip4("192.0.2.0/24".parse().expect("a network"))
        )
    );
    assert!(matches!(
        &record.terms[1].kind,
        TermKind::Directive(Qualifier::Fail, Mechanism::Include(target)) if target.literal().is_none()
    ));
    assert_eq!(
        record.redirect().and_then(MacroString::literal),
        Some("_spf.example.test")
    );
    assert!(matches!(&record.terms[3].kind, TermKind::Unknown { name } if name == "x"));
    assert_eq!(record.all(), None);
}

#[test]
fn a_and_mx_take_two_prefix_lengths() {
    let lengths = |text: &str| match &parse(&format!("v=spf1 {text}")).terms.first()?.kind {
        TermKind::Directive(_, Mechanism::A(target, lengths) | Mechanism::Mx(target, lengths)) => {
            let target = target.as_ref().and_then(MacroString::literal);
            Some((target.map(str::to_owned), lengths.v4, lengths.v6))
        }
        _ => None,
    };
    let name = || Some("a/b.example.test".to_owned());
    assert_eq!(lengths("a"), Some((None, 32, 128)));
    assert_eq!(lengths("a/24"), Some((None, 24, 128)));
    assert_eq!(lengths("mx//64"), Some((None, 32, 64)));
    assert_eq!(lengths("mx/0//0"), Some((None, 0, 0)));
    assert_eq!(lengths("a:a/b.example.test/8//9"), Some((name(), 8, 9)));
    assert_eq!(lengths("a:a/b.example.test"), Some((name(), 32, 128)));

    for invalid in [
        "a/",
        "a//",
        "a/33",
        "a//129",
        "a/24/64",
        "a/024",
        "a:/24",
        "mx/24//",
        "a///24",
        "a/99999999999",
    ] {
        assert_eq!(faults(&format!("v=spf1 {invalid}")).len(), 1, "{invalid}");
    }
}

#[test]
fn a_fault_names_the_term_and_what_was_meant() {
    let text = "v=spf1 ipv4:192.0.2.0/24 ip4:192.0.2.1~all ip4:2001:db8::/32 a:192.0.2.7 redirect:_spf.example.test \
                inlcude:example.test 192.0.2.9 -all. moo all:x include: ip4:192.0.2.256 mx:localhost";
    insta::assert_snapshot!(faults(text).join("\n"), @r"
    `ipv4:192.0.2.0/24`: unknown mechanism; did you mean `ip4:192.0.2.0/24`?
    `ip4:192.0.2.1~all`: `192.0.2.1~all` is not an IPv4 address; did you mean `ip4:192.0.2.1 ~all`?
    `ip4:2001:db8::/32`: `2001:db8::` is not an IPv4 address; did you mean `ip6:2001:db8::/32`?
    `a:192.0.2.7`: `192.0.2.7` is not a domain: it must have at least two labels, and the last one must not be a number; did you mean `ip4:192.0.2.7`?
    `redirect:_spf.example.test`: `redirect` is a modifier: expected `redirect=` and a domain; did you mean `redirect=_spf.example.test`?
    `inlcude:example.test`: unknown mechanism; did you mean `include:example.test`?
    `192.0.2.9`: unknown mechanism; did you mean `ip4:192.0.2.9`?
    `-all.`: unknown mechanism; did you mean `-all`?
    `moo`: unknown mechanism
    `all:x`: `all` takes no argument
    `include:`: the domain is missing
    `ip4:192.0.2.256`: `192.0.2.256` is not an IPv4 address
    `mx:localhost`: `localhost` is not a domain: it must have at least two labels, and the last one must not be a number
    ");
}

#[test]
fn repeated_modifiers_are_faults() {
    assert_eq!(
        faults("v=spf1 redirect=a.test exp=b.test REDIRECT=c.test Exp=d.test"),
        [
            "`REDIRECT=c.test`: `redirect=` must not occur twice",
            "`Exp=d.test`: `exp=` must not occur twice"
        ]
    );
    assert_eq!(faults("v=spf1 a=1 a=2"), [""; 0]);
}

#[test]
fn reports_stay_small_for_a_large_record() {
    let record = parse(&format!("v=spf1 {}", "\u{1}é ".repeat(20_000)));
    assert_eq!((record.terms.len(), record.faults.len()), (0, MAX_FAULTS));
    let record = parse(&format!("v=spf1 ip9:{}", "é".repeat(20_000)));
    assert!(record.faults[0].to_string().len() < 400);
}

#[test]
fn macros_expand_as_in_section_7_4() {
    let v6 = MacroValues {
        address: "2001:db8::cb01".parse().expect("an address"),
        ..values()
    };
    for (text, expected) in [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        (
            "%{ir}.%{v}._spf.%{d2}",
            "3.2.0.192.in-addr._spf.example.com",
        ),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{d99999999999999999999999}", "email.example.com"),
        ("%{S}%%%_%-", "strong-bad%40email.example.com% %20"),
        (
            "%{p} %{h} %{c} %{r} %{t}",
            "mx.example.org mail.example.org 192.0.2.3 mx.example.net 1700000000",
        ),
    ] {
        let text = MacroString::parse_text(text).expect(text);
        assert_eq!(text.expand(&values(), 100).as_deref(), Some(expected));
    }
    let reverse = MacroString::parse_domain("%{ir}.%{v}._spf.%{d2}").expect("a name");
    assert_eq!(
        reverse.expand_name(&v6).as_deref(),
        Some(
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com"
        )
    );
}

#[test]
fn invalid_macros_are_rejected() {
    for text in [
        "%", "%a", "%{", "%{}", "%{x}", "%{d0}", "%{d00}", "%{d2rr}", "%{d2.r}", "%{d;}", "%{é}",
        "%(d)", "%{d", "a\tb",
    ] {
        assert!(MacroString::parse_text(text).is_err(), "{text}");
    }
    for text in [
        "%{c}.example.test",
        "%{r}",
        "%{t}",
        "",
        "test",
        "test.",
        "a.1",
        "a.-b",
        "a.b-",
        "a..",
        "a.b/",
    ] {
        assert!(MacroString::parse_domain(text).is_err(), "{text}");
    }
    for text in [
        "%{d}",
        "a.%{d}",
        "%{d}.test",
        "%{d}%%",
        "a..test",
        "a.test.",
        "a.x-1",
    ] {
        assert!(MacroString::parse_domain(text).is_ok(), "{text}");
    }
}

#[test]
fn long_expansions_lose_labels_on_the_left_or_are_refused() {
    let name = MacroString::parse_domain(&format!("{}test", "%{d}.".repeat(20))).expect("a name");
    let name = name.expand_name(&values()).expect("a name");
    assert!(
        name.len() <= 253 && name.ends_with(".email.example.com.test"),
        "{name}"
    );
    let long = MacroString::parse_text(&"%{s}".repeat(1000)).expect("a text");
    assert_eq!(long.expand(&values(), 1000), None);
    let label =
        MacroString::parse_domain(&format!("{}.%{{h}}", "a".repeat(16_400))).expect("a name");
    assert_eq!(label.expand_name(&values()), None);
}

#[test]
fn arbitrary_text_never_panics() {
    use proptest::prelude::*;
    proptest!(|(text in "v=spf1 ([%{}a-z0-9:/=.~+?é\u{0}-]{0,12} ){0,6}")| {
        let record = parse(&text);
        for term in &record.terms {
            prop_assert!(text.get(term.span.clone()).is_some());
        }
        if let Ok(text) = MacroString::parse_text(&text) {
            let _ = (text.expand(&values(), 100), text.expand_name(&values()));
        }
    });
}
