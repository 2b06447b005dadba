//! The layout that all pages share.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets;

/// Placeholder for a reply that is not known yet. Escaped text cannot contain it.
pub(super) const ANSWER: PreEscaped<&str> = PreEscaped("<!--answer-->");

/// Metadata of a page.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    /// Description for search engines, one sentence.
    pub(super) about: Option<&'a str>,
    /// Canonical path of the page, whichever URL it was opened with.
    pub(super) path: Option<&'a str>,
    /// Whether search engines may list it.
    pub(super) indexed: bool,
}

impl Page<'_> {
    /// Renders the whole page around its content.
    pub(super) fn with(&self, public_url: &str, content: &Markup) -> Markup {
        self.with_metadata(public_url, &html! {}, content)
    }

    /// Renders the whole page with more elements in its head.
    pub(super) fn with_metadata(
        &self,
        public_url: &str,
        metadata: &Markup,
        content: &Markup,
    ) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (self.title) " · Netvane" }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    @if let Some(about) = self.about { meta name="description" content=(about); }
                    @if !self.indexed { meta name="robots" content="noindex"; }
                    @if let (Some(path), false) = (self.path, public_url.is_empty()) {
                        link rel="canonical" href={ (public_url) (path) };
                    }
                    (metadata)
                    link rel="icon" type="image/svg+xml" href=(assets::ICON.url());
                    link rel="stylesheet" href=(assets::STYLE.url());
                    script type="module" src=(assets::SCRIPT.url()) {}
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header {
                        nav aria-label="Netvane" {
                            a.home href="/" { img src=(assets::ICON.url()) alt="" width="24" height="24"; "Netvane" }
                            a href="/tools" { "Tools" }
                            a href="/me" { "My IP" }
                            a href="/docs" { "API" }
                        }
                    }
                    main id="main" { (content) }
                    footer {
                        p { "Network lookups in the chats you already use. No cookies, no third-party requests. " a href="/about" { "About our probes and how to opt out" } }
                    }
                }
            }
        }
    }
}
