//! The platform-neutral document: what a reply says, before any platform's markup.
//!
//! Text in here is raw, hostile bytes from the network included: nothing is escaped before a renderer.

use schemars::JsonSchema;
use serde::Serialize;

/// How good the news is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Good,
    /// Neither good nor bad.
    #[default]
    Neutral,
    /// Works, but someone should look.
    Warning,
    /// Broken, or not there.
    Bad,
}

impl Severity {
    /// One character that carries the meaning where colour does not.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Neutral => "·",
            Self::Warning => "!",
            Self::Bad => "✗",
        }
    }
}

/// A reply to read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Document {
    /// What was asked: `MX of example.com`.
    pub title: String,
    /// The answer in one sentence.
    pub summary: String,
    /// How good the news is.
    pub severity: Severity,
    /// The rest, in reading order.
    pub blocks: Vec<Block>,
    /// What the asker should know beside the answer.
    pub warnings: Vec<String>,
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// A line between parts.
    Heading {
        /// The words.
        text: String,
    },
    /// Running text.
    Text {
        /// The words.
        text: String,
    },
    /// Names with values.
    Fields {
        /// In reading order.
        fields: Vec<Field>,
    },
    /// Rows under column heads.
    Table {
        /// Column heads.
        columns: Vec<Column>,
        /// Each as long as `columns`.
        rows: Vec<Vec<Cell>>,
    },
    /// Preformatted text.
    Code {
        /// As the wire or a tool would print it.
        text: String,
    },
    /// A way through several stations, drawn where a platform can draw.
    Path {
        /// From the first to the last.
        stations: Vec<Station>,
    },
    /// A way to go on outside of the reply: a button where a platform has them. Never from the network.
    Link {
        /// What it says.
        label: String,
        /// An absolute URL.
        url: String,
    },
    /// Text too long to read in place; a platform that can attaches it as a file.
    Attachment {
        /// A file name.
        name: String,
        /// The whole text.
        text: String,
    },
}

/// One place on a [`Block::Path`].
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(description = "One place on a path.")]
pub struct Station {
    /// What it is: `Mail server of the receiver`.
    pub title: String,
    /// Its name or address.
    pub name: String,
    /// How it is reached from the station before: `SMTP, port 25, TLS`. Empty for the first.
    pub via: String,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Field {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: Cell,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Column {
    /// The words.
    pub title: &'static str,
    /// Numbers stand to the right.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub numeric: bool,
}

/// A value, with what it is so that a platform can colour it or carry on from it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cell {
    /// The words.
    pub text: String,
    /// What sort of thing this is.
    #[serde(skip_serializing_if = "Role::is_plain")]
    pub role: Role,
}

/// What a [`Cell`] holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "What a cell holds.")]
pub enum Role {
    /// Words.
    #[default]
    Plain,
    /// A name that can be looked up.
    Domain,
    /// An address that can be looked up.
    Address,
    /// Exact text: data as DNS or a server wrote it.
    Exact,
    /// Said in passing.
    Aside,
    /// Good news.
    Good,
    /// Look here.
    Warning,
    /// Bad news.
    Bad,
}

impl Role {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

impl Cell {
    /// A value of a certain sort.
    pub fn new(text: impl ToString, role: Role) -> Self {
        Self {
            text: text.to_string(),
            role,
        }
    }

    /// A name that can be looked up.
    pub fn domain(text: impl ToString) -> Self {
        Self::new(text, Role::Domain)
    }

    /// Exact text from the network.
    pub fn exact(text: impl ToString) -> Self {
        Self::new(text, Role::Exact)
    }

    /// Said in passing.
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
    /// A document with its head.
    pub fn new(title: impl Into<String>, summary: impl Into<String>, severity: Severity) -> Self {
        Self {
            title: title.into(),
            summary: summary.into(),
            severity,
            ..Self::default()
        }
    }

    /// Adds a line between parts.
    pub fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.block(Block::Heading { text: text.into() })
    }

    /// Adds running text.
    pub fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.block(Block::Text { text: text.into() })
    }

    /// Adds preformatted text.
    pub fn code(&mut self, text: impl Into<String>) -> &mut Self {
        self.block(Block::Code { text: text.into() })
    }

    /// Adds a name with its value, beside the ones just before it.
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

    /// Adds a table, unless it would be empty. A `>` before a column's title marks numbers.
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

    /// Adds any part.
    pub fn block(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }

    /// Adds what the asker should know beside the answer; good news does not outlive a warning.
    pub fn warn(&mut self, text: impl Into<String>) -> &mut Self {
        self.severity = self.severity.max(Severity::Warning);
        self.note(text)
    }

    /// Adds a remark that does not change how good the news is.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        let text = text.into();
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
        self
    }
}
