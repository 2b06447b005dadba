//! Runs one lookup and prints its reply to standard output.

mod stdin;

use std::{io::IsTerminal, process::ExitCode};

use terminal_size::{Width, terminal_size};

use crate::{
    advice, cli,
    output::{LookupOptions, Output, print},
    overview, program,
    screen::Screen,
    vantage,
};
use netvane_core::{
    Caller, Engine, Failure, Input, Platform, Request, UsageError, UsageKind, document::render,
};

/// Runs the lookup. Exit status: 0 for a reply, 1 for a failed lookup, 2 for a usage error, 3 for a reply that is as bad
/// as `--fail` says.
pub(crate) fn run(
    words: &[String],
    output: &Output,
    options: &LookupOptions,
) -> anyhow::Result<ExitCode> {
    let settings = advice::without_audit(output.settings()?);
    let engine = Engine::new(&settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let line = line(&with_options(words, options));
    let mut screen = Screen::new(output, options);
    let input = match runtime.block_on(stdin::input(&engine, words, options)) {
        Ok(Some(input)) => input,
        Ok(None) => Input::Text(line.clone()),
        Err(error) => {
            let failure = error.downcast::<Failure>()?;
            return Ok(fail(&failure, &line, output));
        }
    };
    runtime.block_on(vantage::attach(&engine, &settings, &input))?;
    let request = Request::new(Platform::Terminal, input).by(Caller {
        own: true,
        ..Caller::default()
    });
    let answer = runtime.block_on(async {
        let stop = request.stop.clone();
        let asked = engine.ask(request, |so_far| screen.redraw(&so_far));
        tokio::pin!(asked);
        tokio::select! {
            answer = &mut asked => return Some(answer),
            _ = tokio::signal::ctrl_c() => {}
        }

        // An endless command shows what it found; a second Ctrl-C cancels it too.
        if !stop.request() {
            return None;
        }
        tokio::select! {
            answer = asked => Some(answer),
            _ = tokio::signal::ctrl_c() => None,
        }
    });

    screen.clear();
    let status = match answer {
        Some(Ok(reply)) => {
            print(&screen.rendered(&reply));
            let severity = reply.rendition.document().severity;
            match options.fail {
                Some(fail) if fail.includes(severity) => ExitCode::from(3),
                _ => ExitCode::SUCCESS,
            }
        }
        Some(Err(failure)) => {
            let meant = match &failure {
                Failure::Usage(error) => action_error(error, &line),
                _ => None,
            };
            fail(&meant.map_or(failure, Failure::Usage), &line, output)
        }
        None => ExitCode::from(130),
    };

    runtime.block_on(netvane_core::net::smtp::drain_quits());

    // Do not wait for background tasks that the lookup left behind.
    runtime.shutdown_background();

    Ok(status)
}

/// Prints a failure and returns its exit status.
fn fail(failure: &Failure, line: &str, output: &Output) -> ExitCode {
    eprint!("{}", describe_failure(failure, line, output));
    ExitCode::from(match failure {
        Failure::Usage(_) => 2,
        _ => 1,
    })
}

/// Adds the options of the program that the engine reads. They are written behind the command, because its last argument
/// may take the rest of the line.
fn with_options(words: &[String], options: &LookupOptions) -> Vec<String> {
    let mut words = words.to_vec();
    if options.short {
        words.insert(words.len().min(1), "--short".into());
    }
    if let Some(place) = &options.place {
        words.insert(words.len().min(1), format!("--from={place}"));
    }
    words
}

/// Joins the words into one line that the grammar splits in the same places.
pub(crate) fn line(words: &[String]) -> String {
    let quoted = |word: &String| {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if !option.contains(char::is_whitespace) => {
                (format!("{option}="), value)
            }
            _ => (String::new(), word.as_str()),
        };
        let needs =
            value.is_empty() || value.contains(|c: char| c.is_whitespace() || "\"'“„‘".contains(c));
        if !needs {
            word.clone()
        } else {
            let quote = if value.contains('"') { '\'' } else { '"' };
            format!("{option}{quote}{value}{quote}")
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Returns JSON as it is written: a terminal would act on some of the characters in it.
fn for_stream(json: String, to_terminal: bool) -> String {
    if to_terminal {
        render::printable_json(&json).into_owned()
    } else {
        json
    }
}

/// Formats a failure as text, or with `--json` as HTTP's problem document.
fn describe_failure(failure: &Failure, line: &str, output: &Output) -> String {
    if output.json {
        let json = serde_json::to_string(&failure.problem()).unwrap_or_default() + "\n";
        return for_stream(json, std::io::stderr().is_terminal());
    }
    let message = format!(
        "{}: {}\n",
        program::name(),
        render::printable(&failure.to_string())
    );
    let mut out = match terminal_size().filter(|_| std::io::stderr().is_terminal()) {
        Some((Width(width), _)) => render::fit(&message, usize::from(width)),
        None => message,
    };
    if let Failure::Usage(UsageError {
        position,
        suggestion,
        ..
    }) = failure
    {
        if let Some(position) = position {
            out += &format!(
                "\n  {}\n",
                render::pointed(line, position).replace('\n', "\n  ")
            );
        }
        if let Some(suggestion) = suggestion {
            let suggestion = shell_line(suggestion.trim_start_matches('/'));
            let suggestion = render::printable_line(&suggestion);
            out += &format!("\nTry: {} {suggestion}\n", program::name());
        }
    }
    out
}

/// Returns a suggested line as a shell understands it: an example of a command has characters that mean something to it.
fn shell_line(suggestion: &str) -> String {
    let registry = netvane_core::registry();
    let example = registry
        .entries()
        .iter()
        .find(|entry| entry.spec.examples.first() == Some(&suggestion));
    example.map_or_else(
        || suggestion.to_owned(),
        |entry| overview::shell_example(entry),
    )
}

/// Returns the error of a line that names no command, if it means an administrative action: `netvane serv`,
/// `netvane help serv`.
fn action_error(error: &UsageError, line: &str) -> Option<UsageError> {
    let mut words = line.split(' ').filter(|word| *word != "--short");
    let (head, written) = match words.next()? {
        "help" => ("help ", words.next()?),
        first if error.kind == UsageKind::UnknownCommand => ("", first),
        _ => return None,
    };

    let actions: Vec<String> = cli::actions()
        .map(|action| action.get_name().to_owned())
        .collect();
    let registry = netvane_core::registry();
    let lookups = registry
        .entries()
        .iter()
        .flat_map(|entry| [&[entry.spec.name], entry.spec.aliases].concat());

    let names = actions.iter().map(String::as_str).chain(lookups);
    let meant = netvane_core::nearest(written, names)?;
    actions
        .iter()
        .any(|action| action == meant)
        .then(|| UsageError {
            message: format!("unknown command `{written}`; did you mean `{meant}`?"),
            suggestion: Some(format!("{head}{meant}")),
            ..error.clone()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Color;

    #[test]
    fn quotes_arguments_with_spaces() {
        let joined = |words: &[&str]| {
            line(
                &words
                    .iter()
                    .map(|word| (*word).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            joined(&["mx", "example.com", "--resolver=1.1.1.1"]),
            "mx example.com --resolver=1.1.1.1"
        );
        assert_eq!(
            joined(&["ua", "Mozilla/5.0 (X11)"]),
            "ua \"Mozilla/5.0 (X11)\""
        );
        assert_eq!(
            joined(&["x", "--y=a b", "say \"hi\""]),
            "x --y=\"a b\" 'say \"hi\"'"
        );
        assert_eq!(joined(&["mx", ""]), "mx \"\"");
    }

    #[test]
    fn suggested_examples_can_be_pasted_into_a_shell() {
        assert_eq!(shell_line("mx example.com"), "mx example.com");
        let registry = netvane_core::registry();
        for entry in registry.entries() {
            let Some(example) = entry.spec.examples.first() else {
                continue;
            };
            let line = shell_line(example);
            let is_quoted = line.contains('\'') || line.ends_with(" < mail.eml");
            assert!(is_quoted || !line.contains(['(', '<', ';', '&']), "{line}");
        }
        let message = registry.find("trace_mail").expect("a command");
        let example = message.spec.examples.first().expect("an example");
        assert_eq!(shell_line(example), "trace_mail < mail.eml");
    }

    #[test]
    fn usage_errors_underline_the_mistake() {
        let output = Output {
            json: false,
            markdown: false,
            color: Color::Auto,
            config: None,
        };
        let failure = Failure::from(
            UsageError::argument("no such thing")
                .at(3..6)
                .suggest("/mx b.example"),
        );
        insta::assert_snapshot!(describe_failure(&failure, "mx a?b", &output), @r"
        netvane: no such thing

          mx a?b
             ^^^

        Try: netvane mx b.example
        ");
    }
}
