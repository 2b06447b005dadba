//! The objects of OpenAPI 3.1 that this API needs, as types:
//! <https://spec.openapis.org/oas/v3.1.0>.
//!
//! Why not a crate: utoipa has its own derive, so every type would be described twice, because
//! arguments and data have JSON Schemas of schemars 1 anyway, which help and the chats' options
//! use. aide's latest release (0.15.1) takes schemas of schemars 0.9, and only the alphas of 0.16
//! those of schemars 1; and since one route serves all commands and returns four formats, aide
//! could not derive much from the router. The schemas are those of schemars, unchanged.

use indexmap::IndexMap;
use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

/// A map that keeps the order of insertion.
pub(super) type Named<T> = IndexMap<String, T>;

/// The OpenAPI Object, the root of the description.
#[derive(Serialize)]
pub(crate) struct Document {
    pub(super) openapi: &'static str,
    pub(super) info: Info,
    pub(super) servers: Vec<ApiServer>,
    /// Alternative requirements: satisfying one of them is enough.
    pub(super) security: Vec<SecurityRequirement>,
    pub(super) tags: Vec<Tag>,
    pub(super) paths: Named<PathItem>,
    pub(super) components: Components,
}

#[derive(Serialize)]
pub(super) struct Info {
    pub(super) title: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) version: &'static str,
    pub(super) license: License,
}

#[derive(Serialize)]
pub(super) struct License {
    pub(super) name: &'static str,
    /// SPDX expression of the licence.
    pub(super) identifier: &'static str,
}

#[derive(Serialize)]
pub(super) struct ApiServer {
    pub(super) url: String,
}

/// Names of security schemes with their scopes; an empty map allows anonymous access.
pub(super) type SecurityRequirement = Named<Vec<String>>;

#[derive(Serialize)]
pub(super) struct Tag {
    pub(super) name: &'static str,
}

#[derive(Serialize, Default)]
pub(super) struct PathItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) get: Option<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) post: Option<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delete: Option<Operation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    operation_id: &'static str,
    tags: [&'static str; 1],
    summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Overrides the security of the document; an empty list allows anonymous access.
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<Vec<SecurityRequirement>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<OrReference<Parameter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<RequestBody>,
    /// Responses by HTTP status code.
    responses: Named<OrReference<Response>>,
    /// By name, then by a runtime expression that gives the URL.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    callbacks: Named<Named<PathItem>>,
}

#[derive(Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "in")]
    pub(super) place: ParameterPlace,
    pub(super) required: bool,
    pub(super) description: String,
    pub(super) schema: Schema,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<Value>,
}

/// Location of a parameter in the request.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ParameterPlace {
    Header,
    Path,
    Query,
}

#[derive(Serialize)]
pub(super) struct RequestBody {
    pub(super) required: bool,
    /// Content by media type.
    pub(super) content: Named<MediaType>,
}

#[derive(Serialize, Default)]
pub(super) struct Response {
    description: String,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    headers: Named<OrReference<Header>>,
    /// Content by media type; empty for responses without a body.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    content: Named<MediaType>,
}

#[derive(Serialize)]
pub(super) struct MediaType {
    schema: Schema,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Value>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    examples: Named<Example>,
}

#[derive(Serialize)]
pub(super) struct Example {
    pub(super) value: Value,
}

#[derive(Serialize)]
pub(super) struct Header {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) required: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) description: &'static str,
    pub(super) schema: Schema,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: serde_json::Map<String, Value>,
    pub(super) responses: Named<Response>,
    pub(super) parameters: Named<Parameter>,
    pub(super) headers: Named<Header>,
    pub(super) security_schemes: Named<SecurityScheme>,
}

#[derive(Serialize)]
pub(super) struct SecurityScheme {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) scheme: &'static str,
    pub(super) description: &'static str,
}

/// An object, or a reference to one among the components.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum OrReference<T> {
    Here(T),
    Reference {
        #[serde(rename = "$ref")]
        target: String,
    },
}

impl<T> OrReference<T> {
    fn new_ref(kind: &str, name: &str) -> Self {
        Self::Reference {
            target: format!("#/components/{kind}/{name}"),
        }
    }
}

impl Operation {
    pub(super) fn new(id: &'static str, tag: &'static str, summary: impl Into<String>) -> Self {
        Self {
            operation_id: id,
            tags: [tag],
            summary: summary.into(),
            description: None,
            security: None,
            parameters: Vec::new(),
            request_body: None,
            responses: Named::new(),
            callbacks: Named::new(),
        }
    }

    pub(super) fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Allows anonymous access, whatever the document says.
    pub(super) fn without_security(mut self) -> Self {
        self.security = Some(Vec::new());
        self
    }

    /// Allows what the document says about access.
    pub(super) fn with_security(mut self) -> Self {
        self.security = None;
        self
    }

    pub(super) fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(OrReference::Here(parameter));
        self
    }

    /// Adds references to parameters among the components.
    pub(super) fn parameter_refs(mut self, names: &[&str]) -> Self {
        let references = names
            .iter()
            .map(|name| OrReference::new_ref("parameters", name));
        self.parameters.extend(references);
        self
    }

    pub(super) fn body(mut self, required: bool, media_type: &str, content: MediaType) -> Self {
        self.request_body = Some(RequestBody {
            required,
            content: Named::from([(media_type.to_owned(), content)]),
        });
        self
    }

    /// Adds another media type of the body.
    pub(super) fn or_body(mut self, media_type: &str, content: MediaType) -> Self {
        if let Some(body) = &mut self.request_body {
            body.content.insert(media_type.to_owned(), content);
        }
        self
    }

    pub(super) fn response(mut self, status: &str, response: Response) -> Self {
        self.responses
            .insert(status.to_owned(), OrReference::Here(response));
        self
    }

    /// Adds a reference to a response among the components.
    pub(super) fn response_ref(mut self, status: &str, name: &str) -> Self {
        self.responses
            .insert(status.to_owned(), OrReference::new_ref("responses", name));
        self
    }

    /// Adds a request that the server sends to this URL, a runtime expression.
    pub(super) fn callback(mut self, name: &str, url: &str, post: Operation) -> Self {
        let item = PathItem {
            post: Some(post),
            ..PathItem::default()
        };
        let requests = Named::from([(url.to_owned(), item)]);
        self.callbacks.insert(name.to_owned(), requests);
        self
    }
}

impl Response {
    pub(super) fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            ..Self::default()
        }
    }

    pub(super) fn header(mut self, name: &str, header: Header) -> Self {
        self.headers
            .insert(name.to_owned(), OrReference::Here(header));
        self
    }

    /// Adds a reference to a header among the components.
    pub(super) fn header_ref(mut self, name: &str, component: &str) -> Self {
        self.headers
            .insert(name.to_owned(), OrReference::new_ref("headers", component));
        self
    }

    pub(super) fn content(mut self, media_type: &str, content: impl Into<MediaType>) -> Self {
        self.content.insert(media_type.to_owned(), content.into());
        self
    }
}

impl From<Schema> for MediaType {
    fn from(schema: Schema) -> Self {
        Self {
            schema,
            example: None,
            examples: Named::new(),
        }
    }
}

impl MediaType {
    pub(super) fn example(mut self, value: impl Into<Value>) -> Self {
        self.example = Some(value.into());
        self
    }

    /// Adds a named example, one of several.
    pub(super) fn named_example(mut self, name: &str, value: Value) -> Self {
        self.examples.insert(name.to_owned(), Example { value });
        self
    }
}
