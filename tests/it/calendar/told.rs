//! Notices, calendar and limits over HTTP: one's own only, versions, refusals, and the work done by itself.

use one_ledger::clock;
use one_ledger::error::Error;
use one_ledger::notice::{self, Message, To};
use serde_json::json;
use ureq::http::Method;

use super::deadlines::fill;
use crate::app::service::Service;
use crate::app::{Ledger, on_both_settled};
use crate::routes::actors::{self, PASSWORD};

fn account(ledger: &Ledger, login: &str) -> i64 {
    use diesel::prelude::*;
    use one_ledger::db::schema::accounts;
    accounts::table
        .filter(accounts::login.eq(login))
        .select(accounts::id)
        .first(&mut ledger.conn())
        .unwrap()
}

fn message<'m>(text: &'m str, dedupe: &'m str) -> Message<'m> {
    Message {
        kind: "test",
        text,
        href: "/deadlines",
        dedupe,
    }
}

#[test]
fn a_notice_is_told_once_and_is_its_reader_s_alone() {
    on_both_settled(|ledger| {
        for (login, role) in [
            ("liaison", "liaison"),
            ("second", "liaison"),
            ("cdo", "cdo"),
        ] {
            actors::make(ledger, login, role, "SL001");
        }
        let directory = one_ledger::org::directory::Directory::load(&mut ledger.conn()).unwrap();
        let department = directory.by_code("SL001").unwrap().id;
        let to = To::Role {
            role: one_ledger::auth::Role::Liaison,
            department,
        };
        let conn = &mut ledger.conn();
        let now = clock::now();
        assert_eq!(notice::send(conn, to, message("一", "k1"), now).unwrap(), 2);
        assert_eq!(notice::send(conn, to, message("一", "k1"), now).unwrap(), 0);
        let ids = [account(ledger, "liaison")];
        for n in 2..=120 {
            let key = format!("k{n}");
            notice::send(conn, To::Accounts(&ids), message("又", &key), now).unwrap();
        }
        let service = Service::start(ledger);
        let get = |login: &str, path: &str| {
            let token = service.token(login, PASSWORD);
            service.ask(Method::GET, path).bearer(&token).send()
        };
        let own = get("liaison", "/api/v1/notices?limit=100").json();
        assert_eq!(own["unread"], 100, "counted up to 100");
        assert_eq!(own["items"].as_array().unwrap().len(), 100);
        let next = own["next"].as_i64().unwrap();
        let rest = get(
            "liaison",
            &format!("/api/v1/notices?limit=100&cursor={next}"),
        )
        .json();
        assert_eq!(rest["items"].as_array().unwrap().len(), 20);
        assert_eq!(rest["next"], json!(null));
        assert_eq!(get("cdo", "/api/v1/notices").json()["items"], json!([]));
        // Somebody else's is as if it were not there.
        let theirs = rest["items"][0]["id"].as_i64().unwrap();
        let token = service.token("second", PASSWORD);
        let post = |path: String, token: &str, body: serde_json::Value| {
            service.ask(Method::POST, &path).bearer(token).json(&body)
        };
        let read = |id: i64| {
            let path = format!("/api/v1/notices/{id}/read");
            service.ask(Method::POST, &path).bearer(&token).send()
        };
        let (hidden, absent) = (read(theirs), read(999_999));
        assert_eq!((hidden.status, absent.status), (404, 404));
        assert_eq!(hidden.json()["title"], absent.json()["title"]);
        let own_token = service.token("liaison", PASSWORD);
        let all = post(
            "/api/v1/notices/read".to_owned(),
            &own_token,
            json!({"up_to": next}),
        );
        assert_eq!(all.json()["marked"], 21, "{all:?}");
        let left = get("liaison", "/api/v1/notices?unread=true&limit=500").json();
        assert_eq!(left["items"].as_array().unwrap().len(), 99);
        assert_eq!(
            get("second", "/api/v1/notices?unread=true").json()["unread"],
            1
        );
    });
}

#[test]
fn nobody_reads_what_is_another_s_by_its_number() {
    let ledger = Ledger::settled();
    actors::make(&ledger, "liaison", "liaison", "SL001");
    let conn = &mut ledger.conn();
    let ids = [account(&ledger, "liaison")];
    notice::send(conn, To::Accounts(&ids), message("一", "k"), clock::now()).unwrap();
    let other = one_ledger::auth::Viewer::signed_in(ids[0] + 1, "别人", None, &[]);
    assert!(matches!(
        notice::mark_read(conn, &other, 1),
        Err(Error::NotFound(_))
    ));
    assert_eq!(notice::mark_all_read(conn, &other, 99).unwrap(), 0);
    assert_eq!(notice::unread(conn, ids[0]).unwrap(), 1);
}

#[test]
fn the_service_brings_deadlines_up_to_date_and_reminds_by_itself() {
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    fill(&ledger);
    let service = Service::start(&ledger);
    let token = service.token("liaison", PASSWORD);
    let get = |path: &str| service.ask(Method::GET, path).bearer(&token).send().json();
    let begun = std::time::Instant::now();
    let settled = loop {
        let page = get("/api/v1/deadlines");
        let unread = get("/api/v1/notices")["unread"].as_i64().unwrap();
        if page["behind"] == json!(false) && unread > 0 {
            break page;
        }
        assert!(begun.elapsed().as_secs() < 60, "{page}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let items = settled["items"].as_array().unwrap();
    assert!(!items.is_empty());
    assert!(items.iter().all(|i| i["code"] != "XM-4"), "{settled}");
    let one = get("/api/v1/deadlines?limit=1");
    let cursor = one["next"].as_str().unwrap();
    let two = get(&format!("/api/v1/deadlines?limit=500&cursor={cursor}"));
    assert_eq!(two["items"].as_array().unwrap().len(), items.len() - 1);
    for bad in [
        "cursor=x",
        "cursor=262142-12-31_1_x",
        "state=late",
        "limit=0",
        "colour=red",
    ] {
        let path = format!("/api/v1/deadlines?{bad}");
        let answer = service.ask(Method::GET, &path).bearer(&token).send();
        assert_eq!(answer.status / 100, 4, "{bad}: {answer:?}");
    }
    // A change of an entry shows within seconds, without anybody asking for it.
    let done = ledger.draw(
        "done.xlsx",
        &[
            "项目编号|项目名称|申报单位|自评价日期",
            "XM-2|考试平台|示例市教育局|2026-11-20",
        ],
    );
    ledger.import_whole(&done);
    let begun = std::time::Instant::now();
    while get("/api/v1/deadlines")
        .to_string()
        .contains("self_evaluation")
    {
        assert!(begun.elapsed().as_secs() < 60);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// The last of so many working days, as the service counts them.
fn due(service: &Service, token: &str, start: &str, days: u32) -> serde_json::Value {
    let path = format!("/api/v1/due-date?start={start}&days={days}");
    let answer = service.ask(Method::GET, &path).bearer(token).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn due_dates_are_counted_over_http() {
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let anybody = service.token("nobody", PASSWORD);
    assert_eq!(
        due(&service, &anybody, "2026-02-10", 10),
        json!({"due": "2026-03-02", "provisional": false})
    );
    assert_eq!(
        due(&service, &anybody, "2026-12-25", 10),
        json!({"due": "2027-01-11", "provisional": true})
    );
    for bad in [
        "start=2026-02-10&days=9999999999",
        "start=2026-02-30&days=1",
        "start=9999-01-01&days=1",
        "days=1",
        "start=2026-01-01&days=-1",
        "start=2026-01-01&days=5001",
    ] {
        let answer = service
            .ask(Method::GET, &format!("/api/v1/due-date?{bad}"))
            .bearer(&anybody)
            .send();
        assert_eq!(answer.status / 100, 4, "{bad} {answer:?}");
    }
}

#[test]
fn a_change_names_the_version_it_was_made_from() {
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let keeper = service.token("sysadmin", PASSWORD);
    let anybody = service.token("nobody", PASSWORD);
    let year = service
        .ask(Method::GET, "/api/v1/calendar/2026")
        .bearer(&anybody)
        .send();
    assert_eq!(year.json()["published"], true);
    let put = |path: &str, version: Option<&str>, body: serde_json::Value| {
        let mut ask = service.ask(Method::PUT, path).bearer(&keeper);
        if let Some(version) = version {
            ask = ask.header("if-match", version);
        }
        ask.json(&body)
    };
    let day = json!({"kind": "off", "name": "停电"});
    assert_eq!(
        put("/api/v1/calendar/days/2026-07-01", None, day.clone()).status,
        428
    );
    assert_eq!(
        put(
            "/api/v1/calendar/days/2026-07-01",
            Some("\"1\""),
            day.clone()
        )
        .status,
        200
    );
    assert_eq!(
        put("/api/v1/calendar/days/2026-07-01", Some("\"1\""), day).status,
        412
    );
    assert_eq!(
        put(
            "/api/v1/calendar/days/2026-07-99",
            Some("\"2\""),
            json!({"kind": "off"})
        )
        .status,
        404
    );
    assert_eq!(
        put(
            "/api/v1/calendar/days/2026-07-02",
            Some("\"2\""),
            json!({"kind": "maybe"})
        )
        .status,
        422
    );
    let load = service
        .ask(Method::POST, "/api/v1/calendar/2027/days")
        .bearer(&keeper)
        .header("if-match", "\"2\"")
        .json(&json!({"lines": "2027-01-01,放假,元旦\n2027-01-04,放假,元旦", "source": "通知"}));
    assert_eq!(
        (load.status, load.json()["off"].as_i64()),
        (200, Some(2)),
        "{load:?}"
    );
    assert_eq!(
        due(&service, &anybody, "2026-12-25", 10),
        json!({"due": "2027-01-12", "provisional": false})
    );
}

#[test]
fn a_limit_is_changed_over_http_from_the_version_that_was_read() {
    let ledger = Ledger::settled();
    actors::make_all(&ledger);
    let service = Service::start(&ledger);
    let keeper = service.token("sysadmin", PASSWORD);
    let anybody = service.token("nobody", PASSWORD);
    let put = |path: &str, version: &str, body: serde_json::Value| {
        let ask = service.ask(Method::PUT, path).bearer(&keeper);
        ask.header("if-match", version).json(&body)
    };
    let limits = service
        .ask(Method::GET, "/api/v1/time-limits")
        .bearer(&anybody)
        .send()
        .json();
    assert!(limits.as_array().unwrap().len() >= 34);
    let wish = json!({"enabled": true, "amount": 5, "unit": "工作日", "source": "市办法"});
    assert_eq!(
        put("/api/v1/time-limits/PJ-06", "\"0\"", wish.clone()).json()["version"],
        1
    );
    assert_eq!(
        put("/api/v1/time-limits/PJ-06", "\"0\"", wish.clone()).status,
        412
    );
    assert_eq!(put("/api/v1/time-limits/XX-06", "\"0\"", wish).status, 404);
    let odd = json!({"enabled": true, "amount": 5, "unit": "光年", "source": "x"});
    assert_eq!(put("/api/v1/time-limits/PJ-06", "\"1\"", odd).status, 422);
    // A day that a database could not hold is a problem of its field, never an error of ours.
    let far = json!({"enabled": true, "amount": 5, "unit": "工作日", "source": "x", "from": "-262000-01-01"});
    assert_eq!(
        put("/api/v1/time-limits/PJ-06", "\"1\"", far).status / 100,
        4
    );
}
