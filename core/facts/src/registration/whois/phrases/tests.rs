//! Phrases that determine the state, and prose that must not.

use super::*;

#[test]
fn finds_answers_and_ignores_notices() {
    for (line, expected) in [
        (
            "No match for \"EXAMPLE.COM\".",
            Some(RegistrationState::Available),
        ),
        (
            "%% No entries found in the Example Database.",
            Some(RegistrationState::Available),
        ),
        (
            "%ERROR:101: no entries found",
            Some(RegistrationState::Available),
        ),
        (
            "\"example.com\" not found.",
            Some(RegistrationState::Available),
        ),
        ("example.com is free", Some(RegistrationState::Available)),
        (
            "Domain name example.com does not exist in database!",
            Some(RegistrationState::Available),
        ),
        (
            "example.com: no entries found.",
            Some(RegistrationState::Available),
        ),
        (
            "This name is reserved by the Registry in accordance with policy.",
            Some(RegistrationState::Reserved),
        ),
        (
            "WHOIS LIMIT EXCEEDED - SEE HTTP://WHOIS.EXAMPLE/ FOR DETAILS",
            Some(RegistrationState::Throttled),
        ),
        (
            "The WHOIS query quota for 192.0.2.1 has been exceeded",
            Some(RegistrationState::Throttled),
        ),
        (
            "Requests of this client are not permitted.",
            Some(RegistrationState::Unavailable),
        ),
        ("- exceeding query rate or volume limits.", None),
        ("Access to this service is rate limited. For more", None),
        (
            "% to check whether a specific domain name is still available",
            None,
        ),
        ("% available to:", None),
        ("reserved.", None),
        ("Reserved by Registry", Some(RegistrationState::Reserved)),
        ("Availability of a name is not assured by this answer", None),
    ] {
        assert_eq!(state(line, "example.com"), expected, "{line}");
    }

    assert_eq!(
        of_status("220 Available"),
        Some(RegistrationState::Available)
    );
    assert_eq!(of_status("NOT AVAILABLE"), None);
}

#[test]
fn some_status_values_determine_the_state() {
    for (value, expected) in [
        ("free", Some(RegistrationState::Available)),
        ("AVAILABLE.", Some(RegistrationState::Available)),
        ("Not Registered", Some(RegistrationState::Available)),
        ("220 Available", Some(RegistrationState::Available)),
        ("free, paid", Some(RegistrationState::Available)),
        ("reserved (by policy)", Some(RegistrationState::Reserved)),
        ("UNASSIGNABLE", Some(RegistrationState::Reserved)),
        ("invalid", Some(RegistrationState::Unavailable)),
        ("active", None),
        ("connect", None),
        ("", None),
        ("220", None),
    ] {
        assert_eq!(of_status(value), expected, "{value}");
    }
}

#[test]
fn the_most_reliable_phrase_wins() {
    for (text, expected) in [
        (
            "rate limit exceeded\nNo match for x\n",
            Some(RegistrationState::Throttled),
        ),
        (
            "No match for x\nThis name is reserved\n",
            Some(RegistrationState::Reserved),
        ),
        (
            "internal error\nquota exceeded\n",
            Some(RegistrationState::Throttled),
        ),
        ("internal error\n", Some(RegistrationState::Unavailable)),
        ("", None),
        ("\n\n", None),
    ] {
        assert_eq!(state(text, "example.com"), expected, "{text}");
    }
    let late = format!("{}No match for x\n", "prose here\n".repeat(MAX_LINES));
    assert_eq!(state(&late, "x"), None, "beyond the line limit");
}

#[test]
fn a_suffix_counts_only_in_a_line_about_the_name() {
    for (line, query, expected) in [
        (
            "example.com is not registered",
            "example.com",
            Some(RegistrationState::Available),
        ),
        (
            "EXAMPLE.COM IS FREE",
            "example.com",
            Some(RegistrationState::Available),
        ),
        (
            "This domain does not exist",
            "example.com",
            Some(RegistrationState::Available),
        ),
        (
            "Everything else in this long sentence is free",
            "example.com",
            None,
        ),
        ("Everything is free", "", None),
        (
            "example.com: no match",
            "example.com",
            Some(RegistrationState::Available),
        ),
        (
            "Domain \"example.com\" - available",
            "example.com",
            Some(RegistrationState::Available),
        ),
        ("not foundation", "x.test", None),
    ] {
        assert_eq!(of_line(line, query), expected, "{line}");
    }

    let long = format!("example.com {} is free", "x".repeat(MAX_LINE));
    assert_eq!(of_line(&long, "example.com"), None);
}

#[test]
fn removes_the_name_before_an_answer() {
    for (line, expected) in [
        ("\"example.com\": no match", "no match"),
        ("domain name: example.com not found", "not found"),
        ("domain example.com - free", "free"),
        ("[example.com] x", "x"),
        ("other.com not found", "other.com not found"),
    ] {
        assert_eq!(after_name(line, "example.com"), expected, "{line}");
    }
    assert_eq!(after_name("domain x", ""), "domain x");
}

#[test]
fn all_phrases_are_lower_case() {
    for (_, words) in [STATUSES, STARTS, WHOLE, ENDS].into_iter().flatten() {
        for word in *words {
            assert_eq!(&word.to_lowercase(), word);
        }
    }
}
