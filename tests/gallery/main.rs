//! The gallery: the reply to each sample lookup on Discord, Telegram, a terminal and as Markdown.
//!
//! `gallery DIRECTORY` runs the real program and writes pages to the directory, without scripts and
//! external resources. `gallery --trim FILE...` cuts the empty margin off screenshots of them. See
//! `run`.

mod discord;
mod page;
mod picture;
mod samples;
mod taken;
mod telegram;

use std::{fs, path::Path};

use maud::PreEscaped;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["--trim", files @ ..] => files.iter().for_each(|file| picture::trim(Path::new(file))),
        [directory] => draw(Path::new(directory)),
        _ => panic!("usage: gallery DIRECTORY | gallery --trim FILE..."),
    }
}

/// Writes one page with everything, one page per sample, and one page per picture of the README.
fn draw(directory: &Path) {
    fs::create_dir_all(directory).expect("a directory to write to");
    let write = |name: &str, page: maud::Markup| {
        fs::write(directory.join(format!("{name}.html")), page.into_string())
            .expect("a page can be written");
    };
    let taken = taken::all();
    let shown: Vec<page::Shown> = taken.iter().map(page::Shown::of).collect();
    for one in &shown {
        write(one.sample.name, page::row(one));
    }
    let first = &shown[0];
    write("discord", page::alone(&first.discord));
    write("telegram", page::alone(&first.telegram));
    write("page", PreEscaped(taken[0].web.clone()));
    write("index", page::whole(&shown));
}
