//! An emulator on a port, and an HTTP client.

use portolan::{
    emulator::{Emulator, Settings, serve, serve_controlled},
    transport::tls::client_builder,
};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::ORGANIZATIONS;

/// An emulator on a port, with `team-a` and `web/front` in cn-north-4.
pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    pub(crate) base: String,
    pub(crate) client: Client,
}

impl Site {
    pub(crate) async fn start(settings: Settings, region: Option<&str>) -> Self {
        let (site, listener) = Self::listen(settings).await;
        tokio::spawn(serve(
            site.emulator.clone(),
            listener,
            region.map(str::to_owned),
        ));
        site
    }

    /// All regions by prefix, with the control endpoint.
    pub(crate) async fn controlled() -> Self {
        let (site, listener) = Self::listen(Settings::default()).await;
        tokio::spawn(serve_controlled(site.emulator.clone(), listener, None));
        site
    }

    async fn listen(settings: Settings) -> (Self, TcpListener) {
        let emulator = Emulator::new(settings);
        emulator.edit(|state| {
            state.ensure_repository("cn-north-4", "team-a", "web/front");
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        (
            Self {
                emulator,
                base,
                client: client_builder().no_proxy().build().unwrap(),
            },
            listener,
        )
    }

    /// Puts a fault in that is written as on the command line.
    pub(crate) fn fault(&self, text: &str) {
        self.emulator.inject(text.parse().unwrap());
    }

    /// One port for cn-north-4.
    pub(crate) async fn region() -> Self {
        Self::start(Settings::default(), Some("cn-north-4")).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match body {
            Some(body) => {
                request
                    .header("Content-Type", "application/json")
                    .body(body.to_string())
                    .send()
                    .await
            }
            None => request.send().await,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::GET, path, None).await.unwrap()).await
    }

    pub(crate) async fn create_organization(&self) -> reqwest::Result<Response> {
        self.send(
            Method::POST,
            ORGANIZATIONS,
            Some(json!({ "namespace": "team-b" })),
        )
        .await
    }

    pub(crate) async fn wait_for_requests(&self, count: usize) {
        while self.emulator.journal().len() < count {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn has_organization(&self) -> bool {
        self.emulator
            .read(|state| state.organization("cn-north-4", "team-b").is_some())
    }
}

pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
