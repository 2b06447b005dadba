//! The terminal on which a reply appears: progress is drawn in place, and the final reply replaces it.

use std::{borrow::Cow, io::IsTerminal};

use netvane_core::{
    Reply,
    document::{
        Block, Document,
        render::{self, Layout},
    },
};
use terminal_size::{Height, Width, terminal_size};

use crate::output::{LookupOptions, Output, print};

/// Columns of the narrowest terminal for which lines are broken.
const MIN_WIDTH: u16 = 20;

/// Standard output, and what is drawn on it.
pub(crate) struct Screen<'a> {
    output: &'a Output,
    is_terminal: bool,
    /// Whether progress is drawn: on a terminal that can move its cursor, for text.
    is_live: bool,
    /// Widths of the lines of the progress that is drawn, in columns.
    drawn: Vec<usize>,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(output: &'a Output, options: &LookupOptions) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let is_text = !output.json && !output.markdown && !options.short;
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            output,
            is_terminal,
            is_live: is_terminal && is_text && !is_dumb,
            drawn: Vec::new(),
        }
    }

    /// Draws progress over what was drawn before. A picture that is taller than the screen would scroll; a line with its
    /// summary appears instead.
    pub(crate) fn redraw(&mut self, so_far: &Reply) {
        let Some((width, height)) = self.size().filter(|_| self.is_live) else {
            return;
        };
        let mut text = self.text(so_far.document(), Some(width));
        if text.lines().count() >= usize::from(height) {
            text = self.summary_line(so_far.document(), width);
        }

        // One write, so that the terminal does not show the gap.
        print(&format!("{}{text}", self.erasure()));
        self.drawn = text.lines().map(render::screen_width).collect();
    }

    /// Removes the lines of progress from the terminal.
    pub(crate) fn clear(&mut self) {
        print(&self.erasure());
        self.drawn.clear();
    }

    /// Formats the final reply.
    pub(crate) fn rendered(&self, reply: &Reply) -> String {
        let document = reply.document();
        match (self.output.json, self.output.markdown, &reply.short) {
            (true, ..) => render_json(reply, self.is_terminal),
            (_, true, _) => render::markdown(document),
            (.., Some(short)) => short.text(),
            _ => self.text(document, self.size().map(|(width, _)| width)),
        }
    }

    /// Columns and rows of the terminal; they change while a lookup runs.
    fn size(&self) -> Option<(u16, u16)> {
        let size = terminal_size().filter(|_| self.is_terminal);
        size.map(|(Width(width), Height(height))| (width.max(MIN_WIDTH), height))
    }

    fn layout(&self, width: u16) -> Layout {
        Layout {
            width,
            color: self.output.is_coloured(),
        }
    }

    /// Formats a document for a screen of this width, or for a pipe, where lines are not broken.
    fn text(&self, document: &Document, width: Option<u16>) -> String {
        let document = without_attachments(document);
        let text = render::text(&document, self.layout(width.unwrap_or(u16::MAX)));
        match width {
            Some(width) => render::fit(&text, usize::from(width)),
            None => text,
        }
    }

    /// The severity, title and summary on one line, cut off at the edge.
    fn summary_line(&self, document: &Document, width: u16) -> String {
        let line = format!(
            "{} {}: {}",
            document.severity.symbol(),
            document.title,
            document.summary
        );
        let lines = render::wrap(&render::printable_line(&line), usize::from(width) - 1);
        match &lines[..] {
            [first, _, ..] => format!("{first}…\n"),
            lines => lines.concat() + "\n",
        }
    }

    /// Moves the cursor to the start of the progress and erases everything from there on.
    ///
    /// A terminal that has become narrower has broken the lines again. Each drawn line fits the width that the terminal had
    /// then, so a wider one shows the same rows.
    fn erasure(&self) -> String {
        let width = self
            .size()
            .map_or(usize::MAX, |(width, _)| usize::from(width));
        let rows: usize = self
            .drawn
            .iter()
            .map(|line| line.div_ceil(width).max(1))
            .sum();
        if rows == 0 {
            return String::new();
        }
        // Back to the first column: a Ctrl-C that the terminal echoes moves the cursor.
        format!("\r\x1b[{rows}A\x1b[J")
    }
}

/// A chat delivers attachments as files. In a terminal, they would bury the reply; options such as `raw` show them.
fn without_attachments(document: &Document) -> Cow<'_, Document> {
    let is_attachment = |block: &Block| matches!(block, Block::Attachment { .. });
    if !document.blocks.iter().any(is_attachment) {
        return Cow::Borrowed(document);
    }
    let mut shown = document.clone();
    shown.blocks.retain(|block| !is_attachment(block));
    Cow::Owned(shown)
}

fn render_json(reply: &Reply, to_terminal: bool) -> String {
    let json = reply.to_json() + "\n";
    if to_terminal {
        render::printable_json(&json).into_owned()
    } else {
        json
    }
}
