//! The files that pages load, embedded in the program. Their URLs change with their content.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use axum::{
    extract::{Path, RawQuery},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use netvane_core::ProblemCode;

use crate::response::problem;

/// A file that pages load.
pub(super) struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
    version: LazyLock<String>,
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {{
        const CONTENT: &str = include_str!(concat!("../../assets/", $name));
        Asset {
            name: $name,
            media_type: $media_type,
            content: CONTENT,
            version: LazyLock::new(|| version_of(CONTENT)),
        }
    }};
}

pub(super) static STYLE: Asset = asset!("netvane.css", "text/css; charset=utf-8");
pub(super) static SCRIPT: Asset = asset!("netvane.js", "text/javascript; charset=utf-8");
pub(super) static DOCS_SCRIPT: Asset = asset!("docs.js", "text/javascript; charset=utf-8");
pub(super) static ICON: Asset = asset!("icon.svg", "image/svg+xml");

impl Asset {
    /// Returns its URL, which contains a hash of its content.
    pub(super) fn url(&self) -> String {
        format!("/assets/{}?v={}", self.name, *self.version)
    }
}

fn version_of(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Handles `GET /assets/{name}`: serves an embedded file.
pub(super) async fn get(Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let Some(asset) = [&STYLE, &SCRIPT, &DOCS_SCRIPT, &ICON]
        .into_iter()
        .find(|asset| asset.name == name)
    else {
        return problem::plain(
            StatusCode::NOT_FOUND,
            ProblemCode::NotFound,
            "there is no such file",
        );
    };

    let asked = query.as_deref().and_then(|query| query.strip_prefix("v="));
    let keep = if asked == Some(&**asset.version) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };

    let fields = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, keep),
    ];

    (
        fields.map(|(name, value)| (name, HeaderValue::from_static(value))),
        asset.content,
    )
        .into_response()
}
