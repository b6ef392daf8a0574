//! A small load generator: keep-alive connections that ask for the same thing again and again.
//!
//! One thread and one raw socket per connection, the request written as one piece, the answer read by its length:
//! what is measured is the server. That it is not the bottleneck shows in the figure of the bare server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Head, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|l| l.strip_prefix(name))?;
        line.strip_prefix(':').map(str::trim)
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.body).map_err(|e| e.to_string())
    }
}

/// A connection that stays open.
pub struct Line {
    socket: TcpStream,
    held: Vec<u8>,
}

impl Line {
    /// Connects.
    pub fn open(to: SocketAddr) -> Result<Self, String> {
        let socket = TcpStream::connect(to).map_err(|e| e.to_string())?;
        socket.set_nodelay(true).map_err(|e| e.to_string())?;
        let patience = Some(Duration::from_secs(600));
        socket
            .set_read_timeout(patience)
            .map_err(|e| e.to_string())?;
        Ok(Self {
            socket,
            held: Vec::with_capacity(1 << 16),
        })
    }

    /// Sends a request and reads the answer to its end.
    pub fn ask(&mut self, request: &[u8]) -> Result<Answer, String> {
        self.socket
            .write_all(request)
            .map_err(|e| format!("sending: {e}"))?;
        self.held.clear();
        let head_end = loop {
            if let Some(at) = memchr::memmem::find(&self.held, b"\r\n\r\n") {
                break at + 4;
            }
            self.more()?;
        };
        let head = self.held.get(..head_end).unwrap_or_default();
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        let mut answer = Answer {
            status: status.unwrap_or(0),
            head,
            body: Vec::new(),
        };
        let length: usize = answer
            .header("content-length")
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        while self.held.len() < head_end + length {
            self.more()?;
        }
        answer.body = self.held.split_off(head_end);
        Ok(answer)
    }

    fn more(&mut self) -> Result<(), String> {
        let mut part = [0_u8; 1 << 15];
        let read = self
            .socket
            .read(&mut part)
            .map_err(|e| format!("receiving: {e}"))?;
        if read == 0 {
            return Err("the server closed the connection".to_owned());
        }
        self.held
            .extend_from_slice(part.get(..read).unwrap_or_default());
        Ok(())
    }
}

/// How a server did under load.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Answers a second.
    pub per_second: f64,
    /// Milliseconds within which half of the answers came.
    pub p50: f64,
    /// Milliseconds within which 99 of 100 came.
    pub p99: f64,
    /// How many were told that the service is busy.
    pub busy: usize,
}

/// Asks over this many connections for this long, after a tenth of it that does not count.
pub fn run(to: SocketAddr, request: &[u8], lines: usize, time: Duration) -> Result<Pace, String> {
    let begin = Instant::now() + time / 10;
    let end = begin + time;
    let (mut took, busy) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..lines)
            .map(|_| scope.spawn(move || one(to, request, begin, end)))
            .collect();
        let mut all = Vec::new();
        let mut busy = 0;
        for thread in threads {
            let done = thread.join().map_err(|_| "a thread failed".to_owned())?;
            let (took, refused) = done?;
            all.extend(took);
            busy += refused;
        }
        Ok::<_, String>((all, busy))
    })?;
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or(0.0);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let count = took.len() as f64;
    Ok(Pace {
        per_second: count / time.as_secs_f64(),
        p50: at(50),
        p99: at(99),
        busy,
    })
}

fn one(
    to: SocketAddr,
    request: &[u8],
    begin: Instant,
    end: Instant,
) -> Result<(Vec<f64>, usize), String> {
    let mut line = Line::open(to)?;
    let mut took = Vec::with_capacity(1 << 14);
    let mut busy = 0;
    loop {
        let asked = Instant::now();
        if asked >= end {
            return Ok((took, busy));
        }
        let answer = line.ask(request)?;
        if answer.status == 503 {
            busy += 1;
            continue;
        }
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("answered {}: {body}", answer.status));
        }
        if asked >= begin {
            took.push(asked.elapsed().as_secs_f64() * 1e3);
        }
    }
}
