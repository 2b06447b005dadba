//! Words and comments, closed, nested and torn.

use super::*;

/// Words as they are, comments in brackets.
fn of(text: &str) -> Vec<String> {
    let show = |item| match item {
        Item::Word(word) => word.to_owned(),
        Item::Comment(text) => format!("({text})"),
    };
    items(text).into_iter().map(show).collect()
}

#[test]
fn splits_words_and_comments() {
    for (text, expected) in [
        ("", vec![]),
        (" \t\r\n", vec![]),
        ("from a (b) by c", vec!["from", "a", "(b)", "by", "c"]),
        ("from a (b (c) d) e", vec!["from", "a", "(b (c) d)", "e"]),
        ("a(b)c", vec!["a", "(b)", "c"]),
        ("( spaced out )", vec!["(spaced out)"]),
        ("()", vec!["()"]),
        ("a, b", vec!["a,", "b"]),
        ("<two words> x", vec!["<two words>", "x"]),
        ("<a>b", vec!["<a>", "b"]),
        ("<>", vec!["<>"]),
        ("for <a@b.example>;", vec!["for", "<a@b.example>", ";"]),
        ("é (ü) ☃", vec!["é", "(ü)", "☃"]),
        ("[192.0.2.1] (helo=a)", vec!["[192.0.2.1]", "(helo=a)"]),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn a_parenthesis_that_is_never_closed_is_white_space() {
    for (text, expected) in [
        ("(unclosed a", vec!["unclosed", "a"]),
        ("a) b", vec!["a", "b"]),
        (")(", vec![]),
        ("((a)", vec!["(a)"]),
        ("(a))", vec!["(a)"]),
        ("a (b (c) d", vec!["a", "b", "(c)", "d"]),
        ("<never closed", vec!["<never", "closed"]),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn an_escaped_parenthesis_closes_nothing() {
    assert_eq!(of(r"(a\) b) c"), [r"(a\) b)", "c"]);
    assert_eq!(of(r"(a\\) b"), [r"(a\\)", "b"]);
    assert_eq!(of(r"(a\"), [r"a\"]);
}

#[test]
fn a_bracket_closed_far_away_is_not_searched_for() {
    let far = format!("<{}> x", "a ".repeat(300));
    assert_eq!(of(&far).len(), 302);
    let near = format!("<{}> x", "a".repeat(390));
    assert_eq!(of(&near).len(), 2);
}

#[test]
fn returns_only_outermost_pairs() {
    assert_eq!(closings("((a)(b))"), [(0, 7)]);
    assert_eq!(closings("(a)(b)"), [(0, 2), (3, 5)]);
    assert_eq!(closings("((a)"), [(1, 3)]);
    assert_eq!(closings(")("), []);
    assert_eq!(closings("é(ü)"), [(2, 5)]);
    let deep = format!("{}{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(closings(&deep), [(0, 19_999)]);
}
