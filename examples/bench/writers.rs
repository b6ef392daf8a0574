//! Two hundred at once, all changing entries: nobody may be told that the ledger is locked, no change may be lost.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::time::Instant;

use crate::load::Line;
use crate::served::{get, request};

/// How many write at once.
const WRITERS: usize = 200;
/// How many changes each of them makes.
const EACH: i64 = 5;

/// What became of the changes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Changes that were answered with success.
    pub done: i64,
    /// Changes refused because somebody was faster, made again from what stands there now.
    pub again: i64,
    /// Answers that were neither: what the server said.
    pub failed: Vec<String>,
    /// Changes that were answered with success and are not in the ledger.
    pub lost: i64,
    /// Seconds for all.
    pub seconds: f64,
    /// Milliseconds within which 99 of 100 changes were answered.
    pub p99: f64,
}

/// Raises a number in some entries, several writers on each, and compares the sums.
pub fn run(to: SocketAddr, token: &str, codes: &[String]) -> Result<Outcome, String> {
    let before = sum(to, token, codes)?;
    let begin = Instant::now();
    let ready = Barrier::new(WRITERS);
    let parts: Vec<Result<(Outcome, Vec<f64>), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|n| {
                let code = codes.get(n % codes.len().max(1)).cloned();
                let ready = &ready;
                scope.spawn(move || write(to, token, &code.unwrap_or_default(), ready))
            })
            .collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|j| j.unwrap_or_else(|_| Err("a thread failed".to_owned())))
            .collect()
    });
    let mut out = Outcome {
        seconds: begin.elapsed().as_secs_f64(),
        ..Outcome::default()
    };
    let mut took = Vec::new();
    for part in parts {
        let (part, times) = part?;
        out.done += part.done;
        out.again += part.again;
        out.failed.extend(part.failed);
        took.extend(times);
    }
    took.sort_by(f64::total_cmp);
    out.p99 = took.get(took.len() * 99 / 100).copied().unwrap_or(0.0);
    out.lost = before + out.done - sum(to, token, codes)?;
    Ok(out)
}

fn path(code: &str) -> String {
    format!("/api/v1/entries/information_system/{code}")
}

/// The number of an entry, and its version.
fn read(line: &mut Line, token: &str, code: &str) -> Result<(i64, String), String> {
    let answer = line.ask(&get(&path(code), token))?;
    let body = answer.json()?;
    let users = body
        .pointer("/values/user_count")
        .unwrap_or(&serde_json::Value::Null);
    let text = users
        .as_str()
        .map_or_else(|| users.to_string(), str::to_owned);
    let tag = answer.header("etag").unwrap_or_default().to_owned();
    let users = text.parse().map_err(|_| format!("{code}: {body}"))?;
    Ok((users, tag))
}

fn sum(to: SocketAddr, token: &str, codes: &[String]) -> Result<i64, String> {
    let mut line = Line::open(to)?;
    codes
        .iter()
        .map(|code| read(&mut line, token, code).map(|(users, _)| users))
        .sum()
}

fn write(
    to: SocketAddr,
    token: &str,
    code: &str,
    ready: &Barrier,
) -> Result<(Outcome, Vec<f64>), String> {
    let opened = Line::open(to);
    ready.wait();
    let mut line = opened?;
    let mut out = Outcome::default();
    let mut took = Vec::new();
    while out.done + i64::try_from(out.failed.len()).unwrap_or(0) < EACH {
        let (users, tag) = read(&mut line, token, code)?;
        let body = serde_json::json!({ "values": { "user_count": users + 1 } }).to_string();
        let asked = Instant::now();
        let answer = line.ask(&request(
            "PATCH",
            &path(code),
            token,
            &[("if-match", &tag)],
            &body,
        ))?;
        took.push(asked.elapsed().as_secs_f64() * 1e3);
        match answer.status {
            200 => out.done += 1,
            412 => out.again += 1,
            other => {
                let said = String::from_utf8_lossy(&answer.body).into_owned();
                out.failed.push(format!("{other} {said}"));
            }
        }
    }
    Ok((out, took))
}
