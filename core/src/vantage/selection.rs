//! The value of `from=`, and the choice of the agents that it means.

use std::{cmp::Ordering, sync::Arc};

use netvane_facts::{continents, countries, target::Invalid};
use rand::seq::SliceRandom as _;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::{Agent, LOCAL, is_agent_name};

/// Longest value in bytes, and longest term.
const MAX_TEXT: usize = 512;

/// Agents that are tried for one vantage point.
pub const TRIED: usize = 2;

/// Agents that `world` asks.
const WORLD: usize = 5;

/// Vantage points as a request names them: `fra1,de+AS3320,local`, `world` or `all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Local,
    /// A few, spread over the continents.
    World,
    All,
    /// The least loaded agent that has all of these properties.
    Agent(Vec<String>),
}

/// A vantage point to ask: the agents that can stand for it, best first, or this process if there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// What the request named; of `world` and `all`, the name of the agent.
    pub term: String,
    /// The agent to ask, then those of the same city that have the same properties. Empty for this process.
    pub candidates: Vec<Arc<Agent>>,
}

/// The vantage points to ask, and how many matched beyond the limit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choice {
    /// In the order of the request.
    pub places: Vec<Chosen>,
    /// Number of matching ones that are not asked.
    pub left_out: usize,
}

/// Why no agent can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoChoice {
    /// No agent was ever known by a term; with the most similar term.
    Unknown(String, Option<String>),
    /// The agents that match a term are silent.
    Away(String),
}

impl Chosen {
    /// This process.
    pub fn local() -> Self {
        Self {
            term: LOCAL.into(),
            candidates: Vec::new(),
        }
    }

    /// Whether it is this process.
    pub fn is_local(&self) -> bool {
        self.candidates.is_empty()
    }

    /// Tells lookups apart that other agents may answer.
    pub fn key(&self) -> String {
        let names: Vec<&str> = self
            .candidates
            .iter()
            .take(TRIED)
            .map(|agent| agent.name.as_str())
            .collect();
        format!("{}={}", self.term, names.join("|"))
    }

    /// Name of the vantage point.
    pub fn name(&self) -> &str {
        self.candidates
            .first()
            .map_or(LOCAL, |agent| agent.name.as_str())
    }
}

impl Selection {
    /// Parses the value of `from=`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_TEXT {
            return Err(Invalid::new(format!(
                "expected vantage points such as `fra1`, `de+AS3320`, `world` or `all`, at most {MAX_TEXT} bytes"
            )));
        }

        let mut terms = Vec::new();
        for written in text.split(',') {
            let term = Term::parse(written)?;
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
        Ok(Self { terms })
    }

    /// The canonical spelling.
    pub fn text(&self) -> String {
        let terms: Vec<String> = self.terms.iter().map(Term::text).collect();
        terms.join(",")
    }

    /// The canonical spelling with another term in place of this one.
    pub fn text_with(&self, term: &str, other: &str) -> String {
        let terms = self.terms.iter().map(Term::text);
        let corrected = terms.map(|text| if text == term { other.to_owned() } else { text });
        corrected.collect::<Vec<_>>().join(",")
    }

    /// Whether it means this process alone.
    pub fn is_local(&self) -> bool {
        self.terms == [Term::Local]
    }

    /// Chooses present agents, at most `limit` vantage points.
    pub fn choose(&self, agents: &[Arc<Agent>], limit: usize) -> Result<Choice, NoChoice> {
        let present: Vec<&Arc<Agent>> = agents.iter().filter(|agent| agent.is_present()).collect();
        let mut places: Vec<Chosen> = Vec::new();
        let mut left_out = 0;

        for term in &self.terms {
            let (found, more) = match term {
                Term::Local => (vec![Chosen::local()], 0),
                Term::All => {
                    let mut all = spread(&present);
                    all.insert(0, Chosen::local());
                    let more = all.len().saturating_sub(limit);
                    all.truncate(limit);
                    (all, more)
                }
                Term::World => {
                    let mut some = spread(&present);
                    some.truncate(WORLD);
                    (some, 0)
                }
                Term::Agent(properties) => {
                    let candidates = candidates(&present, properties);
                    if candidates.is_empty() {
                        return Err(why_none(agents, properties));
                    }
                    let term = term.text();
                    (vec![Chosen { term, candidates }], 0)
                }
            };
            left_out += more;
            places.extend(found);
        }

        remove_doubles(&mut places);
        left_out += places.len().saturating_sub(limit);
        places.truncate(limit);
        Ok(Choice { places, left_out })
    }
}

impl Term {
    fn parse(written: &str) -> Result<Self, Invalid> {
        let properties: Vec<String> = written.split('+').map(fold).collect();
        if let Some(empty) = properties.iter().position(String::is_empty) {
            let part = written.split('+').nth(empty).unwrap_or_default().trim();
            return Err(Invalid::new(match part {
                "" => "a vantage point is missing beside `,` or `+`".to_owned(),
                part => format!("`{}` is no vantage point", printable(part)),
            }));
        }
        match properties.as_slice() {
            [one] if one == LOCAL => Ok(Self::Local),
            [one] if one == "world" => Ok(Self::World),
            [one] if one == "all" => Ok(Self::All),
            many if many
                .iter()
                .any(|one| [LOCAL, "world", "all"].contains(&one.as_str())) =>
            {
                Err(Invalid::new(
                    "`local`, `world` and `all` cannot be combined with `+`",
                ))
            }
            _ => Ok(Self::Agent(
                written.split('+').map(canonical).collect::<Vec<_>>(),
            )),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Local => LOCAL.into(),
            Self::World => "world".into(),
            Self::All => "all".into(),
            Self::Agent(properties) => properties.join("+"),
        }
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// The spelling in which a property is kept: lower case, networks as `AS3320`, without spaces.
fn canonical(written: &str) -> String {
    let words: Vec<&str> = written.split_whitespace().collect();
    let trimmed = printable(&words.join("-")).to_lowercase();
    match as_number(&trimmed) {
        Some(number) => format!("AS{number}"),
        None => trimmed,
    }
}

/// Letters and digits without case, accents and separators: `São Paulo`, `sao-paulo` and `SaoPaulo` are one city.
fn fold(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c) && c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn as_number(text: &str) -> Option<u32> {
    let digits = text
        .get(..2)
        .filter(|head| head.eq_ignore_ascii_case("as"))?;
    text[digits.len()..]
        .trim_start_matches([' ', '-'])
        .parse()
        .ok()
}

/// Whether an agent has a property: its name, city, country, continent, network or one of its tags.
fn has(agent: &Agent, property: &str) -> bool {
    if agent.name == property || agent.tags.iter().any(|tag| tag == property) {
        return true;
    }
    if let Some(number) = as_number(property) {
        return agent.asn == Some(number);
    }

    let folded = fold(property);
    let continent = continents::of_country(&agent.country);
    let is_continent = continents::all()
        .find(|(code, _)| Some(*code) == continent)
        .is_some_and(|(code, name)| folded == fold(code) || folded == fold(name));
    let is_country = !agent.country.is_empty()
        && countries::code(property).is_some_and(|code| code == agent.country);
    is_continent || is_country || (!agent.city.is_empty() && folded == fold(&agent.city))
}

/// The agents that have all properties, the least loaded first; after it only those of the same city.
fn candidates(present: &[&Arc<Agent>], properties: &[String]) -> Vec<Arc<Agent>> {
    let mut matching: Vec<Arc<Agent>> = present
        .iter()
        .filter(|agent| properties.iter().all(|property| has(agent, property)))
        .map(|agent| Arc::clone(agent))
        .collect();
    matching.shuffle(&mut rand::rng());
    matching.sort_by(by_load);

    let city = matching
        .first()
        .map(|first| (first.city.clone(), first.country.clone()));
    matching.retain(|agent| {
        city.as_ref()
            .is_some_and(|(city, country)| agent.city == *city && agent.country == *country)
    });
    matching
}

fn by_load(one: &Arc<Agent>, other: &Arc<Agent>) -> Ordering {
    one.load().total_cmp(&other.load())
}

/// Orders agents so that each beginning of the list is spread over the continents; within one, the least loaded first.
fn spread(present: &[&Arc<Agent>]) -> Vec<Chosen> {
    let mut by_continent: Vec<(Option<&str>, Vec<Arc<Agent>>)> = Vec::new();
    let mut sorted: Vec<Arc<Agent>> = present.iter().map(|agent| Arc::clone(agent)).collect();
    sorted.sort_by(|one, other| by_load(one, other).then_with(|| one.name.cmp(&other.name)));
    for agent in sorted {
        let continent = continents::of_country(&agent.country);
        match by_continent
            .iter_mut()
            .find(|(known, _)| *known == continent)
        {
            Some((_, agents)) => agents.push(agent),
            None => by_continent.push((continent, vec![agent])),
        }
    }

    let longest = by_continent.iter().map(|(_, agents)| agents.len()).max();
    (0..longest.unwrap_or(0))
        .flat_map(|round| {
            by_continent
                .iter()
                .filter_map(move |(_, agents)| agents.get(round).cloned())
        })
        .map(|agent| Chosen {
            term: agent.name.clone(),
            candidates: vec![agent],
        })
        .collect()
}

/// Keeps the first vantage point of each name: two terms may choose the same agent.
fn remove_doubles(places: &mut Vec<Chosen>) {
    let mut names: Vec<String> = Vec::new();
    places.retain(|place| {
        let is_new = !names.iter().any(|name| name == place.name());
        if is_new {
            names.push(place.name().to_owned());
        }
        is_new
    });
}

fn why_none(agents: &[Arc<Agent>], properties: &[String]) -> NoChoice {
    let term = properties.join("+");
    let is_known = agents
        .iter()
        .any(|agent| properties.iter().all(|property| has(agent, property)));
    if is_known {
        return NoChoice::Away(term);
    }

    let words: Vec<String> = suggestions(agents)
        .map(|word| word.to_lowercase())
        .collect();
    let near = properties
        .iter()
        .find(|property| !agents.iter().any(|agent| has(agent, property)))
        .and_then(|wrong| {
            let near = crate::suggest::nearest(wrong, words.iter().map(String::as_str))?;
            Some(
                properties
                    .iter()
                    .map(|property| {
                        if property == wrong {
                            canonical(near)
                        } else {
                            property.clone()
                        }
                    })
                    .collect::<Vec<_>>()
                    .join("+"),
            )
        });
    NoChoice::Unknown(term, near)
}

/// Values of `from=` that mean one of these agents, in the order in which they are suggested.
pub fn suggestions(agents: &[Arc<Agent>]) -> impl Iterator<Item = String> {
    let word = |city: &str| city.to_lowercase().replace(' ', "-");
    let names = agents.iter().map(|agent| agent.name.clone());
    let cities = agents.iter().map(move |agent| word(&agent.city));
    let countries = agents.iter().map(|agent| agent.country.to_lowercase());
    let networks = agents
        .iter()
        .filter_map(|agent| Some(format!("AS{}", agent.asn?)));
    let tags = agents.iter().flat_map(|agent| agent.tags.clone());
    let mut known: Vec<String> = Vec::new();
    names
        .chain(cities)
        .chain(countries)
        .chain(networks)
        .chain(tags)
        .filter(|word| !word.is_empty() && (is_agent_name(word) || !word.contains([',', '+', ' '])))
        .for_each(|word| {
            if !known.contains(&word) {
                known.push(word);
            }
        });
    known.into_iter()
}

#[cfg(test)]
mod tests;
