//! The platform-neutral document: the content of a reply, without the markup of any platform.
//!
//! Text in a document is raw and may hold hostile characters from the network. Only renderers
//! escape it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How good or bad the result is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Everything is as expected.
    Good,
    /// Informational, neither good nor bad.
    #[default]
    Neutral,
    /// Works, but needs attention.
    Warning,
    /// Broken, missing or invalid.
    Bad,
}

impl Severity {
    /// One character that shows the severity where color is not available.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Neutral => "·",
            Self::Warning => "!",
            Self::Bad => "✗",
        }
    }
}

/// A reply as a person reads it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Document {
    /// The subject of the lookup: `MX of example.com`.
    pub title: String,
    /// The result in one sentence.
    pub summary: String,
    /// How good or bad the result is.
    pub severity: Severity,
    /// The details, in reading order.
    pub blocks: Vec<Block>,
    /// Warnings and remarks about the result, each once.
    pub warnings: Vec<String>,
}

/// One block of a document.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// Heading of the blocks that follow.
    Heading {
        /// Text of the heading, on one line.
        text: String,
    },
    /// A paragraph of running text.
    Text {
        /// The text; line breaks are kept.
        text: String,
    },
    /// A list of names with values.
    Fields {
        /// The fields, in reading order.
        fields: Vec<Field>,
    },
    /// A table with a header row.
    Table {
        /// The columns, from left to right.
        columns: Vec<Column>,
        /// The rows; each has as many cells as there are columns.
        rows: Vec<Vec<Cell>>,
    },
    /// Preformatted text in a fixed-width font.
    Code {
        /// The text; spaces and line breaks are kept.
        text: String,
        /// Lines that stand out, shown in the color of their role where the platform has colors.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        marks: Vec<Mark>,
    },
    /// A path through several stations, shown as an image where the platform supports it.
    Path {
        /// The stations, from the first to the last.
        stations: Vec<Station>,
    },
    /// A link to a page, shown as a button where the platform has buttons. Never data from the
    /// network.
    Link {
        /// Label of the link or button.
        label: String,
        /// The absolute URL to open.
        url: String,
    },
    /// Text too long to show in place; attached as a file where the platform supports it.
    Attachment {
        /// Name of the file, with its extension.
        name: String,
        /// Content of the file.
        text: String,
    },
}

/// A line of a [`Block::Code`] that stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(description = "A line of preformatted text that stands out.")]
pub struct Mark {
    /// Number of the line, from 0.
    pub line: usize,
    /// What the line is.
    pub role: Role,
}

/// One station of a [`Block::Path`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "One station of a path.")]
pub struct Station {
    /// Role of the station: `Mail server of the recipient`.
    pub title: String,
    /// Host name or address of the station.
    pub name: String,
    /// How it is reached from the previous station: `SMTP, port 25, TLS`. Empty for the first.
    pub via: String,
}

/// A value with its label.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Field {
    /// Label of the value.
    pub name: String,
    /// The value and its role.
    pub value: Cell,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Column {
    /// Text in the header row.
    pub title: &'static str,
    /// Whether the column holds numbers, which are aligned to the right.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub numeric: bool,
}

/// A value with its role, which platforms use for color and for links to further lookups.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cell {
    /// The value as text.
    pub text: String,
    /// What the value is; absent for plain text.
    #[serde(skip_serializing_if = "Role::is_plain")]
    pub role: Role,
}

/// What the value of a [`Cell`] is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "What the value of a cell is.")]
pub enum Role {
    /// Plain text without a role.
    #[default]
    Plain,
    /// A domain name that can be looked up.
    Domain,
    /// An IP address that can be looked up.
    Address,
    /// Literal data, as DNS or a server sent it.
    Exact,
    /// Secondary information, shown dimmed.
    Aside,
    /// A value that is as expected.
    Good,
    /// A value that needs attention.
    Warning,
    /// A value that shows a problem.
    Bad,
}

impl Role {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

impl Cell {
    /// Creates a cell with the given role.
    pub fn new(text: impl ToString, role: Role) -> Self {
        Self {
            text: text.to_string(),
            role,
        }
    }

    /// Creates a cell for a domain name that can be looked up.
    pub fn domain(text: impl ToString) -> Self {
        Self::new(text, Role::Domain)
    }

    /// Creates a cell for literal data from the network.
    pub fn exact(text: impl ToString) -> Self {
        Self::new(text, Role::Exact)
    }

    /// Creates a cell for secondary information.
    pub fn aside(text: impl ToString) -> Self {
        Self::new(text, Role::Aside)
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Role::Plain)
    }
}

impl Document {
    /// Creates a document without blocks.
    pub fn new(title: impl Into<String>, summary: impl Into<String>, severity: Severity) -> Self {
        Self {
            title: title.into(),
            summary: summary.into(),
            severity,
            ..Self::default()
        }
    }

    /// Adds a heading for the blocks that follow.
    pub fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.block(Block::Heading { text: text.into() })
    }

    /// Adds a paragraph of text.
    pub fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.block(Block::Text { text: text.into() })
    }

    /// Adds a block of preformatted text.
    pub fn code(&mut self, text: impl Into<String>) -> &mut Self {
        self.block(Block::Code {
            text: text.into(),
            marks: Vec::new(),
        })
    }

    /// Adds a named value, to the preceding list of fields if there is one.
    pub fn field(&mut self, name: impl Into<String>, value: impl Into<Cell>) -> &mut Self {
        let field = Field {
            name: name.into(),
            value: value.into(),
        };
        match self.blocks.last_mut() {
            Some(Block::Fields { fields }) => fields.push(field),
            _ => self.blocks.push(Block::Fields {
                fields: vec![field],
            }),
        }
        self
    }

    /// Adds a table, unless it has no rows. A `>` before a title marks a numeric column.
    pub fn table<const N: usize>(
        &mut self,
        titles: [&'static str; N],
        rows: Vec<[Cell; N]>,
    ) -> &mut Self {
        if rows.is_empty() {
            return self;
        }
        let columns = titles.map(|title| Column {
            title: title.trim_start_matches('>'),
            numeric: title.starts_with('>'),
        });
        self.block(Block::Table {
            columns: columns.into(),
            rows: rows.into_iter().map(Vec::from).collect(),
        })
    }

    /// Adds a block of any kind.
    pub fn block(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }

    /// Adds a warning and raises the severity to [`Severity::Warning`] if it was lower.
    pub fn warn(&mut self, text: impl Into<String>) -> &mut Self {
        self.severity = self.severity.max(Severity::Warning);
        self.note(text)
    }

    /// Adds a remark without changing the severity. A remark that is already there is not repeated.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
        self
    }
}
