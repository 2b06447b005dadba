//! The title of an HTML page.

/// Longest title, in characters.
const MAX: usize = 200;

/// Named character references that occur in titles (HTML §13.5).
const NAMED: [(&str, char); 18] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("mdash", '—'),
    ("middot", '·'),
    ("bull", '•'),
    ("hellip", '…'),
    ("raquo", '»'),
    ("laquo", '«'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
];

/// Returns the text of the first `title` element on one line, at most 200 characters long; `None` if
/// there is none or it is empty. Comments and scripts before it are skipped.
pub fn title(html: &str) -> Option<String> {
    let content = content(html)?;
    let text = decode(content);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");

    let shown: String = line.chars().filter(|c| !c.is_control()).take(MAX).collect();
    (!shown.is_empty()).then_some(shown)
}

/// What is between `<title>` and `</title>`.
fn content(html: &str) -> Option<&str> {
    let mut rest = html;

    loop {
        let start = rest.find('<')?;
        rest = &rest[start..];

        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = &comment[comment.find("-->")? + 3..];
        } else if let Some(inside) = element(rest, "title") {
            let end = find_end(inside, "title").unwrap_or(inside.len());
            return Some(&inside[..end]);
        } else if let Some((name, inside)) = ["script", "style", "textarea", "svg"]
            .into_iter()
            .find_map(|name| element(rest, name).map(|inside| (name, inside)))
        {
            rest = &inside[find_end(inside, name)?..];
        } else {
            rest = &rest[1..];
        }
    }
}

/// What follows the start tag of this element, if the text begins with one.
fn element<'h>(html: &'h str, name: &str) -> Option<&'h str> {
    let head = html.get(1..=name.len())?;
    let after = html.get(1 + name.len()..)?;
    let is_named = head.eq_ignore_ascii_case(name)
        && after.starts_with(|c: char| c == '>' || c == '/' || c.is_ascii_whitespace());
    if !is_named {
        return None;
    }
    after.find('>').map(|end| &after[end + 1..])
}

/// Where the end tag of this element begins.
fn find_end(html: &str, name: &str) -> Option<usize> {
    html.match_indices("</").map(|(at, _)| at).find(|at| {
        html.get(at + 2..at + 2 + name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// Replaces character references by their characters.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MAX));
    let mut rest = text;

    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '#')
            .unwrap_or(rest.len());
        match reference(&rest[..end]) {
            Some(c) => {
                out.push(c);
                rest = &rest[end..];
                rest = rest.strip_prefix(';').unwrap_or(rest);
            }
            None => out.push('&'),
        }
        if out.len() > 16 * MAX {
            break;
        }
    }
    out.push_str(rest);

    out
}

fn reference(name: &str) -> Option<char> {
    let number = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        },
        None => {
            let named = NAMED.iter().find(|(known, _)| *known == name);
            return named.map(|(_, c)| *c);
        }
    };
    number.and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_title_of_a_page() {
        for (html, expected) in [
            ("<html><head><title>Home</title>", Some("Home")),
            ("<TITLE lang=en>\n A  B\t</TITLE>", Some("A B")),
            (
                "<title>A &amp; B &#8211; C&#x21;</title>",
                Some("A & B – C!"),
            ),
            ("<title>AT&T &unknown; &</title>", Some("AT&T &unknown; &")),
            ("<!-- <title>no</title> --><title>yes</title>", Some("yes")),
            (
                "<script>'<title>no</title>'</script><title>yes</title>",
                Some("yes"),
            ),
            (
                "<svg><title>icon</title></svg><title>yes</title>",
                Some("yes"),
            ),
            ("<title>open", Some("open")),
            ("<title> </title>", None),
            ("<titles>no</titles>", None),
            ("plain text", None),
            ("<title", None),
            ("<", None),
            ("", None),
        ] {
            assert_eq!(title(html).as_deref(), expected, "{html}");
        }
    }

    #[test]
    fn hostile_pages_take_little_time_and_give_short_titles() {
        for html in [
            "<".repeat(1 << 20),
            "<title>".repeat(1 << 17),
            "<!--".repeat(1 << 18),
            format!("<title>{}", "&amp".repeat(1 << 18)),
            format!("<title>{}", "é".repeat(1 << 19)),
            "</".repeat(1 << 19),
        ] {
            let length = title(&html).map_or(0, |title| title.chars().count());
            assert!(length <= MAX, "{length}");
        }
    }
}
