//! Mail, to a real server that listens here and writes down what it is told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use one_ledger::clock;
use one_ledger::config::{Given, Settings};
use one_ledger::db::schema::mails;
use one_ledger::deadline::{self, Rules};
use one_ledger::notice::mail;

use super::deadlines::{adopt, day, refresh};
use crate::app::{Ledger, on_both_settled};
use crate::routes::actors;

/// Letters a server took, headers and all.
type Taken = Arc<Mutex<Vec<String>>>;

fn converse(stream: TcpStream, taken: &Taken, refuses: bool) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    write!(out, "220 here\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let word = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        match word.as_str() {
            "EHLO" => write!(out, "250-here\r\n250 8BITMIME\r\n")?,
            "RCPT" if refuses => write!(out, "550 no such mailbox\r\n")?,
            "DATA" => {
                write!(out, "354 go on\r\n")?;
                let mut letter = String::new();
                while let Some(line) = lines.next().transpose()? {
                    if line == "." {
                        break;
                    }
                    letter.push_str(&line);
                    letter.push('\n');
                }
                taken.lock().unwrap().push(letter);
                write!(out, "250 taken\r\n")?;
            }
            "QUIT" => {
                write!(out, "221 bye\r\n")?;
                break;
            }
            _ => write!(out, "250 fine\r\n")?,
        }
    }
    Ok(())
}

/// A mail server; it lives as long as the test.
fn server(refuses: bool) -> (u16, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let taken = Taken::default();
    let book = Arc::clone(&taken);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = converse(stream, &book, refuses);
        }
    });
    (port, taken)
}

fn settings(port: u16) -> mail::Settings {
    toml::from_str(&format!(
        "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"一本账 <ledger@example.gov.cn>\"\nsite = \"https://ledger.example.gov.cn/\"\nseconds = 5"
    ))
    .unwrap()
}

fn states(ledger: &Ledger) -> Vec<(String, i32, String)> {
    mails::table
        .order(mails::id)
        .select((mails::state, mails::attempts, mails::body))
        .load(&mut ledger.conn())
        .unwrap()
}

#[test]
fn the_digest_reaches_the_mailbox_of_whoever_has_one() {
    on_both_settled(|ledger| {
        let (port, taken) = server(false);
        actors::make(ledger, "liaison", "liaison", "SL001");
        let (account, person) = link(ledger, "liaison", "wang@example.gov.cn");
        assert!(account > 0 && person > 0);
        adopt(ledger, "PJ-06");
        let file = ledger.draw(
            "c.xlsx",
            &[
                "项目编号|项目名称|申报单位|项目阶段|建设年度|合同签订日期",
                "XM-1|学籍平台|示例市教育局|在建|2026|2026-11-02",
            ],
        );
        ledger.import_whole(&file);
        refresh(ledger);
        let settings = settings(port);
        let today = day("2026-11-10");
        let at = clock::now();
        let conn = &mut ledger.conn();
        let done = deadline::remind(
            conn,
            &ledger.app.catalogue,
            (&Rules::default(), Some(&settings)),
            (today, at),
        )
        .unwrap();
        assert_eq!(done.digests, 1);
        assert!(mail::is_waiting(conn, at).unwrap());
        assert_eq!(mail::deliver(conn, &settings, at).unwrap(), 1);
        assert_eq!(mail::deliver(conn, &settings, at).unwrap(), 0);
        let letters = taken.lock().unwrap().clone();
        assert_eq!(letters.len(), 1);
        assert!(
            letters[0].contains("To: wang@example.gov.cn"),
            "{}",
            letters[0]
        );
        assert!(
            letters[0].contains("ledger@example.gov.cn"),
            "{}",
            letters[0]
        );
        // A copy of what it said is not kept.
        assert_eq!(states(ledger), [("sent".to_owned(), 1, String::new())]);
    });
}

/// Gives an account a person with an address.
fn link(ledger: &Ledger, login: &str, email: &str) -> (i64, i64) {
    use one_ledger::db::schema::{accounts, departments, people};
    let conn = &mut ledger.conn();
    let account: i64 = accounts::table
        .filter(accounts::login.eq(login))
        .select(accounts::id)
        .first(conn)
        .unwrap();
    let department: i64 = departments::table
        .filter(departments::code.eq("SL001"))
        .select(departments::id)
        .first(conn)
        .unwrap();
    let now = clock::now();
    diesel::insert_into(people::table)
        .values((
            (
                people::id.eq(1_i64),
                people::name.eq("王"),
                people::name_key.eq("王"),
            ),
            (
                people::department_id.eq(department),
                people::post.eq(""),
                people::office.eq(""),
            ),
            (
                people::background.eq(""),
                people::phone.eq(""),
                people::mobile.eq(""),
            ),
            (
                people::email.eq(email),
                people::account_id.eq(account),
                people::active.eq(true),
            ),
            (
                people::revision.eq(1_i64),
                people::made_at.eq(now),
                people::changed_at.eq(now),
            ),
        ))
        .execute(conn)
        .unwrap();
    (account, 1)
}

#[test]
fn a_server_that_is_down_or_refuses_holds_nobody_up_and_is_asked_again_later() {
    let ledger = Ledger::sqlite();
    let conn = &mut ledger.conn();
    let now = clock::now();
    let free = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for n in 0..10 {
        mail::put(conn, &format!("a{n}@example.gov.cn"), ("题", "文"), now).unwrap();
    }
    let begun = Instant::now();
    assert_eq!(mail::deliver(conn, &settings(free), now).unwrap(), 0);
    assert!(begun.elapsed() < Duration::from_secs(30));
    // After three failures in a row the server is left alone for a while.
    assert_eq!(states(&ledger).iter().filter(|s| s.1 == 1).count(), 3);
    assert!(!mail::is_waiting(conn, now).unwrap());
    let later = now + chrono::TimeDelta::minutes(6);
    assert!(mail::is_waiting(conn, later).unwrap());
    let (port, taken) = server(false);
    assert_eq!(mail::deliver(conn, &settings(port), later).unwrap(), 10);
    assert_eq!(taken.lock().unwrap().len(), 10);

    // A mailbox that is refused for good is given up.
    let (port, _) = server(true);
    mail::put(conn, "gone@example.gov.cn", ("题", "文"), now).unwrap();
    let mut at = later;
    for _ in 0..8 {
        at += chrono::TimeDelta::hours(1);
        mail::deliver(conn, &settings(port), at).unwrap();
    }
    let last = states(&ledger).pop().unwrap();
    assert_eq!((last.0.as_str(), last.1), ("failed", 6));
}

#[test]
fn a_password_is_never_sent_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one-ledger.toml");
    let gather = |text: &str| {
        std::fs::write(&file, text).unwrap();
        Settings::gather(Given {
            config: Some(file.clone()),
            ..Given::default()
        })
    };
    let mail = |security: &str, from: &str| {
        format!(
            "[mail]\nhost = \"mail.example.gov.cn\"\nsecurity = \"{security}\"\nfrom = \"{from}\"\nlogin = \"ledger\"\n"
        )
    };
    assert!(
        gather(&mail("tls", "ledger@example.gov.cn"))
            .unwrap()
            .mail
            .is_some()
    );
    assert!(gather(&mail("starttls", "ledger@example.gov.cn")).is_ok());
    assert!(gather(&mail("none", "ledger@example.gov.cn")).is_err());
    assert!(gather(&mail("tls", "nobody")).is_err());
    assert!(gather("").unwrap().mail.is_none());
}
