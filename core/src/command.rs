//! What a command is, and the registry of all of them.
//!
//! A command is one file: a struct of typed arguments, a struct of typed data, one async function and
//! one pure one. Everything else that is said about it (help, grammar, JSON forms, completion, chat
//! options) is derived from these through [`Entry`].

mod argument;
mod completion;
mod context;
pub(crate) mod parse;
mod registry;
pub mod targets;

use std::{future::Future, sync::Arc};

use futures::future::BoxFuture;
use netvane_document::{
    Answer, ErasedAnswer, Failure, inline_schema, reply_schema, written_schema,
};
use netvane_facts::target::{Host, Invalid};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::spec::{Argument, Spec, TargetKind};
use argument::{arguments, description};

pub use completion::complete;
pub use context::Context;
pub use parse::example;
pub use registry::{Listing, Registry};

/// A command: its arguments are the struct itself.
pub trait Command: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// What the registry knows of it.
    const SPEC: Spec;
    /// What it finds out.
    type Data: Answer;

    /// What it is offered for in one tap, when such a thing stands in a reply or a message.
    const OFFERED_FOR: &'static [TargetKind] = &[];

    /// Asks about the HTTP request that brings the question; who has none is handed a link to make one.
    const ABOUT_VISIT: bool = false;

    /// The reply depends on the caller, so it is not shared between callers.
    const ABOUT_CALLER: bool = false;

    /// Finds it out.
    fn run(self, cx: &Context) -> impl Future<Output = Result<Self::Data, Failure>> + Send;

    /// The host that the caller chose and that this command would connect to, for an early refusal.
    fn contacts(&self) -> Option<&Host> {
        None
    }
}

/// The argument that could not be read, where it was one, and why.
pub type Misread = (Option<String>, Invalid);

type Reader = fn(Map<String, Value>) -> Result<Box<dyn Prepared>, Misread>;

type DataReader = fn(Value) -> Result<Arc<dyn ErasedAnswer>, serde_json::Error>;

/// A command with its types erased.
pub struct Entry {
    /// What is declared about it.
    pub spec: Spec,
    /// Its one description, for help and every platform: the doc comment of the argument struct, 3 to 100 characters on
    /// one line, without the final full stop.
    pub about: String,
    /// Its arguments, required ones first.
    pub arguments: Vec<Argument>,
    /// See [`Command::OFFERED_FOR`].
    pub offered_for: &'static [TargetKind],
    /// See [`Command::ABOUT_VISIT`].
    pub about_visit: bool,
    /// See [`Command::ABOUT_CALLER`].
    pub about_caller: bool,
    /// JSON Schema of the arguments.
    pub arguments_schema: Schema,
    data_schema: fn() -> Schema,
    prepare: Reader,
    read: DataReader,
}

/// A command with its arguments read: what is left is to run it.
pub trait Prepared: Send + Sync {
    /// The canonical arguments.
    fn arguments(&self) -> &Arc<Map<String, Value>>;
    /// See [`Command::contacts`].
    fn contacts(&self) -> Option<&Host>;
    /// See [`Command::run`].
    fn run<'a>(
        self: Box<Self>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Arc<dyn ErasedAnswer>, Failure>>;
}

struct Ready<C> {
    command: C,
    arguments: Arc<Map<String, Value>>,
}

impl<C: Command> Prepared for Ready<C> {
    fn arguments(&self) -> &Arc<Map<String, Value>> {
        &self.arguments
    }

    fn contacts(&self) -> Option<&Host> {
        self.command.contacts()
    }

    fn run<'a>(
        self: Box<Self>,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Arc<dyn ErasedAnswer>, Failure>> {
        Box::pin(async move {
            self.command
                .run(cx)
                .await
                .map(|data| Arc::new(data) as Arc<dyn ErasedAnswer>)
        })
    }
}

impl Entry {
    /// Derives everything from the command's types.
    pub fn of<C: Command>() -> Self {
        let schema = inline_schema::<C>();

        Self {
            spec: C::SPEC,
            about: description(&schema),
            arguments: arguments(&schema),
            offered_for: C::OFFERED_FOR,
            about_visit: C::ABOUT_VISIT,
            about_caller: C::ABOUT_CALLER,
            arguments_schema: schema,
            data_schema: written_schema::<C::Data>,
            read: |data| Ok(Arc::new(serde_json::from_value::<C::Data>(data)?)),
            prepare: |arguments| {
                let command: C = serde_path_to_error::deserialize(Value::Object(arguments))
                    .map_err(|error| {
                        let path = error.path().to_string();
                        let invalid = Invalid::from_serde(&error.into_inner().to_string());
                        ((path != ".").then_some(path), invalid)
                    })?;

                let arguments = match serde_json::to_value(&command) {
                    Ok(Value::Object(arguments)) => arguments
                        .into_iter()
                        .filter(|(_, value)| !value.is_null())
                        .collect(),
                    _ => Map::new(),
                };

                Ok(Box::new(Ready {
                    command,
                    arguments: Arc::new(arguments),
                }))
            },
        }
    }

    /// Reads named arguments; an error names the argument that it is about, where it is about one.
    pub fn prepare(&self, arguments: Map<String, Value>) -> Result<Box<dyn Prepared>, Misread> {
        (self.prepare)(arguments)
    }

    /// Reads `data` back from the JSON of a reply, complete or partial. The JSON is not trusted: any value that can be
    /// read can also be presented.
    pub fn read(&self, data: Value) -> Result<Arc<dyn ErasedAnswer>, serde_json::Error> {
        (self.read)(data)
    }

    /// JSON Schema of `data`.
    pub fn data_schema(&self) -> Schema {
        (self.data_schema)()
    }

    /// JSON Schema of a whole reply of this command. What all replies share becomes definitions of the generator's.
    pub fn reply_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        reply_schema(generator, self.spec.name, self.data_schema())
    }

    /// `mx <domain> [resolver]`.
    pub fn usage(&self) -> String {
        self.arguments
            .iter()
            .fold(self.spec.name.to_owned(), |usage, argument| {
                let rest = if argument.rest { "…" } else { "" };
                if argument.required {
                    format!("{usage} <{}{rest}>", argument.name)
                } else {
                    format!("{usage} [{}{rest}]", argument.name)
                }
            })
    }
}
