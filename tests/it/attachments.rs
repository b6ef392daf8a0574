//! Files of entries and lists kept under a name: by content, by digest, for those who see the entry in full.

use std::path::Path;

use one_ledger::audit;
use one_ledger::auth::{Role, Viewer};
use one_ledger::error::Error;
use one_ledger::ledger::attachment::{self, Arrived, Attachment, LIMIT};
use one_ledger::ledger::saved::{self, Keep};

use crate::app::people::{self, viewer};
use crate::app::{Ledger, on_both};
use crate::lists::Desk;

const SYSTEMS: &str = "information_system";

fn told(ledger: &Ledger) {
    people::settle(ledger);
    let file = ledger.draw(
        "系统.xlsx",
        &[
            "系统名称 | 主管单位 | 系统编码",
            "学籍系统 | 济南市教育局 | A-1",
            "户籍系统 | 济南市公安局 | B-1",
        ],
    );
    ledger.import_whole(&file);
}

fn attach(
    ledger: &Ledger,
    who: &Viewer,
    code: &str,
    name: &str,
    bytes: &[u8],
    kind: &str,
) -> Result<Attachment, Error> {
    let file = ledger.file("arrived");
    std::fs::write(&file, bytes).unwrap();
    let arrived = Arrived {
        file: &file,
        name,
        kind,
        limit: LIMIT,
    };
    let desk = Desk::new(ledger);
    attachment::attach(
        &mut ledger.conn(),
        who,
        desk.definitions(SYSTEMS),
        ledger.folder(),
        code,
        &arrived,
    )
}

fn codes(done: Result<Attachment, Error>) -> Vec<String> {
    match done {
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.code).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_kept_by_its_digest_and_taken_away_without_being_lost() {
    on_both(|ledger| {
        told(ledger);
        let who = viewer(ledger, Role::Liaison, "济南市教育局");
        let kept = attach(
            ledger,
            &who,
            "A-1",
            "../批复\u{202e}.PDF",
            b"%PDF-1.7 x",
            "approval",
        )
        .unwrap();
        assert_eq!(
            (kept.file_name.as_str(), kept.media_type.as_str(), kept.size),
            ("批复.PDF", "application/pdf", 10)
        );
        // SM3 of the bytes, checked against another implementation.
        assert_eq!(kept.digest.len(), 64);
        let place = attachment::place(ledger.folder(), &kept.digest);
        assert_eq!(std::fs::read(&place).unwrap(), b"%PDF-1.7 x");
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        let conn = &mut ledger.conn();
        assert_eq!(
            attachment::of_entry(conn, &who, definitions, "A-1").unwrap(),
            std::slice::from_ref(&kept)
        );
        assert_eq!(
            attachment::fetch(conn, &who, definitions, "A-1", kept.id).unwrap(),
            kept
        );
        attachment::detach(conn, &who, definitions, "A-1", kept.id).unwrap();
        assert_eq!(
            attachment::of_entry(conn, &who, definitions, "A-1").unwrap(),
            []
        );
        assert!(matches!(
            attachment::fetch(conn, &who, definitions, "A-1", kept.id),
            Err(Error::NotFound(_))
        ));
        assert!(Path::new(&place).exists());
        let admin = viewer(ledger, Role::AuditAdmin, "济南市教育局");
        let lines = audit::page(conn, &admin, &audit::Filter::default(), 50).unwrap();
        let acts: Vec<&str> = lines
            .iter()
            .rev()
            .map(|l| l.action.as_str())
            .filter(|a| a.contains("attachment"))
            .collect();
        // The refused download wrote nothing: its line is taken back with it.
        assert_eq!(
            acts,
            ["add_attachment", "download_attachment", "remove_attachment"]
        );
    });
}

#[test]
fn what_cannot_be_attached_is_refused_with_the_reason() {
    let ledger = &Ledger::sqlite();
    told(ledger);
    let who = viewer(ledger, Role::Liaison, "济南市教育局");
    let try_it = |name: &str, bytes: &[u8], kind: &str| {
        codes(attach(ledger, &who, "A-1", name, bytes, kind))
    };
    assert_eq!(try_it("a.pdf", b"", "other"), ["empty_file"]);
    assert_eq!(
        try_it("a.pdf", b"<html><script>", "other"),
        ["unknown_type"]
    );
    assert_eq!(
        try_it("a.pdf", b"MZ\x90", "nothing"),
        ["unknown_value", "unknown_type"]
    );
    assert_eq!(
        try_it("a.zip", b"PK\x03\x04 something", "other"),
        ["archive"]
    );
    assert_eq!(
        try_it(
            "a.docx",
            b"PK\x03\x04 word/document.xml word/vbaProject.bin",
            "other"
        ),
        ["macros"]
    );
    let huge = vec![b'x'; usize::try_from(LIMIT).unwrap() + 1];
    assert_eq!(try_it("a.pdf", &huge, "other"), ["too_large"]);
    for (bytes, media) in [
        (&b"\xff\xd8\xff\xe0"[..], "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"PK\x03\x04 OFD.xml", "application/ofd"),
    ] {
        assert_eq!(
            attach(ledger, &who, "A-1", "x", bytes, "other")
                .unwrap()
                .media_type,
            media
        );
    }
}

#[test]
fn files_are_for_those_who_see_the_entry_in_full() {
    on_both(|ledger| {
        told(ledger);
        let who = viewer(ledger, Role::Liaison, "济南市教育局");
        let kept = attach(ledger, &who, "A-1", "合同.pdf", b"%PDF-", "contract").unwrap();
        let desk = Desk::new(ledger);
        let definitions = desk.definitions(SYSTEMS);
        let conn = &mut ledger.conn();
        for (role, at, sees) in [
            (Role::Bureau, "济南市大数据局", true),
            (Role::Cdo, "济南市公安局", false),
            (Role::Oversight, "济南市大数据局", false),
            (Role::AuditAdmin, "济南市教育局", false),
        ] {
            let other = viewer(ledger, role, at);
            assert_eq!(
                attachment::of_entry(conn, &other, definitions, "A-1").is_ok(),
                sees,
                "{role:?}"
            );
            assert_eq!(
                attachment::fetch(conn, &other, definitions, "A-1", kept.id).is_ok(),
                sees,
                "{role:?}"
            );
        }
        // By another entry's address it is not there.
        let police = viewer(ledger, Role::Liaison, "济南市公安局");
        assert!(matches!(
            attachment::fetch(conn, &police, definitions, "B-1", kept.id),
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            attach(ledger, &police, "A-1", "x.pdf", b"%PDF-", "other"),
            Err(Error::Refused(_))
        ));
    });
}

#[test]
fn views_are_ones_own_and_shared_within_the_department() {
    on_both(|ledger| {
        told(ledger);
        let one = viewer(ledger, Role::Specialist, "济南市教育局");
        let two = viewer(ledger, Role::Liaison, "济南市教育局");
        let other = viewer(ledger, Role::Liaison, "济南市公安局");
        let conn = &mut ledger.conn();
        let keep = |name: &str, shared: bool| Keep {
            register: SYSTEMS.to_owned(),
            name: name.to_owned(),
            shared,
            pairs: vec![("stage".to_owned(), "operation".to_owned())],
        };
        let own = saved::keep(conn, &one, &keep("在用系统", false)).unwrap();
        let shared = saved::keep(conn, &one, &keep("三级系统", true)).unwrap();
        let names = |conn: &mut _, who: &Viewer| -> Vec<String> {
            saved::views(conn, who, Some(SYSTEMS))
                .unwrap()
                .into_iter()
                .map(|v| v.name)
                .collect()
        };
        assert_eq!(names(conn, &one).len(), 2);
        assert_eq!(names(conn, &two), ["三级系统"]);
        assert_eq!(names(conn, &other), [""; 0]);
        assert!(matches!(
            saved::view(conn, &two, own.id),
            Err(Error::NotFound(_))
        ));
        assert!(matches!(
            saved::forget(conn, &two, shared.id),
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            saved::forget(conn, &other, shared.id),
            Err(Error::NotFound(_))
        ));
        // The same name is replaced, an empty one refused.
        let again = saved::keep(conn, &one, &keep("三级系统", false)).unwrap();
        assert_eq!(again.id, shared.id);
        assert_eq!(names(conn, &two), [""; 0]);
        assert!(matches!(
            saved::keep(conn, &one, &keep("  ", false)),
            Err(Error::Invalid(_))
        ));
        saved::forget(conn, &one, own.id).unwrap();
        assert_eq!(names(conn, &one), ["三级系统"]);
    });
}
