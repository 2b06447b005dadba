//! The command trait, and the registry of all commands.
//!
//! A command is one file: a struct of typed arguments, a struct of typed data, one async function
//! and one pure one. Everything else about it (help, syntax, JSON forms, completion, chat options)
//! is derived from these through [`Entry`].

mod argument;
mod by_place;
mod comparison;
mod completion;
mod context;
pub mod follow_ups;
mod from_place;
pub(crate) mod parse;
mod registry;
mod short;
pub mod targets;

use std::{future::Future, sync::Arc};

use futures::future::BoxFuture;
use netvane_document::{
    Answer, ErasedAnswer, Failure, inline_schema, reply_schema, written_schema,
};
use netvane_facts::target::{Host, Invalid};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::spec::{Argument, Completes, Spec, TargetKind};
use argument::{arguments, description};

pub(crate) use by_place::{ByPlace, PlaceAnswer, PlaceRow, PlaceState};
pub use comparison::Comparison;
pub use completion::complete;
pub use context::Context;
pub(crate) use follow_ups::{Next, Subject};
pub(crate) use from_place::FromPlace;
pub use parse::example;
pub use registry::{Listing, Registry};
pub use short::Short;
pub(crate) use short::{elements, scalar};

/// A command; the implementing struct holds its arguments.
pub trait Command: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// Static properties of the command.
    const SPEC: Spec;
    /// Data that the command finds.
    type Data: Answer;

    /// Kinds of targets for which the command is offered as a button, when a reply or message
    /// contains one.
    const OFFERED_FOR: &'static [TargetKind] = &[];

    /// Lookups that are offered after an answer, the most useful first.
    const FOLLOW_UPS: &'static [Next] = &[];

    /// What the short form of a reply shows.
    const SHORT: Short = Short::Summary;

    /// How answers from several vantage points are compared; `None` for a command that runs only here.
    const COMPARES: Option<Comparison> = None;

    /// Whether the command reports on the user's own HTTP request. A user whose request did not
    /// come over HTTP gets a one-time link.
    const ABOUT_VISIT: bool = false;

    /// Whether the reply depends on the caller; such replies are not shared between callers.
    const ABOUT_CALLER: bool = false;

    /// Runs the lookup. `cx.net` is its only access to the network.
    fn run(self, cx: &Context) -> impl Future<Output = Result<Self::Data, Failure>> + Send;

    /// Returns the host that the caller chose and that this command would connect to, so that a
    /// forbidden one can be refused early.
    fn contacts(&self) -> Option<&Host> {
        None
    }

    /// Whether the command goes on until the user ends it. Only a terminal runs such a command; it
    /// has no deadline there.
    fn is_endless(&self) -> bool {
        false
    }
}

/// The name of the argument that could not be read, if the error is about one, and the reason.
pub type Misread = (Option<String>, Invalid);

type Reader = fn(Map<String, Value>) -> Result<Box<dyn Prepared>, Misread>;

type DataReader = fn(Value) -> Result<Arc<dyn ErasedAnswer>, serde_json::Error>;

/// A command with its types erased.
pub struct Entry {
    /// Static properties of the command.
    pub spec: Spec,
    /// Description used in help and on every platform: the doc comment of the argument struct, 3 to
    /// 100 characters on one line, without the final full stop.
    pub about: String,
    /// Its arguments, required ones first.
    pub arguments: Vec<Argument>,
    /// Targets for which the command is suggested; see [`Command::OFFERED_FOR`].
    pub offered_for: &'static [TargetKind],
    /// Lookups that are offered after an answer; see [`Command::FOLLOW_UPS`].
    pub follow_ups: &'static [Next],
    /// What the short form of a reply shows; see [`Command::SHORT`].
    pub short: Short,
    /// How answers from several vantage points are compared; see [`Command::COMPARES`].
    pub compares: Option<Comparison>,
    /// Whether it reports on the caller's HTTP request; see [`Command::ABOUT_VISIT`].
    pub about_visit: bool,
    /// Whether the reply depends on the caller; see [`Command::ABOUT_CALLER`].
    pub about_caller: bool,
    /// JSON Schema of the arguments.
    pub arguments_schema: Schema,
    data_schema: fn() -> Schema,
    prepare: Reader,
    read: DataReader,
}

/// A command whose arguments have been parsed and that is ready to run.
pub trait Prepared: Send + Sync {
    /// Returns the arguments in canonical spelling, by name.
    fn arguments(&self) -> &Arc<Map<String, Value>>;
    /// Returns the host that the lookup contacts; see [`Command::contacts`].
    fn contacts(&self) -> Option<&Host>;
    /// Whether the lookup goes on until the user ends it; see [`Command::is_endless`].
    fn is_endless(&self) -> bool;
    /// Runs the lookup; see [`Command::run`].
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

    fn is_endless(&self) -> bool {
        self.command.is_endless()
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
    /// Derives the entry from the command's types.
    pub fn of<C: Command>() -> Self {
        let schema = inline_schema::<C>();

        Self {
            spec: C::SPEC,
            about: description(&schema),
            arguments: arguments(&schema),
            offered_for: C::OFFERED_FOR,
            follow_ups: C::FOLLOW_UPS,
            short: C::SHORT,
            compares: C::COMPARES,
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

    /// Parses named arguments. The error names the argument that it is about, if there is one.
    pub fn prepare(&self, arguments: Map<String, Value>) -> Result<Box<dyn Prepared>, Misread> {
        (self.prepare)(arguments)
    }

    /// Whether the command can be run from other vantage points.
    pub fn takes_from(&self) -> bool {
        self.compares.is_some()
    }

    /// Whether replies may be kept for others to read: not those about the caller, nor those about a
    /// message.
    pub fn is_keepable(&self) -> bool {
        let takes_message = self.arguments.iter().any(|argument| argument.message);
        !(self.about_visit || self.about_caller || takes_message)
    }

    /// Reads `data` of a reply back: of this process, of an agent, or of several vantage points.
    pub fn read_reply(
        self: &Arc<Self>,
        data: Value,
        vantage: Option<&str>,
    ) -> Result<Arc<dyn ErasedAnswer>, serde_json::Error> {
        if self.takes_from() && data.get("left_out").is_some() && data.get("places").is_some() {
            return Ok(Arc::new(ByPlace::read(self, data)?));
        }
        let finding = self.read(data)?;
        Ok(match vantage {
            Some(vantage) => Arc::new(FromPlace::new(vantage, finding)),
            None => finding,
        })
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

    /// Returns 8 hexadecimal digits that two versions of the program share if the command has the same arguments and data in
    /// both, whatever their descriptions say.
    pub fn schema_hash(&self) -> String {
        let mut schemas = [
            self.arguments_schema.clone().to_value(),
            self.data_schema().to_value(),
        ];
        schemas.iter_mut().for_each(remove_descriptions);
        let text = serde_json::to_vec(&schemas).unwrap_or_default();
        let hash = ring::digest::digest(&ring::digest::SHA256, &text);
        data_encoding::HEXLOWER.encode(&hash.as_ref()[..4])
    }

    /// Returns the JSON Schema of a whole reply of this command. Parts shared by all replies become
    /// definitions of the generator.
    pub fn reply_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        let mut data = self.data_schema();
        if self
            .arguments
            .iter()
            .any(|argument| argument.completes == Some(Completes::Place))
        {
            data = json_schema!({ "anyOf": [data, by_place::schema()] });
        }
        reply_schema(generator, self.spec.name, data)
    }

    /// Returns the usage line, such as `mx <domain> [resolver]`.
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

/// Removes what does not matter to programs from a schema.
fn remove_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| name != "description" || !value.is_string());
            members.values_mut().for_each(remove_descriptions);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_descriptions),
        _ => {}
    }
}
