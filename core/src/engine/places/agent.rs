//! Questions to one agent, and what its silence or its problems mean.

use std::sync::Arc;

use netvane_document::{Elsewhere, ErasedAnswer, Failure, ProblemCode, RenderedAnswer, duration};
use serde_json::{Map, Value};

use super::{GRACE, MAX_MESSAGE};
use crate::{
    command::{Context, Entry as CommandEntry, FromPlace},
    engine::lookup::Lookup,
    vantage::{Agent, AgentProblem, Agents, Question, Unanswered, selection::TRIED},
};

/// Asks the agents of one vantage point, the next if one does not take the question. Returns the name of the one that
/// answered, and its answer.
pub(in crate::engine) async fn ask_agents(
    lookup: Lookup,
    context: Context,
) -> Result<(Option<Arc<str>>, Arc<dyn ErasedAnswer>), Failure> {
    let agents = lookup.runtime.process.agents.get().cloned();
    let agents = agents.ok_or(Failure::Internal)?;
    let candidates = lookup.at.as_ref().map_or(&[][..], |at| &at.candidates);

    let mut failure = Failure::Internal;
    for agent in candidates.iter().take(TRIED) {
        match ask_agent(&*agents, agent, &lookup, &context).await {
            Ok(finding) => return Ok((Some(agent.name.as_str().into()), finding)),
            Err(unanswered @ (Unanswered::NoAck | Unanswered::Busy)) => {
                failure = not_answered(agent, &lookup, unanswered);
            }
            Err(unanswered) => return Err(not_answered(agent, &lookup, unanswered)),
        }
    }
    Err(failure)
}

async fn ask_agent(
    agents: &dyn Agents,
    agent: &Agent,
    lookup: &Lookup,
    context: &Context,
) -> Result<Arc<dyn ErasedAnswer>, Unanswered> {
    let command = &lookup.command;
    if !agent.commands.contains_key(command.spec.name) {
        return Err(Unanswered::Problem(AgentProblem {
            code: ProblemCode::UnknownCommand.name().into(),
            detail: String::new(),
        }));
    }

    let question = Question {
        command: command.spec.name,
        arguments: lookup.prepared.arguments().clone(),
        deadline: command.spec.timeout,
        caller: lookup.request.caller.name(),
        fresh: lookup.request.fresh,
        units: command.spec.cost.units(),
    };
    let (sender, reader, name) = (
        context.progress.clone(),
        command.clone(),
        agent.name.clone(),
    );
    let progress = Box::new(move |data: Value| {
        if let Ok(finding) = read_answer(&reader, &name, data) {
            sender.send_replace(Some(Arc::new(RenderedAnswer::new(finding))));
        }
    });
    let answer = agents.ask(&agent.name, question, progress);
    let data = tokio::time::timeout(command.spec.timeout + GRACE, answer)
        .await
        .unwrap_or(Err(Unanswered::Late))?;
    read_answer(command, &agent.name, data).map_err(|_| Unanswered::Unreadable)
}

/// Reads what an agent found, which is the data of one lookup: it cannot answer for other vantage points.
fn read_answer(
    command: &CommandEntry,
    agent: &str,
    data: Value,
) -> Result<Arc<dyn ErasedAnswer>, serde_json::Error> {
    Ok(Arc::new(FromPlace::new(agent, command.read(data)?)))
}

/// The failure of a vantage point that did not answer, in words of this process.
fn not_answered(agent: &Agent, lookup: &Lookup, unanswered: Unanswered) -> Failure {
    let (name, command) = (&agent.name, &lookup.command);
    let elsewhere = |cause, code, message| Failure::Elsewhere {
        cause,
        code,
        message,
    };
    let too_old = || {
        let (version, command) = (plain(&agent.version), command.spec.name);
        let message =
            format!("{name} runs version {version}, whose `{command}` does not know this request");
        elsewhere(Elsewhere::TooOld, ProblemCode::Unavailable, message)
    };
    // Computed only where it matters: the schemas are built for it.
    let differs = || agent.commands.get(command.spec.name) != Some(&command.schema_hash());

    match unanswered {
        Unanswered::NoAck => {
            let message = format!("{name} does not take the question");
            elsewhere(Elsewhere::Gone, ProblemCode::Unavailable, message)
        }
        Unanswered::Busy => {
            let message = format!("{name} is busy; try again in a moment");
            elsewhere(Elsewhere::Busy, ProblemCode::Unavailable, message)
        }
        Unanswered::Gone => {
            let message = format!("{name} was not heard from again while it looked this up");
            elsewhere(Elsewhere::Gone, ProblemCode::Unavailable, message)
        }
        Unanswered::Late => {
            let after = duration::measured(command.spec.timeout);
            let message = format!("{name} did not answer within {after}");
            elsewhere(Elsewhere::Late, ProblemCode::Timeout, message)
        }
        Unanswered::Unreachable(failure) => failure,
        Unanswered::Unreadable if differs() => too_old(),
        Unanswered::Unreadable => {
            let message = format!("{name} sent an answer that cannot be read");
            elsewhere(Elsewhere::Problem, ProblemCode::Upstream, message)
        }
        Unanswered::Problem(problem) => match ProblemCode::from_name(&problem.code) {
            Some(ProblemCode::BadArgument | ProblemCode::UnknownCommand) if differs() => too_old(),
            code => {
                let code = code.unwrap_or(ProblemCode::Upstream);
                reported(name, code, &problem.detail, lookup.prepared.arguments())
            }
        },
    }
}

/// A problem that an agent reports: its sentence if that names no host but those of the request, otherwise only its code.
fn reported(
    name: &str,
    code: ProblemCode,
    detail: &str,
    arguments: &Map<String, Value>,
) -> Failure {
    let cause = match code {
        ProblemCode::RateLimited => Elsewhere::Busy,
        _ => Elsewhere::Problem,
    };
    let detail = plain(detail);
    let is_plain = !detail.is_empty()
        && !detail
            .split_whitespace()
            .any(|word| is_foreign(word, arguments));
    let message = if is_plain {
        format!("{name}: {detail}")
    } else {
        format!("{name} reports the problem `{}`", code.name())
    };
    Failure::Elsewhere {
        cause,
        code,
        message,
    }
}

/// Whether chats could make a link of a word, and the word is not from the request.
fn is_foreign(word: &str, arguments: &Map<String, Value>) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let has_scheme = ["://", "](", "mailto:", "tg:", "@"]
        .iter()
        .any(|part| word.contains(part));
    let is_name = word
        .split_once('.')
        .is_some_and(|(before, _)| !before.is_empty())
        && word
            .rsplit('.')
            .next()
            .is_some_and(|last| last.chars().any(char::is_alphabetic));
    let is_asked = arguments.values().filter_map(Value::as_str).any(|value| {
        value
            .trim_end_matches('.')
            .eq_ignore_ascii_case(word.trim_end_matches('.'))
    });
    (has_scheme || is_name) && !is_asked
}

/// Text of an agent on one line, bounded.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown
        .take(MAX_MESSAGE)
        .collect::<String>()
        .trim()
        .to_owned()
}
