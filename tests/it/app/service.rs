//! The service as a process of its own on a test's ledger, asked over HTTP like anybody asks it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use ureq::http::{Method, Response};
use ureq::{Agent, Body, SendBody};

use super::Ledger;

/// A service that runs; it is stopped when the test ends.
pub struct Service {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    child: Child,
    agent: Agent,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The value of a cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.iter().filter(|(n, _)| n == "set-cookie");
        set.filter_map(|(_, v)| v.split(';').next()?.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.to_owned())
    }
}

/// A request being put together.
pub struct Ask<'s> {
    service: &'s Service,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
}

impl Ask<'_> {
    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As the owner of an access or API token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Without a body.
    pub fn send(self) -> Answer {
        self.body(&[])
    }

    /// With JSON.
    pub fn json(self, body: &Json) -> Answer {
        let text = body.to_string();
        self.header("content-type", "application/json")
            .body(text.as_bytes())
    }

    /// With the fields of a form.
    pub fn form(self, fields: &[(&str, &str)]) -> Answer {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let coded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = fields
            .iter()
            .map(|(n, v)| format!("{}={}", coded(n), coded(v)))
            .collect();
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.join("&").as_bytes())
    }

    /// With a file in the field `file`, and other fields before it.
    pub fn upload(self, name: &str, content: &[u8], fields: &[(&str, &str)]) -> Answer {
        const EDGE: &str = "edge-of-a-part";
        let mut body = Vec::new();
        for (field, value) in fields {
            body.extend_from_slice(
                format!("--{EDGE}\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        body.extend_from_slice(
            format!(
                "--{EDGE}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 content-type: application/octet-stream\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{EDGE}--\r\n").as_bytes());
        self.header(
            "content-type",
            &format!("multipart/form-data; boundary={EDGE}"),
        )
        .body(&body)
    }

    /// With these bytes.
    pub fn body(self, bytes: &[u8]) -> Answer {
        let url = format!("{}{}", self.service.base, self.path);
        let mut request = ureq::http::Request::builder().method(self.method).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let sent = request.body(SendBody::from_owned_reader(std::io::Cursor::new(
            bytes.to_vec(),
        )));
        let sent = if bytes.is_empty() {
            sent.map(|r| r.map(|_| SendBody::none()))
        } else {
            sent
        };
        read(self.service.agent.run(sent.unwrap()).unwrap())
    }
}

fn read(mut response: Response<Body>) -> Answer {
    let headers = response
        .headers()
        .iter()
        .map(|(n, v)| {
            (
                n.to_string(),
                String::from_utf8_lossy(v.as_bytes()).into_owned(),
            )
        })
        .collect();
    let status = response.status().as_u16();
    let bytes = response
        .body_mut()
        .with_config()
        .limit(512 * 1024 * 1024)
        .read_to_vec()
        .unwrap();
    Answer {
        status,
        headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

impl Service {
    /// Starts the service on a ledger.
    pub fn start(ledger: &Ledger) -> Self {
        Self::start_with(ledger, &[])
    }

    /// Starts the service with more settings.
    pub fn start_with(ledger: &Ledger, more: &[&str]) -> Self {
        let mut command = ledger.command();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--rate", "0"])
            .args(["--data", ledger.folder().to_str().unwrap()])
            .args(more);
        Self::start_as(&mut command)
    }

    /// Starts the service by a command of the test's own.
    pub fn start_as(command: &mut std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, address) = line.split_once("http://")?;
                Some(format!("http://{}", address.trim_end_matches('/')))
            })
            .expect("the service says where it listens");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(120)))
            .build()
            .new_agent();
        Self { base, child, agent }
    }

    /// Begins a request.
    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask {
            service: self,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
        }
    }

    /// Asks for an address, signed in by nothing.
    pub fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path).send()
    }

    /// Signs in for the API and returns the access token.
    #[track_caller]
    pub fn token(&self, login: &str, password: &str) -> String {
        let body = serde_json::json!({"login": login, "password": password});
        let answer = self.ask(Method::POST, "/api/v1/sessions").json(&body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Sends SIGTERM and waits for the end; returns the exit code and how long it took.
    pub fn terminate(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let sent = std::process::Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        (self.child.wait().unwrap().code(), began.elapsed())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Gone already when the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
