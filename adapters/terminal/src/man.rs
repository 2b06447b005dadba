//! The manual page: the command line as clap describes it, and every lookup of the registry.

use std::io::{self, Write};

use clap_mangen::{
    Man,
    roff::{Roff, bold, italic, roman},
};
use netvane_core::{
    command::{Entry, Registry},
    spec::{Argument, ArgumentKind},
};

/// Renders the manual page `netvane.1` in roff.
pub(crate) fn page(cli: clap::Command, registry: &Registry) -> io::Result<Vec<u8>> {
    let actions: Vec<clap::Command> = cli
        .get_subcommands()
        .filter(|action| !action.is_hide_set())
        .cloned()
        .collect();

    let version = cli.get_version().unwrap_or_default().to_owned();
    let mut out = Vec::new();

    // Without a date, so that the same program has the same manual.
    writeln!(
        out,
        ".TH NETVANE 1 \"\" \"netvane {version}\" Netvane\n{INTRODUCTION}"
    )?;
    Man::new(cli).render_options_section(&mut out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["ACTIONS"]);
    for action in &actions {
        describe_action(&mut roff, action);
    }

    roff.control("SH", ["LOOKUPS"]);
    roff.text([roman(
        "Hyphens may be used instead of underscores. Options may also be written NAME=VALUE.",
    )]);
    for entry in registry.entries() {
        describe_lookup(&mut roff, entry);
    }

    roff.to_writer(&mut out)?;
    out.write_all(REST.as_bytes())?;

    Ok(out)
}

/// Describes a subcommand and its own subcommands, such as those of `netvane config`.
fn describe_action(roff: &mut Roff, action: &clap::Command) {
    let about = |command: &clap::Command| {
        roman(
            command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default(),
        )
    };

    let mut own = action
        .get_subcommands()
        .filter(|own| !own.is_hide_set())
        .peekable();

    if own.peek().is_none() {
        let values: Vec<String> = action
            .get_positionals()
            .map(|value| format!(" {}", value.get_id().as_str().to_uppercase()))
            .collect();
        roff.control("TP", []).text([
            bold(format!("netvane {}", action.get_name())),
            italic(values.concat()),
        ]);
        roff.text([about(action)]);
        describe_options(roff, action);
    }

    for own in own {
        roff.control("TP", []).text([bold(format!(
            "netvane {} {}",
            action.get_name(),
            own.get_name()
        ))]);
        roff.text([about(own)]);
    }
}

/// Describes the options that only this action has.
fn describe_options(roff: &mut Roff, action: &clap::Command) {
    let options = action
        .get_arguments()
        .filter(|option| !option.is_positional() && !option.is_global_set());
    for option in options.filter(|option| option.get_long().is_some_and(|long| long != "help")) {
        let value = match option.get_value_names() {
            Some([name]) if option.get_action().takes_values() => format!(" {name}"),
            _ => String::new(),
        };
        roff.control("RS", []);
        roff.control("TP", []).text([
            bold(format!("--{}", option.get_long().unwrap_or_default())),
            italic(value),
        ]);
        let help = option.get_help().map(ToString::to_string);
        roff.text([roman(help.unwrap_or_default())]);
        roff.control("RE", []);
    }
}

fn describe_lookup(roff: &mut Roff, entry: &Entry) {
    let names: Vec<&str> = std::iter::once(&entry.spec.name)
        .chain(entry.spec.aliases)
        .copied()
        .collect();
    roff.control("SS", [names.join(", ").as_str()]);
    roff.text([roman(format!("{}.", entry.about))]);
    for argument in &entry.arguments {
        roff.control("TP", []);
        roff.text(written(argument));
        roff.text([roman(format!("{}{}", argument.help, bounds(argument)))]);
    }
    roff.control("PP", []);
    for (at, example) in entry.spec.examples.iter().enumerate() {
        if at > 0 {
            roff.control("br", []);
        }
        roff.text([
            roman("Example: "),
            bold(format!("netvane {}", example.trim_start_matches('/'))),
        ]);
    }
}

/// Formats an argument as typed on the command line.
fn written(argument: &Argument) -> Vec<clap_mangen::roff::Inline> {
    let value = italic(argument.name.to_uppercase());
    match (argument.required, argument.kind) {
        (true, _) => vec![value],
        (false, ArgumentKind::Boolean) => vec![bold(format!("--{}", argument.name))],
        (false, _) => vec![bold(format!("--{} ", argument.name)), value],
    }
}

fn bounds(argument: &Argument) -> String {
    match (argument.minimum, argument.maximum) {
        _ if !argument.choices.is_empty() => format!(" One of: {}.", argument.choices.join(", ")),
        (Some(lowest), Some(highest)) => format!(" From {lowest} to {highest}."),
        _ => String::new(),
    }
}

const INTRODUCTION: &str = r#".SH NAME
netvane \- network answers in a terminal, over HTTP and in chats
.SH SYNOPSIS
\fBnetvane\fR [\fIOPTIONS\fR] \fILOOKUP\fR [\fIARGUMENTS\fR]
.br
\fBnetvane\fR [\fIOPTIONS\fR] \fIACTION\fR
.SH DESCRIPTION
Answers one question about the network and explains the answer, or serves such answers over HTTP, in Discord and in
Telegram. Options may stand before and after the lookup. \fBnetvane help \fILOOKUP\fR shows the help of one."#;

const REST: &str = r#".SH EXIT STATUS
0 for a reply, also a negative one; 1 for a failed lookup; 2 for a usage error or settings that cannot be used;
3 for a reply that is as bad as \fB\-\-fail\fR says. \fBnetvane batch\fR: 0 if every line has a reply, 1 if some lookups
failed, 130 if it was interrupted.
.SH ENVIRONMENT
.TP
\fBNETVANE_CONFIG\fR
The file with the settings, where \fB\-\-config\fR is not given.
.TP
\fBNETVANE__\fISECTION\fB__\fIKEY\fR
One setting, such as \fBNETVANE__DNS__TIMEOUT_MS=1000\fR. Stronger than the file.
.TP
\fBSTATE_DIRECTORY\fR
Where the service keeps its state, unless \fBstate.directory\fR says otherwise.
.TP
\fBNO_COLOR\fR
If set to anything, no colour is used of its own accord.
.SH FILES
.TP
/etc/netvane/netvane.toml
The settings of the system's service, where it was installed as a package.
.SH SIGNALS
.TP
SIGTERM, SIGINT
\fBnetvane serve\fR takes no more questions, answers the open ones, and ends.
.TP
SIGHUP
\fBnetvane serve\fR reads its settings again.
"#;
