//! The program on a terminal: a pseudo-terminal with an emulator that keeps what a user would see.

use std::{
    io::{Read, Write},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

use crate::{PATIENCE, program::binary};

/// Rows that the emulator keeps above its screen.
const SCROLLBACK: usize = 2000;

/// A run of the program on a terminal.
pub struct Terminal {
    /// What the program has written, with all escape sequences.
    pub written: Vec<u8>,
    emulator: Parser,
    rows: u16,
    master: Box<dyn MasterPty + Send>,
    /// Open as long as the run: closing it types an end of input.
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: mpsc::Receiver<Vec<u8>>,
}

impl Terminal {
    /// Starts the program on a screen of this size that already shows `before`.
    pub fn start(
        words: &[&str],
        settings: &[(&str, String)],
        (rows, columns): (u16, u16),
        before: &str,
    ) -> Self {
        let pair = native_pty_system()
            .openpty(size(rows, columns))
            .expect("a pseudo-terminal");

        let mut command = CommandBuilder::new(binary());
        command.args(words);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        for (name, value) in settings {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program");

        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut part) {
                if sender.send(part[..read].to_vec()).is_err() {
                    break;
                }
            }
        });

        Self {
            written: Vec::new(),
            emulator: emulator(rows, columns, before),
            rows,
            keyboard: pair.master.take_writer().expect("a writer"),
            master: pair.master,
            child,
            output,
        }
    }

    /// Reads until the program has written this text `times` times; `false` if it ends before.
    pub fn read_until(&mut self, text: &str, times: usize) -> bool {
        while self.count(text) < times {
            match self.output.recv_timeout(PATIENCE) {
                Ok(part) => self.take(&part),
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("the program wrote nothing more"),
            }
        }
        true
    }

    /// Number of times that the program has written this text.
    pub fn count(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.written).matches(text).count()
    }

    fn take(&mut self, part: &[u8]) {
        self.written.extend(part);
        self.emulator.process(part);
    }

    /// Changes the width, as a user who drags the edge of a window. The terminal breaks lines that no longer fit.
    pub fn resize(&mut self, columns: u16) {
        let shown = shown_rows(&mut self.emulator).join("\r\n");
        // The cursor is in the row below the last line.
        self.emulator = emulator(self.rows, columns, &format!("{shown}\r\n"));
        self.master
            .resize(size(self.rows, columns))
            .expect("a new size");
    }

    /// Presses keys, such as Ctrl-C.
    pub fn press(&mut self, text: &str) {
        self.keyboard
            .write_all(text.as_bytes())
            .expect("the program reads");
    }

    /// Waits for the end of the program; returns the exit status.
    pub fn finish(&mut self) -> u32 {
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(part) => self.take(&part),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the program did not end"),
            }
        }
        self.child.wait().expect("a status").exit_code()
    }

    /// All rows that a user can see or scroll back to, without blank rows at the end.
    pub fn shown(&mut self) -> Vec<String> {
        shown_rows(&mut self.emulator)
    }

    /// The rows that a screen of this width shows after `before` and this text alone.
    pub fn rows_of(&self, columns: u16, before: &str, text: &str) -> Vec<String> {
        shown_rows(&mut emulator(
            self.rows,
            columns,
            &format!("{before}{text}"),
        ))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

fn emulator(rows: u16, columns: u16, text: &str) -> Parser {
    let mut emulator = Parser::new(rows, columns, SCROLLBACK);
    emulator.process(text.as_bytes());
    emulator
}

fn scrolled(emulator: &mut Parser) -> usize {
    let screen = emulator.screen_mut();
    screen.set_scrollback(usize::MAX);
    let scrolled = screen.scrollback();
    screen.set_scrollback(0);
    scrolled
}

fn shown_rows(emulator: &mut Parser) -> Vec<String> {
    let scrolled = scrolled(emulator);
    let screen = emulator.screen_mut();
    let (_, columns) = screen.size();
    let mut rows = Vec::new();

    for above in (1..=scrolled).rev() {
        screen.set_scrollback(above);
        rows.extend(screen.rows(0, columns).next());
    }
    screen.set_scrollback(0);
    rows.extend(screen.rows(0, columns));

    let mut rows: Vec<String> = rows.iter().map(|row| row.trim_end().to_owned()).collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}
