//! History only grows, and `verify` names the first place where somebody changed it.

use std::path::PathBuf;

use crate::app::{Backend, Ledger, on_both, on_both_settled};

/// Three change sets: two systems come in, one of them changes, a third comes in.
fn told(ledger: &Ledger) {
    let header = "系统名称 | 主管单位 | 主要功能";
    let steps: [&[&str]; 3] = [
        &[
            header,
            "甲系统 | 示例市教育局 | 学籍",
            "乙系统 | 示例市公安局 | 户籍",
        ],
        &[header, "甲系统 | 示例市教育局 | 学籍和考试"],
        &[header, "丙系统 | 示例市民政局 | 婚姻"],
    ];
    for (n, lines) in steps.iter().enumerate() {
        let file: PathBuf = ledger.draw(&format!("{n}.xlsx"), lines);
        ledger.import_whole(&file);
    }
    assert_eq!(ledger.verify().broken, None);
}

/// Takes away what refuses the careless alteration.
pub fn without_guards(ledger: &Ledger) {
    let guards = [
        "change_sets_keep",
        "change_sets_stay",
        "revisions_keep",
        "revisions_stay",
    ];
    for guard in guards {
        ledger.tamper(&match ledger.backend {
            Backend::Sqlite => format!("DROP TRIGGER {guard}"),
            Backend::Postgres => {
                let table = guard.rsplit_once('_').unwrap().0;
                format!("ALTER TABLE {table} DISABLE TRIGGER USER")
            }
        });
    }
}

#[test]
fn each_alteration_is_named_where_it_was_made() {
    let hash = |b: Backend| match b {
        Backend::Sqlite => "zeroblob(32)",
        Backend::Postgres => r"decode(repeat('00', 32), 'hex')",
    };
    // What a change remembers of the state before it shows where that state was recorded.
    let alterations: [(&str, i64, &str); 14] = [
        (
            "UPDATE entries SET attributes = replace(attributes, '考试', '毕业') WHERE id = 1",
            2,
            "摘要",
        ),
        ("UPDATE entries SET revision = 1 WHERE id = 1", 2, "版本号"),
        ("DELETE FROM entries WHERE id = 3", 3, "缺失"),
        (
            "UPDATE revisions SET before = replace(before, '学籍', '学历') WHERE seq = 2",
            1,
            "摘要",
        ),
        ("UPDATE revisions SET digest = {hash} WHERE seq = 2", 2, ""),
        (
            "UPDATE revisions SET op = 'create' WHERE seq = 2",
            2,
            "变更记录",
        ),
        (
            "UPDATE change_sets SET actor = '别人' WHERE seq = 2",
            2,
            "作者",
        ),
        (
            "UPDATE change_sets SET reason = '别的原因' WHERE seq = 1",
            1,
            "原因",
        ),
        (
            "UPDATE change_sets SET at = '2020-01-01 00:00:00' WHERE seq = 3",
            3,
            "时间",
        ),
        ("UPDATE change_sets SET hash = {hash} WHERE seq = 2", 2, ""),
        (
            "DELETE FROM revisions WHERE seq = 1 AND ordinal = 1",
            1,
            "应有 2 条",
        ),
        ("DELETE FROM change_sets WHERE seq = 2", 2, "缺失"),
        ("DELETE FROM change_sets WHERE seq = 3", 3, "截去"),
        (
            "UPDATE entries SET id = -id WHERE id IN (1, 2); UPDATE entries SET id = 3 + id WHERE id < 0",
            1,
            "版本号",
        ),
    ];
    on_both_settled(|whole| {
        for (sql, seq, reason) in alterations {
            let ledger = whole.another();
            ledger.load_organisation(&crate::app::sample(crate::app::ORGANISATION));
            told(&ledger);
            without_guards(&ledger);
            ledger.tamper(&sql.replace("{hash}", hash(ledger.backend)));
            let broken = ledger
                .verify()
                .broken
                .unwrap_or_else(|| panic!("unnoticed: {sql}"));
            assert_eq!(broken.seq, seq, "{sql}: {}", broken.reason);
            assert!(broken.reason.contains(reason), "{sql}: {}", broken.reason);
            let said = ledger.cli(["verify"]);
            assert_eq!(said.code, Some(1));
            assert!(
                said.out.contains(&format!("历史被改动: 变更 {seq} ")),
                "{}",
                said.out
            );
        }
    });
}

#[test]
fn history_refuses_a_plain_update_or_delete() {
    use diesel::connection::SimpleConnection as _;
    use one_ledger::db::connection::Conn;
    on_both_settled(|ledger| {
        told(ledger);
        for sql in [
            "UPDATE change_sets SET actor = '别人'",
            "DELETE FROM change_sets",
            "UPDATE revisions SET op = 'remove'",
            "DELETE FROM revisions",
        ] {
            let done = match &mut ledger.conn() {
                Conn::Sqlite(c) => c.batch_execute(sql),
                Conn::Postgres(c) => c.batch_execute(sql),
            };
            let refused = done.expect_err(sql).to_string();
            assert!(refused.contains("history only grows"), "{sql}: {refused}");
        }
    });
}

/// Every table with its columns.
fn schema(ledger: &Ledger) -> Vec<(String, String)> {
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        column_name: String,
    }
    let sql = match ledger.backend {
        Backend::Sqlite => {
            "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table'"
        }
        Backend::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let columns: Vec<Column> = diesel::sql_query(sql).load(&mut ledger.conn()).unwrap();
    let mut out: Vec<(String, String)> = columns
        .into_iter()
        .map(|c| (c.table_name, c.column_name))
        // How words are searched is the engine's own.
        .filter(|(table, _)| !table.starts_with("entry_words") && !table.starts_with("sqlite_"))
        .collect();
    out.sort();
    out
}

#[test]
fn the_schema_goes_down_and_up_again_and_is_the_same_on_both() {
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
    use one_ledger::db::connection::{Conn, migrate};
    const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
    const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
    let seen = std::cell::RefCell::new(Vec::new());
    on_both(|ledger| {
        let before = schema(ledger);
        assert!(before.len() > 50);
        match &mut ledger.conn() {
            Conn::Sqlite(c) => drop(c.revert_all_migrations(SQLITE).unwrap()),
            Conn::Postgres(c) => drop(c.revert_all_migrations(POSTGRES).unwrap()),
        }
        let left: Vec<_> = schema(ledger);
        assert!(
            left.iter()
                .all(|(table, _)| table == "__diesel_schema_migrations"),
            "{left:?}"
        );
        migrate(&mut ledger.conn()).unwrap();
        assert_eq!(schema(ledger), before);
        seen.borrow_mut().push(before);
    });
    assert!(seen.borrow().windows(2).all(|pair| pair[0] == pair[1]));
}
