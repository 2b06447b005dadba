//! GitHub-flavored Markdown, for chats and tickets that support it.

use super::{Span, path, printable, printable_line, spans};
use crate::{Block, Cell, Document, Role, Severity};

/// Renders the document as Markdown. Text from the network cannot add formatting, links or
/// mentions, or break a table.
pub fn markdown(document: &Document) -> String {
    let Document {
        title,
        summary,
        severity,
        blocks,
        warnings,
        chart: _,
    } = document;

    let mut out = format!(
        "### {}\n\n{} **{}**\n",
        escape(title),
        symbol(*severity),
        prose(summary)
    );

    for block in blocks {
        out.push('\n');
        out.push_str(&self::block(block));
        out.push('\n');
    }

    for warning in warnings {
        out.push_str(&format!(
            "\n> {} {}\n",
            symbol(Severity::Warning),
            prose(warning)
        ));
    }

    out
}

/// Escapes running text; what is between backticks becomes a code span.
fn prose(text: &str) -> String {
    let spans = spans(text).into_iter().map(|span| match span {
        Span::Words(words) => escape(words),
        Span::Code(exact) => code(exact),
    });
    spans.collect()
}

fn symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "✅",
        Severity::Neutral => "ℹ️",
        Severity::Warning => "⚠️",
        Severity::Bad => "❌",
    }
}

/// Renders one block as Markdown, with the safety of [`markdown`].
pub fn block(block: &Block) -> String {
    match block {
        Block::Heading { text } => format!("**{}**", escape(text)),
        Block::Text { text } => text.lines().map(prose).collect::<Vec<_>>().join("  \n"),
        Block::Code { text, .. } => fenced(text),
        Block::Path { stations } => fenced(&path::draw(stations, usize::MAX)),
        Block::Link { label, url } => format!("{}: {}", escape(label), code(url)),
        Block::Attachment { name, text } => {
            format!(
                "*{}: {} lines, in full with `raw`*",
                escape(name),
                text.lines().count()
            )
        }
        Block::Fields { fields } => {
            let lines = fields
                .iter()
                .map(|field| format!("- {}: {}", escape(&field.name), cell(&field.value)));
            lines.collect::<Vec<_>>().join("\n")
        }
        Block::Table { columns, rows } => {
            let head: Vec<String> = columns.iter().map(|column| escape(column.title)).collect();
            let rule: Vec<&str> = columns
                .iter()
                .map(|column| if column.numeric { "---:" } else { "---" })
                .collect();
            let rows = rows.iter().map(|row| {
                format!(
                    "| {} |",
                    row.iter().map(cell).collect::<Vec<_>>().join(" | ")
                )
            });
            let lines = [
                format!("| {} |", head.join(" | ")),
                format!("| {} |", rule.join(" | ")),
            ];
            lines.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Fences a code block; the fence is longer than any run of backticks in the text.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", printable(text).trim_end())
}

fn cell(cell: &Cell) -> String {
    let lines = cell.text.split('\n').map(|line| match cell.role {
        Role::Domain | Role::Address | Role::Exact if !line.is_empty() => code(line),
        Role::Bad | Role::Warning if !line.is_empty() => format!("**{}**", escape(line)),
        _ => escape(line),
    });
    lines.collect::<Vec<_>>().join("<br>")
}

/// Formats a code span. Falls back to escaped text, because a bar ends a table cell even inside a
/// code span.
fn code(text: &str) -> String {
    let text = printable_line(text);
    if text.contains(['`', '|', '\\']) {
        escape(&text)
    } else {
        format!("`{text}`")
    }
}

/// Escapes every character that Markdown, its extensions or a chat could interpret.
fn escape(text: &str) -> String {
    let text = printable_line(text);
    let mut out = String::with_capacity(text.len() + 8);
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    for (index, c) in text.chars().enumerate() {
        // At the start of a line these would start a list or a rule.
        let spaced = text.chars().nth(digits + 1).is_none_or(char::is_whitespace);
        let numbers = index == digits && digits > 0 && ".)".contains(c) && spaced;
        let starts_block = index == 0 && "-+=".contains(c) || numbers;
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '|' | '~' | '$' => {
                out.extend(['\\', c])
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            c if starts_block => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    // Bare URLs are turned into links without any markup.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_fields_tables_code_and_warnings() {
        let mut document = Document::new("TXT of example.com", "1 text record", Severity::Warning);
        document.field("Answered by", Cell::aside("192.0.2.53:53"));
        document.table(
            [">TTL", "Data"],
            vec![
                ["5m".into(), Cell::exact("a|b")],
                ["1h".into(), Cell::domain("a.example")],
            ],
        );

        document.code("```\n@everyone");
        document.warn("<b>[click](https://evil.example)</b> @everyone www.evil.example");
        insta::assert_snapshot!(markdown(&document), @r"
        ### TXT of example.com

        ⚠️ **1 text record**

        - Answered by: 192.0.2.53:53

        | TTL | Data |
        | ---: | --- |
        | 5m | a\|b |
        | 1h | `a.example` |

        ````
        ```
        @everyone
        ````

        > ⚠️ &lt;b&gt;\[click\](https&#58;//evil.example)&lt;/b&gt; &#64;everyone www&#46;evil.example
        ");
    }

    proptest::proptest! {
        #[test]
        fn hostile_cells_stay_in_their_cell(hostile in "\\PC{0,40}") {
            let mut document = Document::new("t", "s", Severity::Good);
            document.table(["One", "Two"], vec![[Cell::exact(&hostile), (&hostile).into()]]);
            let rendered = markdown(&document);
            let row = rendered.lines().last().expect("a row").replace("\\\\", "").replace("\\|", "");
            proptest::prop_assert_eq!(row.matches('|').count(), 3, "{}", rendered);
            let has_unsafe = rendered.chars().any(|c| crate::render::is_unsafe(c) && !"\n\u{fe0f}".contains(c));
            proptest::prop_assert!(!has_unsafe);
        }
    }
}
