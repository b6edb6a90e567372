//! An emulator on a port, with a clock that the test controls.

use std::time::Duration;

use portolan::{
    emulator::{Emulator, Mirror, Settings, State, serve},
    transport::tls::client_builder,
};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) const REGION: &str = "cn-north-4";

/// The id of `app`, a mirror that was never run.
pub(crate) const MIRROR: &str = "/v4/repositories/123/remote-mirror";

/// The id of `plain`, an ordinary repository.
pub(crate) const ORDINARY: &str = "/v4/repositories/124/remote-mirror";

pub(crate) const URL: &str = "https://git.example.com/app.git";

/// When everything begins.
pub(crate) const START: &str = "2026-11-20T23:10:00Z";

pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    base: String,
    client: Client,
}

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// As it was sent.
    pub(crate) text: String,
    pub(crate) assumptions: Vec<String>,
    pub(crate) total: Option<String>,
    pub(crate) date: String,
    pub(crate) token: Option<String>,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error_code"].as_str().unwrap_or_default()
    }
}

/// Settings with a stopped clock.
pub(crate) fn settings() -> Settings {
    Settings {
        clock: || START.parse().unwrap(),
        ..Settings::default()
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(settings()).await
    }

    pub(crate) async fn assuming(switch: &str) -> Self {
        let mut settings = settings();
        settings.assumptions.set(switch).unwrap();
        Self::with(settings).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let emulator = Emulator::new(settings);
        emulator.edit(|state| {
            state.ensure_mirror(REGION, "platform", "app", URL);
            state.ensure_git_repository(REGION, "platform", "plain");
            state
                .git_repository_mut(REGION, "platform", "app")
                .unwrap()
                .id = 123;
            state
                .git_repository_mut(REGION, "platform", "plain")
                .unwrap()
                .id = 124;
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/{REGION}", listener.local_addr().unwrap());
        tokio::spawn(serve(emulator.clone(), listener, None));
        Self {
            emulator,
            base,
            client: client_builder().no_proxy().build().unwrap(),
        }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Response {
        let request = self.client.request(
            Method::from_bytes(method.as_bytes()).unwrap(),
            format!("{}{path}", self.base),
        );
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Option<Value>>,
    ) -> Answer {
        let body = body
            .into()
            .map(|body: Value| body.to_string())
            .unwrap_or_default();
        answer(self.send(method, path, &[], body).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    /// The mirror as the API shows it.
    pub(crate) async fn mirror(&self) -> Value {
        let answer = self.get(MIRROR).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body
    }

    /// Starts a run with an empty body.
    pub(crate) async fn run(&self) -> Answer {
        self.call("POST", MIRROR, serde_json::json!({})).await
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.emulator.advance(Duration::from_secs(seconds));
    }

    /// Changes the mirror without the API.
    pub(crate) fn edit_mirror(&self, change: impl FnOnce(&mut Mirror)) {
        self.emulator
            .edit(|state| change(state.mirror_mut(REGION, "platform", "app").unwrap()));
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.emulator.read(look)
    }
}

pub(crate) async fn answer(response: Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let all = headers.get_all("x-emulator-assumption").iter();
    let assumptions = all
        .map(|value| value.to_str().unwrap().to_owned())
        .collect();
    assert!(headers.contains_key("x-request-id"));
    let text = response.text().await.unwrap();
    Answer {
        status,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
        assumptions,
        total: header("x-total"),
        date: header("date").unwrap(),
        token: header("x-subject-token"),
    }
}
