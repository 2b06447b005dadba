//! Parses User-Agents from standard input, one a line, and prints the facts of each as a line of JSON. Measures the
//! parser against public test sets, as `core/facts/tests/user-agents/README.md` describes.

use std::io::{self, BufRead, Write};

use netvane_facts::ua;

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());

    for line in io::stdin().lock().lines() {
        serde_json::to_writer(&mut out, &ua::read(&line?))?;
        out.write_all(b"\n")?;
    }

    out.flush()
}
