//! The service under load: lists, search, entries, export and writers, beside a bare server of the same bytes.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::load::{self, Line, Pace};
use crate::served::{Memory, Served, get, request, with_input};
use crate::writers;

/// Connections that ask at once.
const LINES: usize = 32;
/// How long one measurement takes; service and bare server take turns.
const TIME: Duration = Duration::from_secs(2);

const LOGIN: &str = "bench";
const PASSWORD: &str = "Load-9fKq-27xW-mmPd";
const LIST: &str = "/api/v1/entries/information_system";

/// A ledger that is there, with the account to ask as.
pub struct Ledger<'l> {
    /// The file.
    pub file: &'l Path,
    /// Folder for everything else.
    pub folder: &'l Path,
    /// How many entries it has.
    pub rows: u32,
    /// How often each measurement is repeated.
    pub runs: usize,
}

struct Case {
    what: &'static str,
    path: String,
}

impl Ledger<'_> {
    /// All measurements; `export` is what the command line takes for the same export.
    pub fn measure(&self, export: Option<f64>) -> Result<(), String> {
        self.account()?;
        let token = self.token()?;
        // What is measured is finding answers, so none is kept; how it is when nothing has changed comes last.
        let mut served = self.serve("0")?;
        let list = format!("{LIST}?department=D00001");
        let (first, _) = served.wait(&get(&list, &token), Instant::now())?;
        drop(served);
        // Started anew: this time everybody could have asked before.
        let begun = Instant::now();
        served = self.serve("0")?;
        let (started, answer) = served.wait(&get(&list, &token), begun)?;
        if answer.status != 200 {
            return Err(String::from_utf8_lossy(&answer.body).into_owned());
        }
        std::thread::sleep(Duration::from_secs(2));
        let idle = served.memory();
        println!(
            "{:>9} rows  start to first answer {started:.0} ms (first ever: {first:.0} ms)",
            self.rows
        );
        self.memory("idle", idle);
        self.heading();
        for case in self.cases(&served, &token)? {
            self.case(&served, &token, &case)?;
        }
        self.export(&served, &token, export)?;
        self.writers(&served, &token)?;
        std::thread::sleep(Duration::from_secs(2));
        self.memory("after all", served.memory());
        drop(served);
        self.again(&token)
    }

    /// The same questions once more to a service that keeps its answers, as it does unless told otherwise.
    fn again(&self, token: &str) -> Result<(), String> {
        let mut served = self.serve("8")?;
        let one = format!("{LIST}?department=D00001&sort=-recorded");
        served.wait(&get(&one, token), Instant::now())?;
        let case = |what, path| Case { what, path };
        for case in [
            case("the same list, nothing changed", one),
            case("the same counts, nothing changed", format!("{LIST}/facets")),
        ] {
            self.case(&served, token, &case)?;
        }
        Ok(())
    }

    fn common(&self) -> [String; 4] {
        ["--database", &text(self.file), "--data", &text(self.folder)].map(str::to_owned)
    }

    /// A liaison of the first department; there already when the ledger was kept from an earlier run.
    fn account(&self) -> Result<(), String> {
        let common = self.common();
        let mut args = vec![
            "users", "add", "--login", LOGIN, "--name", "压测", "--role", "liaison",
        ];
        args.extend([
            "--department",
            "D00001",
            "--password-stdin",
            "--keep-password",
        ]);
        args.extend(common.iter().map(String::as_str));
        match with_input(&args, PASSWORD) {
            Err(said) if !said.contains(LOGIN) => Err(said),
            _ => Ok(()),
        }
    }

    fn serve(&self, kept: &str) -> Result<Served, String> {
        Served::start(|address| {
            let own = [
                "serve",
                "--listen",
                address,
                "--rate",
                "0",
                "--kept-answers",
                kept,
            ];
            let own = own.map(str::to_owned);
            own.into_iter().chain(self.common()).collect()
        })
    }

    fn token(&self) -> Result<String, String> {
        let mut served = self.serve("0")?;
        let body = serde_json::json!({ "login": LOGIN, "password": PASSWORD }).to_string();
        let sign_in = request("POST", "/api/v1/sessions", "", &[], &body);
        let (_, answer) = served.wait(&sign_in, Instant::now())?;
        let token = answer.json()?;
        let token = token.get("access_token").and_then(|t| t.as_str());
        let said = || String::from_utf8_lossy(&answer.body).into_owned();
        token.map(str::to_owned).ok_or_else(said)
    }

    /// What is asked for; last pages are found by following the cursors of the whole list.
    fn cases(&self, served: &Served, token: &str) -> Result<Vec<Case>, String> {
        let one = format!("{LIST}?department=D00001&sort=-recorded");
        let all = format!("{LIST}?sort=-recorded");
        let (of_one, _) = last(served, token, &one, 50)?;
        let (of_all, seen) = last(served, token, &all, 500)?;
        if seen != self.rows as usize {
            return Err(format!("{seen} entries were listed, not {}", self.rows));
        }
        let code = codes(served, token, &one, 1)?.pop().unwrap_or_default();
        let case = |what, path| Case { what, path };
        Ok(vec![
            case("list of a department, first page", one),
            case("list of a department, last page", of_one),
            case("whole list, first page", all),
            case("whole list, last page", of_all),
            case("list, by name", format!("{LIST}?sort=name")),
            case("search 医保 in the list", search("医保")),
            case("search 济南 in the list", search("济南")),
            case(
                "search 医保 in all registers",
                format!("/api/v1/search?q={}", coded("医保")),
            ),
            case("one entry", format!("{LIST}/{code}")),
            case(
                "filters with counts, a department",
                format!("{LIST}/facets?department=D00001"),
            ),
            case("filters with counts, all", format!("{LIST}/facets")),
        ])
    }

    fn heading(&self) {
        println!(
            "{:<52} {:>9} {:>8} {:>8} {:>8} {:>10} {:>7}",
            "", "requests/s", "p50 ms", "p99 ms", "bytes", "hello/s", "ratio"
        );
    }

    fn case(&self, served: &Served, token: &str, case: &Case) -> Result<(), String> {
        let ask = get(&case.path, token);
        let answer = Line::open(served.address)?.ask(&ask)?;
        if answer.status != 200 {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("{}: {} {said}", case.path, answer.status));
        }
        let hello = Served::hello(&answer.body, self.folder)?;
        let mut ours = Vec::new();
        let mut bare = Vec::new();
        for _ in 0..self.runs.max(1) {
            bare.push(load::run(hello.address, &get("/", token), LINES, TIME)?);
            ours.push(load::run(served.address, &ask, LINES, TIME)?);
        }
        let (ours, bare) = (median(ours), median(bare));
        let label = format!("{:>9} rows  {}", self.rows, case.what);
        println!(
            "{label:<52} {:>9.0} {:>8.2} {:>8.2} {:>8} {:>10.0} {:>6.1}%",
            ours.per_second,
            ours.p50,
            ours.p99,
            answer.body.len(),
            bare.per_second,
            ours.per_second / bare.per_second * 100.0
        );
        if ours.busy > 0 {
            println!(
                "{:>9} rows      {} were told to come again",
                self.rows, ours.busy
            );
        }
        Ok(())
    }

    fn export(&self, served: &Served, token: &str, cli: Option<f64>) -> Result<(), String> {
        let Some(cli) = cli else { return Ok(()) };
        let ask = get(&format!("{LIST}/export?format=xlsx&fields=all"), token);
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..self.runs.max(1) {
            let begun = Instant::now();
            let answer = Line::open(served.address)?.ask(&ask)?;
            times.push(begun.elapsed().as_secs_f64());
            bytes = answer.body.len();
            if answer.status != 200 {
                return Err(String::from_utf8_lossy(&answer.body).into_owned());
            }
        }
        times.sort_by(f64::total_cmp);
        let over = times.get(times.len() / 2).copied().unwrap_or_default();
        println!(
            "{:>9} rows  export to xlsx over HTTP {over:.2} s, {:.1} MiB; at the command line {cli:.2} s; ratio {:.2}",
            self.rows,
            mib(bytes),
            over / cli
        );
        Ok(())
    }

    fn writers(&self, served: &Served, token: &str) -> Result<(), String> {
        let list = format!("{LIST}?department=D00001&sort=recorded");
        let codes = codes(served, token, &list, 50)?;
        let out = writers::run(served.address, token, &codes)?;
        println!(
            "{:>9} rows  200 writers at once on {} entries: {} changes in {:.1} s, p99 {:.0} ms, {} made again after 412, {} failed, {} lost",
            self.rows,
            codes.len(),
            out.done,
            out.seconds,
            out.p99,
            out.again,
            out.failed.len(),
            out.lost
        );
        for said in out.failed.iter().take(3) {
            println!("    {said}");
        }
        Ok(())
    }

    fn memory(&self, when: &str, memory: Memory) {
        println!(
            "{:>9} rows  memory {when}: {:.0} MiB resident ({:.0} of its own, the rest mapped files), peak {:.0} MiB",
            self.rows, memory.resident, memory.own, memory.peak
        );
    }
}

fn search(word: &str) -> String {
    format!("{LIST}?search={}", coded(word))
}

fn coded(text: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mib(bytes: usize) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The run in the middle, by answers a second.
fn median(mut runs: Vec<Pace>) -> Pace {
    runs.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

/// Codes of the first entries of a list.
fn codes(served: &Served, token: &str, list: &str, count: u32) -> Result<Vec<String>, String> {
    let ask = get(&format!("{list}&limit={count}"), token);
    let page = Line::open(served.address)?.ask(&ask)?.json()?;
    let items = page.get("items").and_then(|i| i.as_array());
    let code = |item: &serde_json::Value| Some(item.get("code")?.as_str()?.to_owned());
    Ok(items.into_iter().flatten().filter_map(code).collect())
}

/// The address of the last page of a list, found by following its cursors; and how many entries went by.
fn last(served: &Served, token: &str, list: &str, stride: u32) -> Result<(String, usize), String> {
    let mut line = Line::open(served.address)?;
    let mut seen = 0;
    let mut from = String::new();
    loop {
        let path = format!("{list}&limit={stride}{from}");
        let page = line.ask(&get(&path, token))?.json()?;
        let items = page.get("items").and_then(|i| i.as_array());
        seen += items.map_or(0, Vec::len);
        let Some(next) = page.get("next").and_then(|n| n.as_str()) else {
            return Ok((format!("{list}{from}"), seen));
        };
        from = format!("&cursor={next}");
    }
}
