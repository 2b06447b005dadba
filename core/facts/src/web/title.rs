//! The title of an HTML page.

/// Longest title, in characters.
const MAX: usize = 200;

/// Largest part of a title that is read, in bytes: a character takes up to 33 bytes, as in
/// `&CounterClockwiseContourIntegral;`.
const MAX_CONTENT: usize = 40 * MAX;

/// Returns the text of the first `title` element on one line, at most 200 characters long; `None` if
/// there is none or it is empty. Comments and scripts before it are skipped.
pub fn title(html: &str) -> Option<String> {
    let content = content(html)?;
    // All character references of the HTML standard (§13.2.5.72), those of Windows-1252 included.
    let text = htmlize::unescape(&content[..content.floor_char_boundary(MAX_CONTENT)]);
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
            (
                "<title>Caf&eacute; &Uuml;ber &szlig; &ntilde &euro; &Omega; &larr; &check;</title>",
                Some("Café Über ß ñ € Ω ← ✓"),
            ),
            // Numbers of Windows-1252, and numbers that are no characters.
            (
                "<title>&#146;&#x93;&#128;&#150; &#0;&#xD800;&#x110000;&#99999999999;</title>",
                Some("’“€– \u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ),
            (
                "<title>a&nbsp;b&#10;c&#x1b;[31m&#7;</title>",
                Some("a b c[31m"),
            ),
            (
                "<title>&notit; &amp;lt; &#x; &#;</title>",
                Some("¬it; &lt; &#x; &#;"),
            ),
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
            format!(
                "<title>{}",
                "&CounterClockwiseContourIntegral;".repeat(1 << 15)
            ),
            format!("<title>&#{}", "9".repeat(1 << 20)),
            "</".repeat(1 << 19),
        ] {
            let length = title(&html).map_or(0, |title| title.chars().count());
            assert!(length <= MAX, "{length}");
        }
    }
}
