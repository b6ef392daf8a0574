//! Uploads over HTTP: the contract that scripts rely on, and the same walk by forms and in a browser.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use ureq::http::Method;

use super::SYSTEMS;
use crate::app::browser::{self, Browser, PLAIN, USUAL};
use crate::app::service::{Answer, Service};
use crate::app::{Ledger, on_both_settled};

const PASSWORD: &str = "Ledger-2026-upload";
const API: &str = "/api/v1/imports";

/// Makes an account of the sample organisation.
fn account(ledger: &Ledger, login: &str, role: &str, department: &str) {
    let mut command = ledger.command();
    command.args(["--data", ledger.folder().to_str().unwrap()]);
    command.args([
        "users", "add", "--login", login, "--name", login, "--role", role,
    ]);
    if !department.is_empty() {
        command.args(["--department", department]);
    }
    command.args(["--password-stdin", "--keep-password"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
}

/// Signs in as programs do.
fn token(service: &Service, login: &str) -> String {
    let body = json!({"login": login, "password": PASSWORD});
    let answer = service.ask(Method::POST, "/api/v1/sessions").json(&body);
    answer.json()["access_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer:?}"))
        .to_owned()
}

fn get(service: &Service, token: &str, path: &str) -> Answer {
    service.ask(Method::GET, path).bearer(token).send()
}

fn post(service: &Service, token: &str, path: &str) -> Answer {
    service.ask(Method::POST, path).bearer(token).send()
}

/// Waits until nothing is being done with an import.
fn settled(service: &Service, token: &str, id: i64) -> Json {
    let begun = Instant::now();
    loop {
        let answer = get(service, token, &format!("{API}/{id}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let busy = ["received", "checking", "applying"].contains(&body["state"].as_str().unwrap());
        let open = ["queued", "running"].contains(&body["job"]["state"].as_str().unwrap_or(""));
        if !busy && !open {
            // The import was read before its job: what the job wrote last may have come between.
            return get(service, token, &format!("{API}/{id}")).json();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{body}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn workbook(ledger: &Ledger, name: &str, rows: &[&str]) -> Vec<u8> {
    let lines: Vec<&str> = std::iter::once(SYSTEMS)
        .chain(rows.iter().copied())
        .collect();
    std::fs::read(ledger.draw(name, &lines)).unwrap()
}

/// Others get the answer of what is not there.
fn nothing_is_there_for_others(service: &Service, id: i64) {
    for who in ["stranger", "auditor"] {
        let other = token(service, who);
        for path in ["", "/rows", "/annotated", "/corrections"] {
            let answer = get(service, &other, &format!("{API}/{id}{path}"));
            assert_eq!(answer.status, 404, "{who} {path}: {answer:?}");
        }
        for act in ["apply", "undo", "discard", "recheck"] {
            let answer = post(service, &other, &format!("{API}/{id}/{act}"));
            assert_eq!(answer.status, 404, "{who} {act}: {answer:?}");
        }
        let list = get(service, &other, API).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(0), "{who}");
    }
}

/// An applied import is taken back, once.
fn taken_back(ledger: &Ledger, service: &Service, me: &str, id: i64) {
    let undo = service
        .ask(Method::POST, &format!("{API}/{id}/undo"))
        .bearer(me)
        .json(&json!({"reason": "试一试"}));
    assert_eq!(undo.status, 202, "{undo:?}");
    assert_eq!(settled(service, me, id)["state"], "undone");
    assert_eq!(ledger.snapshot().entries.len(), 0);
    assert_eq!(post(service, me, &format!("{API}/{id}/undo")).status, 409);
}

/// What is wrong is told, nothing is applied yet, and one correction mends it.
fn corrected(service: &Service, me: &str, id: i64) {
    let seen = settled(service, me, id);
    assert_eq!(seen["state"], "previewed");
    assert_eq!(
        (seen["rows_ok"].as_i64(), seen["rows_bad"].as_i64()),
        (Some(1), Some(1))
    );
    assert!(
        seen["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("面议"),
        "{seen}"
    );
    let rows = get(service, me, &format!("{API}/{id}/rows?group=refused")).json();
    assert_eq!(rows["items"][0]["problems"][0]["column"], "D");
    // Not yet.
    let early = post(service, me, &format!("{API}/{id}/apply"));
    assert_eq!(
        (early.status, early.json()["code"].as_str()),
        (409, Some("conflict"))
    );
    let correction = json!({"row": 2, "column": "D", "said": "面议", "text": "5"});
    let path = format!("{API}/{id}/corrections");
    let done = service
        .ask(Method::POST, &path)
        .bearer(me)
        .json(&correction);
    assert_eq!(done.status, 202, "{done:?}");
    assert_eq!(settled(service, me, id)["rows_bad"], 0);
    assert_eq!(get(service, me, &path).json()["items"][0]["text"], "5");
}

/// Applied from the version that was seen, written as it was shown, and handed back with what was said of it.
fn applied(ledger: &Ledger, service: &Service, me: &str, id: i64) {
    // A stale version is told so.
    let stale = service
        .ask(Method::POST, &format!("{API}/{id}/apply"))
        .bearer(me)
        .header("if-match", "\"1\"")
        .send();
    assert_eq!(stale.status, 412, "{stale:?}");
    assert_eq!(post(service, me, &format!("{API}/{id}/apply")).status, 202);
    let done = settled(service, me, id);
    assert_eq!(done["state"], "applied", "{done}");
    assert_eq!(done["written"][0]["created"], 2);
    assert_eq!(ledger.snapshot().entries.len(), 2);
    let copy = get(service, me, &format!("{API}/{id}/annotated"));
    assert_eq!(copy.status, 200);
    assert!(copy.body.starts_with("PK"), "a workbook");
}

#[test]
fn a_script_sends_looks_corrects_applies_and_takes_back() {
    on_both_settled(|ledger| {
        account(ledger, "editor", "specialist", "示例市教育局");
        account(ledger, "stranger", "specialist", "示例市公安局");
        account(ledger, "auditor", "audit_admin", "");
        let service = Service::start(ledger);
        let me = token(&service, "editor");
        let file = workbook(
            ledger,
            "清单.xlsx",
            &[
                " | 甲系统 | 市教育局 | 面议 |",
                " | 乙系统 | 市教育局 | 12 |",
            ],
        );
        let send = |who: &str, fields: &[(&str, &str)]| {
            service
                .ask(Method::POST, API)
                .bearer(who)
                .upload("清单.xlsx", &file, fields)
        };
        let sent = send(&me, &[]);
        assert_eq!(sent.status, 202, "{sent:?}");
        let id = sent.json()["id"].as_i64().unwrap();
        assert_eq!(
            sent.header("location"),
            Some(format!("{API}/{id}").as_str())
        );
        assert_eq!(
            send(&me, &[]).json()["id"].as_i64(),
            Some(id),
            "pressed twice is one"
        );
        corrected(&service, &me, id);
        nothing_is_there_for_others(&service, id);
        assert_eq!(send(&token(&service, "auditor"), &[]).status, 403);
        assert_eq!(
            service
                .ask(Method::POST, API)
                .upload("x", &file, &[])
                .status,
            401
        );
        applied(ledger, &service, &me, id);
        taken_back(ledger, &service, &me, id);
        // Applied at once.
        let file = workbook(ledger, "又一份.xlsx", &[" | 丙系统 | 市教育局 | 1 |"]);
        let sent = service.ask(Method::POST, API).bearer(&me).upload(
            "又一份.xlsx",
            &file,
            &[("apply", "true")],
        );
        let id = sent.json()["id"].as_i64().unwrap();
        assert_eq!(settled(&service, &me, id)["state"], "applied");
    });
}

#[test]
fn bad_requests_are_answered_with_what_is_wrong() {
    let ledger = Ledger::settled();
    account(&ledger, "editor", "specialist", "示例市教育局");
    let settings = ledger.file("settings.toml");
    std::fs::write(&settings, "[limits]\nfile_bytes = 200000\n").unwrap();
    let service = Service::start_with(&ledger, &["--config", settings.to_str().unwrap()]);
    let me = token(&service, "editor");
    let ask = |method: Method, path: &str| service.ask(method, path).bearer(&me);
    let file = workbook(&ledger, "a.xlsx", &[" | 甲系统 | 市教育局 | 1 |"]);
    let fields = |answer: Answer| -> Vec<String> {
        assert_eq!(answer.status, 422, "{answer:?}");
        let body = answer.json();
        let list = body["problems"].as_array().unwrap().iter();
        list.map(|p| p["field"].as_str().unwrap().to_owned())
            .collect()
    };
    let wrong = ask(Method::POST, API).upload(
        "a.xlsx",
        &file,
        &[
            ("register", "nothing"),
            ("department", "公安局"),
            ("valid_on", "2026-02-30"),
        ],
    );
    assert_eq!(fields(wrong), ["register", "valid_on", "department"]);
    let empty = ask(Method::POST, API).upload("a.xlsx", b"", &[]);
    assert_eq!(fields(empty), ["file"]);
    let nul = ask(Method::POST, API).upload("a.xlsx", &file, &[("reason", "a\u{0}b")]);
    assert_eq!(fields(nul), ["reason"]);
    let large = ask(Method::POST, API).upload("a.xlsx", &vec![0; 300_000], &[]);
    assert_eq!(
        (large.status, large.json()["code"].as_str()),
        (413, Some("too_large"))
    );
    let declared = ask(Method::POST, API).upload("a.xlsx", &vec![0; 3_000_000], &[]);
    assert_eq!(declared.status, 413);
    assert_eq!(ask(Method::POST, API).json(&json!({})).status, 400);
    let broken = ask(Method::POST, API)
        .header("content-type", "multipart/form-data; boundary=x")
        .body(b"--x\r\nno part at all");
    assert_eq!(broken.status, 422, "{broken:?}");
    // Answers to nothing, to letters, to nonsense.
    for (path, status) in [("/99", 404), ("/abc", 404), ("/1/rows?limit=0", 404)] {
        assert_eq!(
            ask(Method::GET, &format!("{API}{path}")).send().status,
            status,
            "{path}"
        );
    }
    let sent = ask(Method::POST, API).upload("..\\..\\etc/甲.xlsx", &file, &[]);
    let id = sent.json()["id"].as_i64().unwrap();
    assert_eq!(settled(&service, &me, id)["file"], "甲.xlsx");
    for (path, status) in [
        ("rows?limit=0", 422),
        ("rows?cursor=x", 422),
        ("rows?group=no", 422),
        ("rows?search=%00", 422),
    ] {
        let answer = ask(Method::GET, &format!("{API}/{id}/{path}")).send();
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let map = json!({"sheets": [{"sheet": "清单", "columns": {"A": "nothing"}}]});
    let mapping = format!("{API}/{id}/mapping");
    assert_eq!(ask(Method::PUT, &mapping).json(&map).status, 428);
    let tag = ask(Method::GET, &format!("{API}/{id}")).send();
    let tag = tag.header("etag").unwrap();
    let refused = ask(Method::PUT, &mapping)
        .header("if-match", tag)
        .json(&map);
    assert_eq!(fields(refused), ["sheets[0].columns"]);
    let twisted = ask(Method::POST, &format!("{API}/{id}/corrections")).json(&json!({
        "row": 2, "column": "d4", "text": "x"
    }));
    assert_eq!(fields(twisted), ["column"]);
    let unknown = ask(Method::POST, &format!("{API}/{id}/apply")).json(&json!({"whole": true}));
    assert_eq!(unknown.status, 422);
}

#[test]
fn sixty_four_at_once_all_go_in_or_are_told_to_come_again() {
    let ledger = Ledger::settled();
    account(&ledger, "editor", "specialist", "示例市教育局");
    let service = Service::start(&ledger);
    let me = token(&service, "editor");
    let files: Vec<Vec<u8>> = (0..64)
        .map(|n| {
            let row = format!(" | 系统{n} | 市教育局 | {n} |");
            workbook(&ledger, &format!("{n}.xlsx"), &[&row])
        })
        .collect();
    let ids: Vec<i64> = std::thread::scope(|scope| {
        let send = |file: &Vec<u8>| {
            for _ in 0..200 {
                let answer = service.ask(Method::POST, API).bearer(&me).upload(
                    "x.xlsx",
                    file,
                    &[("apply", "1")],
                );
                match answer.status {
                    202 => return answer.json()["id"].as_i64().unwrap(),
                    503 => {
                        assert!(answer.header("retry-after").is_some());
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    other => panic!("{other}: {answer:?}"),
                }
            }
            panic!("never taken");
        };
        let sent: Vec<_> = files.iter().map(|f| scope.spawn(move || send(f))).collect();
        sent.into_iter().map(|s| s.join().unwrap()).collect()
    });
    for id in ids {
        let begun = Instant::now();
        while settled(&service, &me, id)["state"] != "applied" {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(ledger.snapshot().entries.len(), 64);
}

#[test]
fn a_sender_who_drips_bytes_is_cut_off_and_one_too_many_is_told_to_come_again() {
    use std::net::TcpStream;
    let ledger = Ledger::settled();
    account(&ledger, "editor", "specialist", "示例市教育局");
    let service = Service::start_with(&ledger, &["--uploads", "3"]);
    let me = token(&service, "editor");
    let address = service.base.trim_start_matches("http://").to_owned();
    let begun = Instant::now();
    let open = || {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST {API} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {me}\r\ncontent-length: 90000\r\n\
             content-type: multipart/form-data; boundary=edge\r\n\r\n\
             --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.xlsx\"\r\n\r\nPK"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut slow: Vec<TcpStream> = (0..3).map(|_| open()).collect();
    std::thread::sleep(Duration::from_millis(500));
    let file = workbook(&ledger, "a.xlsx", &[" | 甲系统 | 市教育局 | 1 |"]);
    let full = service
        .ask(Method::POST, API)
        .bearer(&me)
        .upload("a.xlsx", &file, &[]);
    assert_eq!(full.status, 503, "{full:?}");
    assert!(full.header("retry-after").is_some());
    assert_eq!(service.get("/healthz").status, 200);
    for stream in &mut slow {
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut said = [0; 4_000];
        let n = stream.read(&mut said).unwrap();
        let said = String::from_utf8_lossy(&said[..n]).into_owned();
        assert!(
            said.starts_with("HTTP/1.1 422") && said.contains("upload_too_slow"),
            "{said}"
        );
    }
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(9) && took < Duration::from_secs(25),
        "{took:?}"
    );
    let left = std::fs::read_dir(ledger.folder().join("uploads"))
        .unwrap()
        .count();
    assert_eq!(left, 0, "what was cut off leaves no file");
    let taken = service
        .ask(Method::POST, API)
        .bearer(&me)
        .upload("a.xlsx", &file, &[]);
    assert_eq!(taken.status, 202, "{taken:?}");
}

/// Signs in by the page.
fn sign_in(browser: &Browser, service: &Service, login: &str) {
    browser.go(&format!("{}/sign-in", service.base));
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.press("main button[type=submit]");
    browser.see(".ol-me");
}

fn walk(window: browser::Window, name: &str) {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::settled();
    account(&ledger, "editor", "specialist", "示例市教育局");
    ledger.import_whole(&ledger.draw(
        "0.xlsx",
        &[SYSTEMS, "XT-A | 学籍管理系统 | 市教育局 | 10 | 学籍"],
    ));
    let file = ledger.draw(
        "教育局系统清单.xlsx",
        &[
            SYSTEMS,
            "XT-A | 学籍管理系统 | 市教育局 | 12.5 | 学籍和考试",
            " | 招生考试系统 | 市教育局 | 面议 | 招生",
            " | 教师管理系统 | 市教育局 | 3 | 教师",
            " | 户籍系统 | 市公安局 | 3 | 户籍",
            "合计 | | | 15 |",
        ],
    );
    let service = Service::start(&ledger);
    let mut browser = Browser::open(name, window);
    sign_in(&browser, &service, "editor");
    browser.go(&format!("{}/imports", service.base));
    browser.picture("empty-list");
    browser.press_text("导入文件");
    browser.choose_file("#f-file", &file);
    browser.picture("new");
    browser.press("main button[type=submit]");
    browser.see_text("招生考试系统");
    browser.picture("preview");
    assert_eq!(browser.count("tr.ol-row--bad"), 2);
    browser.press_text("调整列对应");
    browser.see_text("对应的字段");
    browser.picture("mapping");
    browser.press_text("返回");
    browser.fill("tr.ol-row--bad .ol-fix input[name=text]", "7.5");
    browser.press("tr.ol-row--bad .ol-fix button");
    browser.see_text("已更正 1 处");
    browser.picture("corrected");
    browser.press(".ol-tabs li:nth-child(3) a");
    browser.see("ins.ol-new");
    browser.picture("changes");
    browser.go(&format!("{}/imports/2", service.base));
    browser.press("form[action$='/apply'] input[name=partial] ~ button");
    if window.scripts {
        browser.wait(browser.client().accept_alert());
    }
    browser.see_text("按账本历史逐条重新统计");
    browser.picture("applied");
    assert_eq!(ledger.snapshot().entries.len(), 3);
    browser.press_text("撤销这次导入");
    browser.fill("#f-reason", "演练");
    browser.press("form[action$='/undo'] button");
    browser.see_text("撤回新增 2 条");
    browser.picture("undone");
    assert_eq!(ledger.snapshot().entries.len(), 1);
    browser.go(&format!("{}/imports", service.base));
    browser.see_text("已撤销");
    browser.picture("list");
}

#[test]
fn a_person_walks_it_in_a_browser() {
    walk(USUAL, "imports");
}

#[test]
fn a_person_walks_it_without_scripts() {
    walk(PLAIN, "imports-plain");
}
