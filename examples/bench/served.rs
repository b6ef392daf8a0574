//! The service as a child process, and beside it a bare server of the same bytes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::load::{Answer, Line};

/// A server that runs; it ends with the value.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

/// Memory of a server in MiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident, pages of mapped files included.
    pub resident: f64,
    /// Its own, without mapped files.
    pub own: f64,
    /// The most that was resident.
    pub peak: f64,
}

fn free() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    listener.local_addr().map_err(|e| e.to_string())
}

impl Served {
    /// Starts this program with arguments that make it listen at the given address.
    pub fn start(args: impl Fn(&str) -> Vec<String>) -> Result<Self, String> {
        let address = free()?;
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let child = Command::new(program)
            .args(args(&address.to_string()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| e.to_string())?;
        Ok(Self { address, child })
    }

    /// Asks until something comes back; milliseconds since `since`.
    pub fn wait(&mut self, request: &[u8], since: Instant) -> Result<(f64, Answer), String> {
        while since.elapsed() < Duration::from_secs(600) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the server ended with {status}"));
            }
            if let Ok(answer) = Line::open(self.address).and_then(|mut line| line.ask(request)) {
                return Ok((since.elapsed().as_secs_f64() * 1e3, answer));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err("the server does not answer".to_owned())
    }

    /// A bare server of these bytes, ready.
    pub fn hello(bytes: &[u8], folder: &Path) -> Result<Self, String> {
        let file = folder.join("hello.json");
        std::fs::write(&file, bytes).map_err(|e| e.to_string())?;
        let file = file.to_string_lossy().into_owned();
        let mut served =
            Self::start(|address| vec!["bare-hello".to_owned(), address.to_owned(), file.clone()])?;
        served.wait(&get("/", ""), Instant::now())?;
        Ok(served)
    }

    /// What it has in memory.
    pub fn memory(&self) -> Memory {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let mib = |name: &str| {
            let line = status.lines().find_map(|l| l.strip_prefix(name));
            let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
            kib.unwrap_or(0.0) / 1024.0
        };
        Memory {
            resident: mib("VmRSS:"),
            own: mib("RssAnon:"),
            peak: mib("VmHWM:"),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already when it failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request for a path with a bearer token.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    request("GET", path, token, &[], "")
}

/// A request with headers and a JSON body.
pub fn request(
    method: &str,
    path: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let mut out = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    if !token.is_empty() {
        out.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        out.push_str("content-type: application/json\r\n");
    }
    if method != "GET" {
        out.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    out.push_str("\r\n");
    out.push_str(body);
    out.into_bytes()
}

/// Runs the bare server: actix-web with as many workers as the service, one route, bytes from memory.
pub fn serve_hello(address: &str, file: &str) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = web::Bytes::from(std::fs::read(file)?);
    let address: SocketAddr = address.parse()?;
    actix_web::rt::System::new().block_on(async move {
        HttpServer::new(move || {
            let bytes = bytes.clone();
            App::new().route(
                "/",
                web::get().to(move || {
                    let bytes = bytes.clone();
                    async move {
                        HttpResponse::Ok()
                            .content_type("application/json")
                            .body(bytes)
                    }
                }),
            )
        })
        .workers(2)
        .bind(address)?
        .run()
        .await
    })?;
    Ok(())
}

/// Runs a command of this program with a text on its standard input.
pub fn with_input(args: &[&str], input: &str) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{input}").map_err(|e| e.to_string())?;
    }
    let said = child.stderr.take().map(BufReader::new);
    let said: Vec<String> = said
        .into_iter()
        .flat_map(|r| r.lines().map_while(Result::ok))
        .collect();
    let status = child.wait().map_err(|e| e.to_string())?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{args:?}: {}", said.join("\n")))
}
