//! The OpenAPI 3.1 description, generated once from the registry and the types that are served.
//!
//! Each body that the API reads or writes is a type with a JSON Schema (schemars), and each
//! operation refers to the types of its handler, so a new field in a type is documented
//! automatically.

mod model;
mod operations;
mod questions;
mod shared;

use netvane_core::{Problem, command::Registry, spec::Group};

use crate::schemas::Schemas;
use model::{
    ApiServer, Components, Document, Info, License, Named, PathItem, SecurityRequirement, Tag,
};

/// Builds the whole description; `public_url` may be empty.
pub(crate) fn document(registry: &Registry, public_url: &str) -> Document {
    let url = match public_url.trim_end_matches('/') {
        "" => "/",
        url => url,
    };
    let mut schemas = Schemas::new(registry);
    let paths = paths(registry, &mut schemas);

    Document {
        openapi: "3.1.0",
        info: info(),
        servers: vec![ApiServer { url: url.into() }],
        security: vec![
            SecurityRequirement::new(),
            Named::from([(shared::KEY.to_owned(), Vec::new())]),
        ],
        tags: tags(),
        paths,
        components: Components {
            responses: shared::responses(&schemas.schema_for::<Problem>()),
            parameters: shared::parameters(),
            headers: shared::headers(),
            security_schemes: shared::security_schemes(),
            schemas: schemas.into_components(),
        },
    }
}

fn info() -> Info {
    Info {
        title: "Netvane",
        summary: "Network lookups over HTTP.",
        description: "DNS, registration data, reachability, mail and the client's own request. A negative result \
            (a name that does not exist, a closed port) is a reply; an error is a problem document (RFC 9457).",
        version: env!("CARGO_PKG_VERSION"),
        license: License {
            name: "MIT OR Apache-2.0",
            identifier: "MIT OR Apache-2.0",
        },
    }
}

fn tags() -> Vec<Tag> {
    let groups = [
        Group::Dns,
        Group::Reachability,
        Group::Mail,
        Group::Request,
        Group::About,
    ];
    let others = [operations::LOOKUPS, operations::SERVICE];
    let names = groups.map(Group::title).into_iter().chain(others);
    names.map(|name| Tag { name }).collect()
}

fn paths(registry: &Registry, schemas: &mut Schemas) -> Named<PathItem> {
    let get = |operation| PathItem {
        get: Some(operation),
        ..PathItem::default()
    };
    let post = |operation| PathItem {
        post: Some(operation),
        ..PathItem::default()
    };
    let commands = PathItem {
        get: Some(operations::list(schemas)),
        post: Some(operations::ask(registry, schemas)),
        ..PathItem::default()
    };

    let mut paths = Named::from([("/v1/commands".to_owned(), commands)]);

    for entry in registry.entries() {
        let operation = operations::command(registry, entry, schemas);
        let item = PathItem {
            post: operations::message(entry, schemas),
            ..get(operation)
        };
        paths.insert(format!("/v1/commands/{}", entry.spec.name), item);
    }

    let batch = operations::batch(registry, schemas);
    paths.insert("/v1/batch".into(), post(batch));
    let delivery = operations::delivery(schemas);
    paths.insert("/v1/deliveries/{id}".into(), get(delivery));
    let send_again = operations::send_again(schemas);
    paths.insert("/v1/deliveries/{id}/send".into(), post(send_again));
    let keys = operations::callback_keys(schemas);
    paths.insert("/v1/callback-keys".into(), get(keys));
    paths.insert("/v1/results".into(), post(operations::keep(schemas)));
    paths.insert("/r/{id}".into(), get(operations::result(schemas)));
    paths.insert("/r/{id}/image.png".into(), get(operations::image(schemas)));
    let deletion = operations::delete_result(schemas);
    paths.insert("/r/{id}/delete/{token}".into(), deletion);
    for (path, operation) in operations::service(schemas) {
        paths.insert(path.into(), get(operation));
    }

    paths
}

#[cfg(test)]
mod tests;
