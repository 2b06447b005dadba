use std::{collections::BTreeMap, sync::Mutex, time::Instant};

use futures::{FutureExt as _, future::BoxFuture};
use netvane_document::Reply;
use serde_json::json;

use super::*;
use crate::{
    Input, Platform, Request,
    commands::testing::shown,
    testing::dns::{TestDns, ask},
    vantage::LOCAL,
    vantage::{AgentProblem, Agents, Question, Unanswered},
};

type Behavior =
    Arc<dyn Fn(Question) -> BoxFuture<'static, Result<Value, Unanswered>> + Send + Sync>;

/// Agents that answer as their behavior says; what they were asked is recorded.
struct FakeAgents {
    agents: Vec<(Arc<Agent>, Behavior)>,
    asked: Mutex<Vec<String>>,
}

impl Agents for FakeAgents {
    fn reachable(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn list(&self) -> Vec<Arc<Agent>> {
        self.agents.iter().map(|(agent, _)| agent.clone()).collect()
    }

    fn ask(
        &self,
        agent: &str,
        question: Question,
        mut progress: Box<dyn FnMut(Value) + Send>,
    ) -> BoxFuture<'static, Result<Value, Unanswered>> {
        let arguments = Value::Object(Map::clone(&question.arguments));
        let line = format!("{agent} {} {arguments}", question.command);
        self.asked.lock().expect("not poisoned").push(line);
        progress(json!({ "not": "data of any command" }));
        let (_, behavior) = self
            .agents
            .iter()
            .find(|(known, _)| known.name == agent)
            .expect("known");
        behavior(question)
    }
}

fn agent(name: &str, city: &str, country: &str) -> Agent {
    let commands = crate::commands::registry();
    let commands = commands.entries().iter().filter(|entry| entry.takes_from());
    Agent {
        name: name.into(),
        version: "0.1.9".into(),
        city: city.into(),
        country: country.into(),
        location: None,
        asn: None,
        organization: String::new(),
        tags: Vec::new(),
        ip_versions: vec![4, 6],
        commands: commands
            .map(|entry| (entry.spec.name.to_owned(), entry.schema_hash()))
            .collect::<BTreeMap<_, _>>(),
        busy: 0,
        most: 32,
        heard: Some(Instant::now()),
    }
}

/// What an agent answers to `a`: these addresses, in data as the command itself makes it.
async fn addresses(addresses: &[&str]) -> Behavior {
    let dns = TestDns::start().await;
    let reply = ask(&dns.engine(), "a web.example.test").await;
    let mut data = reply.expect("an answer").rendition.finding.data();
    let row = data["answers"][0].clone();
    let rows = addresses.iter().map(|address| {
        let mut row = row.clone();
        row["data"] = json!(address);
        row
    });
    data["answers"] = rows.collect();
    ready(Ok(data))
}

fn ready(answer: Result<Value, Unanswered>) -> Behavior {
    Arc::new(move |_| std::future::ready(answer.clone()).boxed())
}

fn problem(code: &str, detail: &str) -> Behavior {
    ready(Err(Unanswered::Problem(AgentProblem {
        code: code.into(),
        detail: detail.into(),
    })))
}

/// An engine with these agents, and the DNS server that it asks itself.
async fn hub(agents: Vec<(Agent, Behavior)>) -> (Engine, Arc<FakeAgents>, TestDns) {
    let dns = TestDns::start().await;
    let mut settings = dns.settings();
    settings.cluster.nats = vec!["nats://127.0.0.1:4222".into()];
    let engine = Engine::new(&settings).expect("starts");
    let agents = agents
        .into_iter()
        .map(|(agent, behavior)| (Arc::new(agent), behavior));
    let agents = Arc::new(FakeAgents {
        agents: agents.collect(),
        asked: Mutex::default(),
    });
    engine.attach_agents(agents.clone());
    (engine, agents, dns)
}

fn text(reply: &Reply) -> String {
    shown(reply.rendition.document())
}

fn failed(outcome: Result<Reply, Failure>) -> String {
    let failure = outcome.err().expect("a failure");
    let suggestion = match &failure {
        Failure::Usage(error) => error.suggestion.clone().unwrap_or_default(),
        _ => String::new(),
    };
    format!("{}: {failure} {suggestion}", failure.code().0)
}

#[tokio::test]
async fn one_agent_gives_the_usual_reply() {
    let fra1 = (
        agent("fra1", "Frankfurt", "DE"),
        addresses(&["192.0.2.9"]).await,
    );
    let (engine, agents, dns) = hub(vec![fra1]).await;

    let first = ask(&engine, "a www.example.test from=germany")
        .await
        .expect("an answer");
    let json: Value = serde_json::from_str(&first.to_json()).expect("JSON");
    assert_eq!(json["vantage"], "fra1");
    assert_eq!(json["title"], "A of web.example.test from fra1");
    assert_eq!(
        json["arguments"],
        json!({ "domain": "www.example.test", "from": "germany" })
    );
    assert_eq!(json["data"]["answers"][0]["data"], "192.0.2.9");
    assert_eq!(dns.asked(), 0, "this process looks nothing up");
    assert_eq!(
        *agents.asked.lock().expect("not poisoned"),
        [r#"fra1 a {"domain":"www.example.test"}"#]
    );

    let second = ask(&engine, "/a www.example.test --from=Germany")
        .await
        .expect("an answer");
    assert!(second.cached, "the same place");
    assert_eq!(second.vantage(), "fra1");
    let own = ask(&engine, "a www.example.test from=local")
        .await
        .expect("an answer");
    assert!(!own.cached, "another place");
    assert_eq!((own.vantage(), dns.asked()), (LOCAL, 1));
}

#[tokio::test]
async fn several_places_are_compared() {
    let same = addresses(&["192.0.2.80"]).await;
    let (engine, _, _dns) = hub(vec![
        (agent("fra1", "Frankfurt", "DE"), same.clone()),
        (agent("nyc1", "New York", "US"), same),
        (
            agent("sin1", "Singapore", "SG"),
            addresses(&["192.0.2.9", "192.0.2.10"]).await,
        ),
        (
            agent("old1", "", ""),
            problem("bad_argument", "unknown option"),
        ),
        (
            agent("dc1", "", ""),
            problem("refused_target", "www.example.test is in 10.0.0.0/8"),
        ),
        (agent("gone1", "", ""), ready(Err(Unanswered::Gone))),
        (
            agent("evil1", "", ""),
            problem("upstream", "see https://evil.example or [this](x)"),
        ),
    ])
    .await;

    let reply = ask(
        &engine,
        "a web.example.test from=local,fra1,nyc1,sin1,old1,dc1,gone1,evil1",
    )
    .await
    .expect("an answer");
    insta::assert_snapshot!(text(&reply), @r"
    # A of web.example.test from 8 places
    ! 192.0.2.80 at 3 of 8; at sin1: 192.0.2.10, 192.0.2.9; failed: old1, evil1; refused: dc1; gone: gone1
    [Place | Location | Result]
    local |  (aside) | 192.0.2.80 (good)
    fra1 | Frankfurt, DE (aside) | 192.0.2.80 (good)
    nyc1 | New York, US (aside) | 192.0.2.80 (good)
    sin1 | Singapore, SG (aside) | 192.0.2.9, 192.0.2.10 (good)
    old1 |  (aside) | unknown option (warning)
    dc1 |  (aside) | reports the problem `refused_target` (warning)
    gone1 |  (aside) | was not heard from again while it looked this up (warning)
    evil1 |  (aside) | reports the problem `upstream` (warning)
    ");
    let json: Value = serde_json::from_str(&reply.to_json()).expect("JSON");
    let states: Vec<String> = json["data"]["places"]
        .as_array()
        .expect("places")
        .iter()
        .map(|place| {
            format!(
                "{} {} {}",
                place["vantage"], place["state"], place["problem"]["code"]
            )
        })
        .collect();
    insta::assert_snapshot!(states.join("\n"), @r#"
    "local" "answered" null
    "fra1" "answered" null
    "nyc1" "answered" null
    "sin1" "answered" null
    "old1" "failed" "bad_argument"
    "dc1" "refused" "refused_target"
    "gone1" "gone" "unavailable"
    "evil1" "failed" "upstream"
    "#);
    assert_eq!(
        (&json["data"]["asked"], &json["data"]["left_out"]),
        (&json!(8), &json!(0))
    );
    assert_eq!(
        json["data"]["places"][3]["data"]["answers"][0]["data"],
        "192.0.2.9"
    );
    assert_eq!(json["severity"], "warning");
}

#[tokio::test]
async fn an_older_agent_is_told_from_one_that_refuses_an_argument() {
    let mut older = agent("old1", "", "");
    older.commands.insert("a".into(), "00000000".into());
    let mut oldest = agent("old2", "", "");
    oldest.commands.remove("a");
    let (engine, _, _dns) = hub(vec![
        (older, problem("bad_argument", "unknown option")),
        (oldest, problem("internal", "was asked")),
        (
            agent("new1", "", ""),
            problem("bad_argument", "`domain`: too long"),
        ),
    ])
    .await;
    insta::assert_snapshot!(
        text(&ask(&engine, "a web.example.test from=old1,old2,new1").await.expect("an answer")),
        @r"
        # a from 3 places
        ✗ failed: new1; too old: old1, old2
        [Place | Result]
        old1 | runs version 0.1.9, whose `a` does not know this request (warning)
        old2 | runs version 0.1.9, whose `a` does not know this request (warning)
        new1 | `domain`: too long (warning)
        "
    );
}

#[tokio::test]
async fn an_agent_that_takes_no_question_is_replaced_by_one_of_the_same_city() {
    let mut busy = agent("fra2", "Frankfurt", "DE");
    busy.busy = 1;
    let (engine, agents, _dns) = hub(vec![
        (
            agent("fra1", "Frankfurt", "DE"),
            ready(Err(Unanswered::NoAck)),
        ),
        (busy, addresses(&["192.0.2.9"]).await),
        (
            agent("ber1", "Berlin", "DE"),
            addresses(&["192.0.2.10"]).await,
        ),
    ])
    .await;
    let reply = ask(&engine, "a web.example.test from=frankfurt")
        .await
        .expect("an answer");
    assert_eq!(reply.vantage(), "fra2");
    assert_eq!(agents.asked.lock().expect("not poisoned").len(), 2);
    let failure = failed(ask(&engine, "a web.example.test from=fra1").await);
    assert_eq!(failure, "unavailable: fra1 does not take the question ");
}

#[tokio::test]
async fn a_place_that_cannot_be_asked_is_an_error_that_says_why() {
    let mut away = agent("akl1", "Auckland", "NZ");
    away.heard = Instant::now().checked_sub(Duration::from_secs(300));
    let (engine, _, _dns) = hub(vec![
        (away, ready(Err(Unanswered::Gone))),
        (
            agent("fra1", "Frankfurt", "DE"),
            problem("refused_target", "10.1.2.3 is in 10.0.0.0/8"),
        ),
    ])
    .await;
    let tried = async |line: &str| failed(ask(&engine, line).await);
    insta::assert_snapshot!(tried("ping 10.1.2.3 from=fra1").await, @r"refused_target: fra1: 10.1.2.3 is in 10.0.0.0/8");
    insta::assert_snapshot!(tried("ping 192.0.2.1 from=akl1").await, @r"unavailable: `akl1` is away, last heard from 5 min ago; see `places`");
    insta::assert_snapshot!(tried("ping 192.0.2.1 from=fra2").await, @r"bad_argument: `from`: no vantage point is `fra2`; did you mean `fra1`? /ping 192.0.2.1 from=fra1");
    insta::assert_snapshot!(tried("ping 192.0.2.1 from=atlantis").await, @r"bad_argument: `from`: no vantage point is `atlantis`; see `places`");
    insta::assert_snapshot!(tried("ping 192.0.2.1 from=").await, @r"bad_argument: `from`: expected vantage points such as `fra1`, `de+AS3320`, `world` or `all`, at most 512 bytes");
    insta::assert_snapshot!(tried("status from=fra1").await, @r"bad_argument: unknown option `from`; `status` takes no arguments");
}

#[tokio::test]
async fn at_most_a_number_of_agents_are_asked() {
    let names: Vec<String> = (1..=30).map(|number| format!("a{number}")).collect();
    let answer = addresses(&["192.0.2.80"]).await;
    let (engine, agents, _dns) = hub(names
        .iter()
        .map(|name| (agent(name, "", ""), answer.clone()))
        .collect())
    .await;
    let reply = ask(&engine, "a web.example.test from=all")
        .await
        .expect("an answer");
    let data = reply.rendition.finding.data();
    assert_eq!(
        (&data["asked"], &data["left_out"]),
        (&json!(20), &json!(11))
    );
    assert_eq!(
        agents.asked.lock().expect("not poisoned").len(),
        19,
        "and this process"
    );
    assert_eq!(reply.rendition.document().summary, "192.0.2.80 at 20 of 20");
}

#[tokio::test]
async fn each_place_is_charged() {
    let answer = addresses(&["192.0.2.80"]).await;
    let names = ["a1", "a2", "a3", "a4"];
    let agents = names.map(|name| (agent(name, "", ""), answer.clone()));
    let (engine, _, _dns) = hub(agents.into()).await;
    let asked = async |line: &str| {
        let caller = crate::Caller {
            user: Some("1".into()),
            ..crate::Caller::default()
        };
        let request = Request::new(Platform::Discord, Input::Text(line.into())).by(caller);
        engine.ask(request, |_| {}).await
    };
    // A ping costs 25 units, and a user has 600 a minute.
    let mut answered = 0;
    while asked(&format!("a w{answered}.example.test from=a1,a2,a3,a4"))
        .await
        .is_ok()
    {
        answered += 1;
    }
    assert_eq!(answered, 600 / (4 * 5));
}

#[tokio::test]
async fn places_are_suggested_while_one_is_typed() {
    let (engine, _, _dns) = hub(vec![
        (agent("fra1", "Frankfurt", "DE"), problem("internal", "")),
        (agent("nyc1", "New York", "US"), problem("internal", "")),
    ])
    .await;
    let registry = engine.registry();
    let ping = registry.find("ping").expect("a command");
    let from = ping.arguments.last().expect("an argument");
    assert_eq!(from.name, "from");
    let suggested = |typed| crate::command::complete(registry, from, typed, &[], 4).join(" ");
    assert_eq!(suggested(""), "all world local fra1");
    assert_eq!(suggested("fr"), "fra1 frankfurt");
    assert_eq!(suggested("new"), "new-york");
    assert_eq!(
        suggested("fra1,n"),
        "fra1,nyc1 fra1,new-york fra1,frankfurt"
    );
    assert_eq!(suggested("de+fra"), "de+fra1 de+frankfurt");
    assert_eq!(suggested("local,lo"), "");

    let status = registry.find("status").expect("a command");
    assert!(status.arguments.is_empty());
}

#[tokio::test]
async fn a_reply_of_cached_answers_is_cached() {
    let answer = addresses(&["192.0.2.80"]).await;
    let (engine, agents, _dns) = hub(vec![
        (agent("fra1", "", ""), answer.clone()),
        (agent("nyc1", "", ""), answer),
    ])
    .await;
    let cached = async |line: &str| ask(&engine, line).await.expect("an answer").cached;
    assert!(!cached("a web.example.test from=fra1").await);
    assert!(
        !cached("a web.example.test from=fra1,nyc1").await,
        "only one is"
    );
    assert!(cached("a web.example.test from=nyc1,fra1").await);
    assert_eq!(agents.asked.lock().expect("not poisoned").len(), 2);
}

#[tokio::test]
async fn an_agent_cannot_answer_for_other_places() {
    let planted = json!({
        "asked": 1, "left_out": 0,
        "places": [{ "vantage": "see https://evil.example", "state": "answered" }],
    });
    let (engine, _, _dns) = hub(vec![(agent("evil1", "", ""), ready(Ok(planted)))]).await;
    assert_eq!(
        failed(ask(&engine, "a web.example.test from=evil1").await),
        "upstream: evil1 sent an answer that cannot be read "
    );
}
