//! Finds the address in what people paste: links of chats, quotes, defanged and full-width signs.

/// Longest prefix such as `Reply-To:` that is removed, in bytes.
const MAX_PREFIX: usize = 20;
/// What people write for a sign, in lower case.
const SIGNS: &[(&str, &str)] = &[
    ("[@]", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
    ("<@>", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("<at>", "@"),
    ("[ät]", "@"),
    ("(ät)", "@"),
    ("_at_", "@"),
    ("&#64;", "@"),
    ("&commat;", "@"),
    ("＠", "@"),
    ("﹫", "@"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("<dot>", "."),
    ("[punkt]", "."),
    ("(punkt)", "."),
    ("_dot_", "."),
    ("&#46;", "."),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("．", "."),
    ("｡", "."),
    ("＜", "<"),
    ("＞", ">"),
    ("[:]", ":"),
];
/// Marks around an address: of Markdown, of quotations, of sentences. Some are allowed in a local
/// part, so they are only removed if the text is not an address with them.
const MARKS: &str = "`'\"*_~|,;:.!?()[]{}<>“”„‘’‚«»‹›「」『』《》〈〉（）【】，。；：！？、…";

/// Returns the address in a text that is not an address as it is; `None` if there is nothing to
/// remove. The result is not validated.
pub(super) fn address_in(text: &str) -> Option<String> {
    // Inside an address, marks of direction make it look like another one, so they stay an error.
    let visible = text.trim_matches(|c: char| c.is_whitespace() || is_direction(c) || is_break(c));
    let mut address: String = visible.chars().filter(|c| !is_break(*c)).collect();

    // Each removal may uncover another one: `**<mailto:a@b|a@b>**`.
    for _ in 0..4 {
        let before = address.clone();
        address = refanged(&address);
        address = without_link(&address).to_owned();
        address = without_prefix(&address).to_owned();
        address = without_comment(&address).to_owned();
        address = without_marks(&address).to_owned();
        if address == before {
            break;
        }
    }

    (address != text && !address.is_empty()).then_some(address)
}

/// Whether a text has signs that belong to no address, though IDNA and RFC 6531 accept them.
pub(super) fn has_foreign_marks(text: &str) -> bool {
    let is_foreign = |c: char| !c.is_ascii() && MARKS.contains(c) || matches!(c, '！'..='～');
    text.contains(is_foreign)
}

/// Marks for breaking lines, which web pages have inside long words.
fn is_break(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Joiners and marks of the direction of writing, which are copied along with a text.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces what security reports and web pages write for `@` and `.`, and full-width signs.
fn refanged(text: &str) -> String {
    let mut out = text.to_owned();
    for (written, sign) in SIGNS {
        out = replace_ignoring_case(&out, written, sign);
    }

    let wide = out.chars().any(|c| matches!(c, '！'..='～'));
    if wide {
        out = out.chars().map(narrow).collect();
    }

    // "bob at example dot com", and spaces that surrounded a sign.
    if !out.contains('@') {
        let words: Vec<&str> = out.split_whitespace().collect();
        let is_spelled = words.iter().any(|word| word.eq_ignore_ascii_case("dot"));
        if let [_, at, ..] = words[..]
            && at.eq_ignore_ascii_case("at")
            && (is_spelled || words.len() == 3 && words[2].contains('.'))
        {
            let signs = words.iter().map(|word| match *word {
                word if word.eq_ignore_ascii_case("at") => "@",
                word if word.eq_ignore_ascii_case("dot") => ".",
                word => word,
            });
            return signs.collect();
        }
    }

    // A full stop with a space on one side ends a sentence.
    if !out.contains('<') {
        for (spaced, sign) in [(" @ ", "@"), (" . ", ".")] {
            out = out.replace(spaced, sign);
        }
    }

    out
}

fn replace_ignoring_case(text: &str, written: &str, sign: &str) -> String {
    let lower = text.to_lowercase();
    if !lower.contains(written) {
        return text.to_owned();
    }
    // Lower case has other lengths in a few scripts; then only the exact spelling is replaced.
    if lower.len() != text.len() {
        return text.replace(written, sign);
    }

    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(written) {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(sign);
        from = at + written.len();
    }
    out.push_str(text.get(from..).unwrap_or_default());

    out
}

/// Maps a full-width form of ASCII (U+FF01–U+FF5E) to ASCII.
fn narrow(c: char) -> char {
    match c {
        '！'..='～' => u32::from(c)
            .checked_sub(0xfee0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        c => c,
    }
}

/// The target of a link: `<mailto:a@b|label>` of Slack, `[label](target)` of Markdown, `href="…"`
/// of HTML.
fn without_link(text: &str) -> &str {
    if let Some((_, rest)) = text.split_once("href=") {
        let rest = rest.trim_start_matches(['"', '\'']);
        return rest.split(['"', '\'', '>', ' ']).next().unwrap_or(rest);
    }

    if let Some((label, target)) = text.rsplit_once("](")
        && label.starts_with('[')
    {
        let target = target.split([')', ' ']).next().unwrap_or(target);
        // A link to a page whose label is the address.
        return if target.contains('@') {
            target
        } else {
            &label[1..]
        };
    }

    // `Name <a@b>`, and Slack's `<mailto:a@b|label>`.
    if let Some((_, rest)) = text.rsplit_once('<')
        && let Some((inside, _)) = rest.split_once('>')
        && inside.contains('@')
    {
        return inside.split('|').next().unwrap_or(inside);
    }

    text
}

/// Removes a scheme or the name of a header field, and the parameters of a link.
fn without_prefix(text: &str) -> &str {
    const PREFIXES: &[&str] = &[
        "mailto",
        "to",
        "from",
        "cc",
        "bcc",
        "reply-to",
        "sender",
        "smtp",
        "sip",
        "xmpp",
        "mail",
        "email",
        "e-mail",
        "address",
        "rcpt to",
        "mail from",
        "acct",
    ];

    let Some((prefix, rest)) = text.split_once(':') else {
        return text;
    };
    let name = prefix.trim();
    if name.len() > MAX_PREFIX
        || !PREFIXES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    {
        return text;
    }

    // Escapes are decoded with the link.
    if rest.contains('%') {
        return text;
    }

    let rest = rest.trim_start().trim_start_matches("//");
    rest.split('?').next().unwrap_or(rest)
}

/// Removes a name in parentheses after or before the address: `a@b (Ada)`.
fn without_comment(text: &str) -> &str {
    if let Some((address, comment)) = text.split_once(" (")
        && address.contains('@')
        && comment.trim_end().ends_with(')')
    {
        return address.trim();
    }
    if let Some((comment, address)) = text.split_once(") ")
        && comment.starts_with('(')
        && address.contains('@')
    {
        return address.trim();
    }
    text
}

/// Removes the marks around an address. A quoted local part and an address literal keep theirs.
fn without_marks(text: &str) -> &str {
    let is_mark = |c: char| MARKS.contains(c) || c.is_whitespace() || matches!(c, '/' | '\\' | '#');
    // A dot before the address is a mistake in it, one behind it ends a sentence.
    let is_opening_mark = |c: char| is_mark(c) && c != '.';
    // A single quotation mark begins a quoted local part that does not end.
    let is_quoted =
        text.starts_with('"') && (text.contains("\"@") || text.matches('"').count() == 1);
    let is_literal = text.contains("@[") && text.ends_with(']');

    let text = if is_quoted {
        text
    } else {
        text.trim_start_matches(is_opening_mark)
    };

    if is_literal {
        text
    } else {
        text.trim_end_matches(is_mark)
    }
}

#[cfg(test)]
mod tests;
