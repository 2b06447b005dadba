//! Renders documents as plain lines that tests of commands compare.

use netvane_document::{Block, Cell, Document, Role, Severity};

/// The whole document in lines: title, symbol and summary, then each block and each warning. The role of a value
/// follows in parentheses unless it is plain.
pub(crate) fn shown(document: &Document) -> String {
    let mut lines = vec![
        format!("# {}", document.title),
        format!("{} {}", document.severity.symbol(), document.summary),
    ];

    for block in &document.blocks {
        match block {
            Block::Heading { text } => lines.push(format!("## {text}")),
            Block::Text { text } => lines.push(text.clone()),
            Block::Fields { fields } => lines.extend(
                fields
                    .iter()
                    .map(|field| format!("{}: {}", field.name, cell(&field.value))),
            ),
            Block::Table { columns, rows } => {
                let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
                lines.push(format!("[{}]", titles.join(" | ")));
                lines.extend(rows.iter().map(|row| joined(row).trim_end().to_owned()));
            }
            Block::Code { text, marks } => {
                lines.push(format!("```\n{text}\n```"));
                lines.extend(marks.iter().map(|mark| {
                    let role = format!("{:?}", mark.role).to_lowercase();
                    format!("line {} ({role})", mark.line)
                }));
            }
            Block::Path { stations } => lines.extend(
                stations
                    .iter()
                    .map(|station| format!("-> {} ({})", station.name, station.via)),
            ),
            Block::Link { label, url } => lines.push(format!("{label} <{url}>")),
            Block::Attachment { name, text } => lines.push(format!("{name}: {} bytes", text.len())),
        }
    }

    lines.extend(document.warnings.iter().map(|text| format!("! {text}")));

    lines.join("\n")
}

/// Summary and severity of the document.
pub(crate) fn head(document: &Document) -> (&str, Severity) {
    (&document.summary, document.severity)
}

/// The value of the first field with this name.
pub(crate) fn field<'d>(document: &'d Document, name: &str) -> Option<&'d str> {
    let fields = document.blocks.iter().filter_map(|block| match block {
        Block::Fields { fields } => Some(fields),
        _ => None,
    });
    fields
        .flatten()
        .find(|field| field.name == name)
        .map(|field| field.value.text.as_str())
}

/// The rows of all tables, cells separated by ` | `.
pub(crate) fn rows(document: &Document) -> Vec<String> {
    let rows = document.blocks.iter().filter_map(|block| match block {
        Block::Table { rows, .. } => Some(rows),
        _ => None,
    });
    rows.flatten().map(|row| joined(row)).collect()
}

fn joined(row: &[Cell]) -> String {
    row.iter().map(cell).collect::<Vec<_>>().join(" | ")
}

fn cell(cell: &Cell) -> String {
    let text = cell.text.replace('\n', " / ");
    match cell.role {
        Role::Plain => text,
        role => format!("{text} ({})", format!("{role:?}").to_lowercase()),
    }
}
