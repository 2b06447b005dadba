use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{sync::mpsc, task::JoinHandle};

use super::*;
use crate::hub::questions::Questions;

struct Asked {
    questions: Arc<Questions>,
    passed_on: Arc<AtomicUsize>,
    end: JoinHandle<Result<News, Unanswered>>,
}

/// Starts to wait for an end, with a clock that tests advance.
fn start(deadline: Duration) -> Asked {
    let questions = Arc::new(Questions::default());
    let passed_on = Arc::new(AtomicUsize::new(0));
    let (stops, _) = mpsc::channel(1);
    let open = questions.open("fra1", "7Z".into(), stops);
    let count = passed_on.clone();
    let started = Instant::now();
    let wait = Wait {
        started,
        deadline: started + deadline,
        heard: None,
        next_progress: started,
        progress: Box::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        }),
    };
    let end = tokio::spawn(async move { wait.until_end(&open).await });
    Asked {
        questions,
        passed_on,
        end,
    }
}

impl Asked {
    async fn after(&self, milliseconds: u64, news: News) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        self.questions.tell("fra1", "7Z", news);
    }

    async fn end(self) -> Result<News, Unanswered> {
        self.end.await.expect("no panic")
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_ack_the_agent_has_a_second() {
    let began = Instant::now();
    let end = start(Duration::from_secs(12)).end().await;
    assert!(matches!(end, Err(Unanswered::NoAck)));
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_falls_silent_is_gone_after_five_seconds() {
    let began = Instant::now();
    let asked = start(Duration::from_secs(60));
    asked.after(500, News::Alive).await;
    asked.after(2000, News::Alive).await;
    assert!(matches!(asked.end().await, Err(Unanswered::Gone)));
    assert_eq!(began.elapsed().as_millis() / 10, 750);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_works_on_is_late_at_the_deadline() {
    let began = Instant::now();
    let asked = start(Duration::from_secs(9));
    asked.after(100, News::Alive).await;
    for _ in 0..4 {
        asked.after(2000, News::Alive).await;
    }
    assert!(matches!(asked.end().await, Err(Unanswered::Late)));
    assert_eq!(began.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_progress_is_passed_on_ten_times_a_second() {
    let asked = start(Duration::from_secs(60));
    for _ in 0..1000 {
        asked
            .after(1, News::Progress(r#"{"data":{}}"#.into()))
            .await;
    }
    asked.after(1, News::Reply("x".into())).await;
    let passed_on = asked.passed_on.clone();
    assert_eq!(asked.end().await.ok(), Some(News::Reply("x".into())));
    let passed_on = passed_on.load(Ordering::Relaxed);
    assert!((9..=12).contains(&passed_on), "{passed_on}");
}

#[test]
fn ends_are_read() {
    let problem = |code: &str| News::Problem(format!(r#"{{"code":"{code}","detail":"x"}}"#).into());
    assert_eq!(
        read(News::Reply(r#"{"data":7}"#.into())).ok(),
        Some(Value::from(7))
    );
    assert!(matches!(
        read(News::Reply("7".into())),
        Err(Unanswered::Unreadable)
    ));
    assert!(matches!(read(problem("busy")), Err(Unanswered::Busy)));
    assert!(matches!(
        read(problem("forbidden")),
        Err(Unanswered::Problem(_))
    ));
    assert!(matches!(read(News::NobodyThere), Err(Unanswered::NoAck)));
}
