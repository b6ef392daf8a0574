//! What holds for every request: health, headers, limits, refusals, and a calm end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use ureq::http::Method;

use crate::app::service::Service;
use crate::app::{Ledger, on_both};

#[test]
fn it_is_alive_ready_and_counted_on_both() {
    on_both(|ledger| {
        let service = Service::start(ledger);
        assert_eq!(service.get("/healthz").json()["status"], "ok");
        assert_eq!(service.get("/readyz").json()["status"], "ready");
        let counters = service.get("/metrics").body;
        let line = "one_ledger_requests_total{method=\"GET\",route=\"/healthz\",status=\"200\"} 1";
        assert!(counters.contains(line), "{counters}");
    });
}

#[test]
fn every_answer_carries_the_security_headers() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    for path in [
        "/healthz",
        "/sign-in",
        "/nowhere",
        "/api/v1/nowhere",
        "/favicon.ico",
    ] {
        let answer = service.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe-inline"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }
}

#[test]
fn an_address_that_leads_nowhere_says_so_in_the_callers_form() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    let api = service.get("/api/v1/nowhere");
    assert_eq!(api.status, 404);
    assert_eq!(api.header("content-type"), Some("application/problem+json"));
    let body = api.json();
    assert_eq!(body["code"], "not_found");
    assert_eq!(body["request_id"], api.header("x-request-id").unwrap());
    let page = service.get("/nowhere");
    assert_eq!(page.status, 404);
    assert!(page.body.contains("没有找到"), "{}", page.body);
}

#[test]
fn a_method_that_an_address_does_not_know_is_told_which_it_knows() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    for (method, path, allowed) in [
        (Method::DELETE, "/api/v1/sessions/x", None),
        (Method::PUT, "/api/v1/collection", Some("GET, POST")),
        (
            Method::POST,
            "/api/v1/entries/dataset/X/history",
            Some("GET"),
        ),
        (Method::DELETE, "/collection", Some("GET, POST")),
        (Method::POST, "/nowhere/at/all", None),
    ] {
        let answer = service.ask(method.clone(), path).send();
        match allowed {
            Some(allowed) => {
                assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
                assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
            }
            None => assert!(
                matches!(answer.status, 401 | 404),
                "{method} {path}: {answer:?}"
            ),
        }
    }
    let told = service.ask(Method::PUT, "/api/v1/collection").send().json();
    assert_eq!(told["code"], "method");
}

#[test]
fn whoever_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    let page = service.get("/people?page=2");
    assert_eq!(page.status, 303);
    assert_eq!(
        page.header("location"),
        Some("/sign-in?next=%2Fpeople%3Fpage%3D2")
    );
    let api = service.get("/api/v1/entries/dataset");
    assert_eq!(api.status, 401);
    assert_eq!(api.json()["code"], "signed_out");
}

#[test]
fn too_many_requests_from_one_address_are_told_when_to_come_again() {
    let ledger = Ledger::sqlite();
    let file = ledger.file("settings.toml");
    std::fs::write(&file, "[serve]\nrate_per_second = 1\nrate_burst = 5\n").unwrap();
    let mut command = ledger.command();
    command.args(["--config", file.to_str().unwrap()]);
    let service = Service::start_as(command.args(["serve", "--listen", "127.0.0.1:0"]));
    let answers: Vec<_> = (0..12).map(|_| service.get("/healthz")).collect();
    let refused: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
    assert!(answers[..5].iter().all(|a| a.status == 200));
    assert!(refused.len() >= 5, "{} refused", refused.len());
    for answer in refused {
        assert!(
            answer
                .header("retry-after")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                >= 1
        );
        assert_eq!(answer.json()["code"], "too_many");
    }
}

#[test]
fn a_public_address_without_https_is_refused() {
    let ledger = Ledger::sqlite();
    let said = ledger.cli(["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("--behind-proxy"), "{}", said.err);
}

#[test]
fn on_sigterm_a_running_request_is_finished_and_the_exit_is_clean() {
    let ledger = Ledger::settled();
    // Somebody has to be able to sign in: an empty ledger sends everybody to set-up before it reads anything.
    crate::routes::actors::make(&ledger, "liaison", "liaison", "SL001");
    let service = Service::start(&ledger);
    let host = service.base.trim_start_matches("http://").to_owned();
    let mut slow = TcpStream::connect(&host).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The head of a request: the service says when it has taken it, and from then on the request runs.
    slow.write_all(
        b"POST /sign-in HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\n\
          content-type: application/x-www-form-urlencoded\r\ncontent-length: 9\r\n\r\n",
    )
    .unwrap();
    let mut taken = [0_u8; 25];
    slow.read_exact(&mut taken).unwrap();
    assert_eq!(&taken, b"HTTP/1.1 100 Continue\r\n\r\n");
    std::thread::scope(|scope| {
        let ending = scope.spawn(|| service.terminate());
        slow.write_all(b"login=abc").unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 "), "{answer:?}");
        let (code, took) = ending.join().unwrap();
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(30), "{took:?}");
    });
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    let body = vec![b'a'; 3 * 1024 * 1024];
    let answer = service
        .ask(Method::POST, "/api/v1/sessions")
        .header("content-type", "application/json")
        .body(&body);
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(answer.json()["code"], "too_large");
}

#[test]
fn a_made_up_token_is_nobody() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    for token in ["", "abc", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."] {
        let answer = service.ask(Method::GET, "/api/v1/me").bearer(token).send();
        assert_eq!(answer.status, 401, "{token:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let upload = service.ask(Method::POST, "/api/v1/imports");
    assert_eq!(upload.upload("a.csv", b"x", &[]).status, 401);
}

#[test]
fn a_wrong_password_gets_no_session() {
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    let form = [("login", "nobody"), ("password", "nothing at all")];
    let answer = service.ask(Method::POST, "/sign-in").form(&form);
    assert!(
        answer.status >= 400
            || answer
                .header("location")
                .is_some_and(|to| to.starts_with("/set-up")),
        "{answer:?}"
    );
    assert_eq!(answer.cookie("__Host-one-ledger"), None);
    let body = serde_json::json!({"login": "nobody", "password": "nothing at all"});
    let answer = service.ask(Method::POST, "/api/v1/sessions").json(&body);
    assert_eq!(answer.status, 401, "{answer:?}");
}
