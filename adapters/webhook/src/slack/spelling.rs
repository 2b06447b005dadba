//! The spelling of commands in a chat whose slash command is Netvane's as a whole: `/netvane mx example.com`.

use netvane_core::document::{Block, Document};

/// What a user of the chat writes before a command: the slash command, unless it has the name of one of ours.
#[derive(Debug, Clone, Default)]
pub(super) struct Spelling(Option<String>);

impl Spelling {
    /// Creates the spelling for a slash command, such as `/netvane`, or a trigger word.
    pub(super) fn new(slash_command: Option<&str>) -> Self {
        Self(slash_command.map(str::to_owned))
    }

    /// Writes a command line, which begins with a slash, as the user has to write it.
    pub(super) fn spell(&self, line: &str) -> String {
        match (&self.0, line.strip_prefix('/')) {
            (Some(command), Some(rest)) => format!("{command} {rest}"),
            _ => line.to_owned(),
        }
    }

    /// Writes the commands in a document as the user has to write them. The document is help or an error, whose texts
    /// have a slash only before commands.
    pub(super) fn apply(&self, document: &mut Document) {
        let Some(command) = &self.0 else { return };
        let respell = |text: &mut String| {
            let lines: Vec<String> = text.lines().map(|line| self.spell(line)).collect();
            *text = lines.join("\n");
        };

        respell(&mut document.title);
        for block in &mut document.blocks {
            match block {
                Block::Fields { fields } => {
                    for field in fields {
                        respell(&mut field.value.text);
                        field.value.text =
                            field.value.text.replace(", /", &format!(", {command} "));
                    }
                }
                Block::Table { rows, .. } => {
                    for cell in rows.iter_mut().flatten() {
                        respell(&mut cell.text);
                    }
                }
                Block::Code { text, marks } if marks.is_empty() => respell(text),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use netvane_core::document::{Cell, Severity};

    use super::*;

    fn document() -> Document {
        let mut document = Document::new("/mx <domain>", "about", Severity::Neutral);
        document.field("Aliases", "/a, /b");
        document.table(["Command"], vec![[Cell::exact("/mx <domain>")]]);
        document.code("/mx example.com\n/mx example.org");
        document
    }

    #[test]
    fn commands_have_the_slash_command_before_them() {
        let mut document = document();
        Spelling::new(Some("/netvane")).apply(&mut document);
        assert_eq!(document.title, "/netvane mx <domain>");
        let json = serde_json::to_string(&document.blocks).expect("serializes");
        for expected in [
            "/netvane a, /netvane b",
            "/netvane mx <domain>",
            "/netvane mx example.com\\n/netvane mx example.org",
        ] {
            assert!(json.contains(expected), "{expected}: {json}");
        }
    }

    #[test]
    fn a_slash_command_of_our_own_name_changes_nothing() {
        let mut same = document();
        Spelling::new(None).apply(&mut same);
        assert_eq!(same, document());
    }
}
