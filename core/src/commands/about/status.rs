//! `status`: state and limits of this installation.

use std::{borrow::Cow, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Severity, duration};
use netvane_facts::geo::DatabaseInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context},
    commands::{
        address::geo::{add_attribution, date},
        dns::lookup::count,
    },
    policy::rate_limits::{Payer, Remaining},
    spec::{Cost, Group, Spec},
    store::{BucketUsage, Store},
};

/// Version, uptime, age of the data, limits, and enabled features.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Status {}

/// State and limits of this installation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    version: Cow<'static, str>,
    uptime_seconds: u64,
    /// Adapters of this process.
    adapters: Vec<Adapter>,
    resolvers: Vec<String>,
    rdap: bool,
    data: DataAge,
    limits: Limits,
    /// Remaining rate limit budgets of the user.
    yours: Vec<Remaining>,
    commands: usize,
    /// Entries and bytes of each bucket of the state; absent where no service runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Vec<BucketUsage>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Adapter {
    name: Cow<'static, str>,
    /// Health of the adapter: `up`, `starting`, `down: …` or `failed: …`.
    health: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct DataAge {
    geo: Vec<Database>,
    /// Publication date of the RDAP bootstrap file of IANA.
    rdap_bootstrap: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Database {
    name: String,
    built: Option<String>,
    age_days: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Limits {
    /// Maximum number of concurrent light lookups.
    light: usize,
    /// Maximum number of concurrent heavy lookups.
    heavy: usize,
    cache_entries: u64,
    cache_seconds: u64,
}

impl Command for Status {
    const SPEC: Spec = Spec {
        name: "status",
        aliases: &["about"],
        group: Group::About,
        examples: &["status"],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;
    const ABOUT_CALLER: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let limits = &cx.runtime.limits;

        Ok(Data {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: cx.runtime.process.started.elapsed().as_secs(),
            adapters: cx
                .runtime
                .process
                .adapters
                .all()
                .into_iter()
                .map(|(name, health)| Adapter {
                    name: name.into(),
                    health: health.to_string(),
                })
                .collect(),
            resolvers: cx.net.dns.resolvers(),
            rdap: cx.net.registries.has_rdap(),
            data: DataAge {
                geo: cx
                    .runtime
                    .geo
                    .current()
                    .databases()
                    .iter()
                    .map(Database::from)
                    .collect(),
                rdap_bootstrap: cx.net.registries.bootstrap_date(),
            },
            limits: Limits {
                light: limits.light,
                heavy: limits.heavy,
                cache_entries: limits.cache_entries,
                cache_seconds: limits.cache_seconds,
            },
            yours: cx.standings.clone(),
            commands: cx.registry.entries().len(),
            state: cx.runtime.process.state.get().map(state_usage),
        })
    }
}

/// The buckets that hold something.
fn state_usage(store: &Store) -> Vec<BucketUsage> {
    let all = store.usage().into_iter();
    all.filter(|usage| usage.entries > 0).collect()
}

impl From<&DatabaseInfo> for Database {
    fn from(info: &DatabaseInfo) -> Self {
        let age = |built: &String| {
            let built = built.parse::<jiff::Timestamp>().ok()?;
            Some(jiff::Timestamp::now().duration_since(built).as_secs() / 86_400)
        };
        Self {
            name: info.name.clone(),
            age_days: info.built.as_ref().and_then(age),
            built: info.built.clone(),
        }
    }
}

impl From<&Database> for DatabaseInfo {
    fn from(database: &Database) -> Self {
        Self {
            name: database.name.clone(),
            built: database.built.clone(),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let summary = format!(
            "Version {}, up for {}",
            self.version,
            duration::rounded(self.uptime_seconds)
        );

        let mut document = Document::new("Netvane", summary, Severity::Good);
        self.add_services(&mut document);
        self.add_databases(&mut document);
        self.add_limits(&mut document);
        self.add_state(&mut document);
        self.add_budgets(&mut document);
        let databases: Vec<DatabaseInfo> = self.data.geo.iter().map(DatabaseInfo::from).collect();
        add_attribution(&mut document, "Geo data", &databases);

        document
    }
}

impl Data {
    /// Adds adapters, resolvers and RDAP.
    fn add_services(&self, document: &mut Document) {
        if !self.adapters.is_empty() {
            let states = self
                .adapters
                .iter()
                .map(|Adapter { name, health }| format!("{name} {health}"));
            document.field("Adapters", states.collect::<Vec<_>>().join(", "));
        }

        document.field("Commands", self.commands);
        let resolvers = if self.resolvers.is_empty() {
            "none".into()
        } else {
            self.resolvers.join(", ")
        };

        document.field("Resolvers", Cell::exact(resolvers));
        let bootstrap = self.data.rdap_bootstrap.as_deref().map(date);

        document.field(
            "RDAP",
            match (self.rdap, bootstrap) {
                (true, Some(date)) => format!("on, bootstrap of {date}"),
                (true, None) => "on, but the bootstrap file cannot be read".into(),
                (false, _) => "off".into(),
            },
        );
    }

    fn add_databases(&self, document: &mut Document) {
        for database in &self.data.geo {
            let age = database.age_days.map(|days| {
                format!(
                    ", {} old",
                    count(usize::try_from(days).unwrap_or(0), "day", "days")
                )
            });
            let built = database.built.as_deref().map_or("unknown date", date);
            document.field(
                "Geo database",
                Cell::exact(format!(
                    "{} of {built}{}",
                    database.name,
                    age.unwrap_or_default()
                )),
            );
        }
    }

    fn add_limits(&self, document: &mut Document) {
        document.field(
            "Concurrency",
            format!("{} light, {} heavy", self.limits.light, self.limits.heavy),
        );

        let max_age = duration::rounded(self.limits.cache_seconds);
        document.field(
            "Cache",
            format!(
                "up to {} answers, for at most {max_age}",
                self.limits.cache_entries
            ),
        );
    }

    fn add_state(&self, document: &mut Document) {
        let Some(buckets) = self.state.as_ref().filter(|state| !state.is_empty()) else {
            return;
        };
        let buckets = buckets.iter().map(|usage| {
            let kib = usage.bytes.div_ceil(1024);
            format!("{} {} ({kib} KiB)", usage.entries, usage.bucket)
        });
        document.field("State", buckets.collect::<Vec<_>>().join(", "));
    }

    /// Adds the remaining rate limit budgets of the user.
    fn add_budgets(&self, document: &mut Document) {
        for Remaining {
            of,
            left,
            per_minute,
        } in &self.yours
        {
            let name = match *of {
                Payer::Conversation => "This conversation",
                Payer::ApiKey => "Your API key",
                Payer::Address => "Your address",
                Payer::You => "You",
            };
            document.field(
                name,
                format!("{left} of {per_minute} units left (refills every minute)"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
