//! Backup, restore, checkpoints: what they hold, what they refuse, and that nothing standing is ever lost.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::app::service::Service;
use crate::app::{Ledger, Said, on_both_settled, program, run_to_end, sample};
use crate::history::without_guards;

fn backup(ledger: &Ledger, name: &str) -> PathBuf {
    let out = ledger.file(name);
    let said = ledger.cli(["backup", out.to_str().unwrap(), "--data", data(ledger)]);
    assert_eq!(said.code, Some(0), "{said:?}");
    out
}

/// The data folder that the test's service uses.
fn data(ledger: &Ledger) -> &str {
    ledger.folder().to_str().unwrap()
}

fn filled() -> Ledger {
    let ledger = Ledger::sqlite();
    ledger.load_organisation(&sample(crate::app::ORGANISATION));
    ledger.import_whole(&sample("信息系统清单_GBK.csv"));
    let scans = ledger.file("attachments/ab");
    std::fs::create_dir_all(&scans).unwrap();
    std::fs::write(scans.join("ab12"), "盖章扫描件").unwrap();
    ledger
}

/// Restores into a folder of its own.
fn restore(from: &Path, folder: &Path, more: &[&str]) -> Said {
    let mut command = program();
    command.arg("restore").arg(from).arg("--data").arg(folder);
    run_to_end(command.args(more))
}

fn verify(folder: &Path) -> Said {
    run_to_end(program().args(["verify", "--json", "--data"]).arg(folder))
}

/// The same archive with one part replaced, or left out.
fn altered(from: &Path, to: &Path, part: &str, new: Option<&[u8]>) {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(from).unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    for number in 0..zip.len() {
        let mut entry = zip.by_index(number).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name == part {
            let Some(new) = new else { continue };
            bytes = new.to_vec();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap();
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap().lines().count()
}

#[test]
fn a_backup_gives_the_same_ledger_back_elsewhere() {
    let ledger = filled();
    let file = backup(&ledger, "a.zip");
    let elsewhere = tempfile::tempdir().unwrap();
    let said = restore(&file, elsewhere.path(), &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let there = verify(elsewhere.path());
    assert_eq!(there.code, Some(0), "{there:?}");
    assert_eq!(there.json()["head"], ledger.head());
    assert_eq!(there.json()["entries"], 60);
    let kept = std::fs::read_to_string(elsewhere.path().join("attachments/ab/ab12")).unwrap();
    assert_eq!(kept, "盖章扫描件");
    // Keys stay where they are.
    assert!(!elsewhere.path().join("signing-keys").exists());
    assert!(!elsewhere.path().join("checkpoint-key").exists());
    let said = ledger.cli(["verify", "--backup", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("备份完整"), "{said:?}");
}

#[test]
fn nothing_standing_is_overwritten_unless_asked_and_then_moved_aside() {
    let ledger = filled();
    let file = backup(&ledger, "a.zip");
    let again = ledger.cli(["backup", file.to_str().unwrap(), "--data", data(&ledger)]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("已经存在"), "{again:?}");

    let elsewhere = tempfile::tempdir().unwrap();
    restore(&file, elsewhere.path(), &[]);
    let said = restore(&file, elsewhere.path(), &[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("--replace"), "{said:?}");
    let said = restore(&file, elsewhere.path(), &["--replace", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let aside = PathBuf::from(said.json()["aside"].as_str().unwrap());
    assert!(aside.join("one-ledger.db").exists());
    assert!(aside.join("attachments/ab/ab12").exists());
    assert_eq!(verify(elsewhere.path()).code, Some(0));
}

#[test]
fn a_backup_that_is_not_whole_touches_nothing() {
    let ledger = filled();
    let file = backup(&ledger, "a.zip");
    let whole = std::fs::read(&file).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    restore(&file, elsewhere.path(), &[]);
    let before = verify(elsewhere.path()).out;
    let bad = ledger.file("bad.zip");
    let refused = |word: &str| {
        let said = restore(&bad, elsewhere.path(), &["--replace"]);
        assert_eq!(said.code, Some(1), "{word}: {said:?}");
        assert!(said.err.contains(word), "{word}: {said:?}");
        assert_eq!(verify(elsewhere.path()).out, before, "{word}");
        std::fs::remove_file(&bad).unwrap();
    };
    std::fs::write(&bad, &whole[..whole.len() / 2]).unwrap();
    refused("没有传完整");
    std::fs::write(&bad, "系统名称,主管单位\n").unwrap();
    refused("不是备份文件");
    altered(&file, &bad, "attachments/ab/ab12", Some("别的".as_bytes()));
    refused("与清单不符");
    altered(&file, &bad, "attachments/ab/ab12", None);
    refused("缺少文件");
    altered(&file, &bad, "manifest.json", Some(b"{}"));
    refused("清单已损坏");
    altered(&file, &bad, "manifest.json", None);
    refused("没有清单");
    // A manifest that says of itself what is not so.
    let mut manifest = manifest_of(&file);
    manifest["checkpoint"]["checkpoint"]["change_sets"] = 99.into();
    altered(
        &file,
        &bad,
        "manifest.json",
        Some(manifest.to_string().as_bytes()),
    );
    refused("签名不符");
}

fn manifest_of(file: &Path) -> serde_json::Value {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(file).unwrap()).unwrap();
    serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap()
}

#[test]
fn a_history_altered_before_the_backup_is_found_in_it() {
    let ledger = filled();
    ledger
        .tamper("UPDATE entries SET attributes = replace(attributes, '示例', '虚构') WHERE id = 1");
    let file = backup(&ledger, "a.zip");
    let elsewhere = tempfile::tempdir().unwrap();
    let said = restore(&file, elsewhere.path(), &[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("历史在变更 1 处被改动"), "{said:?}");
    assert!(!elsewhere.path().join("one-ledger.db").exists());
}

#[test]
fn a_folder_has_one_service_and_no_restore_beside_it() {
    let ledger = filled();
    let file = backup(&ledger, "a.zip");
    let _service = Service::start(&ledger);
    let second = ledger.cli(["serve", "--listen", "127.0.0.1:0", "--data", data(&ledger)]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("正由进程"), "{second:?}");
    let said = ledger.cli([
        "restore",
        file.to_str().unwrap(),
        "--replace",
        "--data",
        data(&ledger),
    ]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("请先停止它"), "{said:?}");
    // A backup is made while it goes on.
    backup(&ledger, "b.zip");
}

#[test]
fn a_server_is_left_to_its_own_tools() {
    for words in [["backup", "x.zip"], ["restore", "x.zip"]] {
        let mut command = program();
        command.args(words);
        command.args(["--database", "postgres://nobody@127.0.0.1:1/x"]);
        let said = run_to_end(&mut command);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.err.contains("pg_"), "{said:?}");
    }
}

#[test]
fn checkpoints_show_a_cut_tail_and_a_history_written_anew() {
    on_both_settled(|ledger| {
        let kept = ledger.file("kept-elsewhere");
        let config = ledger.file("settings.toml");
        std::fs::write(
            &config,
            format!("[checkpoints]\nalso = [{:?}]\n", kept.to_str().unwrap()),
        )
        .unwrap();
        let take = || {
            let words = ["checkpoint", "--json", "--config", config.to_str().unwrap()];
            let said = ledger.cli(words.into_iter().chain(["--data", data(ledger)]));
            assert_eq!(said.code, Some(0), "{said:?}");
            said.json()
        };
        let first = take();
        for n in 0..3 {
            let row = format!("系统{n} | 示例市教育局");
            let file = ledger.draw(&format!("{n}.xlsx"), &["系统名称 | 主管单位", &row]);
            ledger.import_whole(&file);
        }
        let second = take();
        assert_eq!(second["checkpoint"]["change_sets"], 3);
        assert_eq!(first["key"], second["key"]);
        assert_eq!(lines(&kept), 2);
        let held = |path: &Path, key: &str| {
            ledger.cli([
                "verify",
                "--data",
                data(ledger),
                "--checkpoints",
                path.to_str().unwrap(),
                "--key",
                key,
            ])
        };
        let key = second["key"].as_str().unwrap();
        let said = held(&kept, key);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains("检查点 2 个，相符"), "{said:?}");

        // Another key proves nothing, and it is said.
        let said = held(&kept, &"0".repeat(64));
        assert!(
            said.out.contains("另有 2 个检查点由其他密钥签名"),
            "{said:?}"
        );

        // A line that was changed.
        let text = std::fs::read_to_string(&kept).unwrap();
        let changed = ledger.file("changed");
        std::fs::write(
            &changed,
            text.replace("\"change_sets\":3", "\"change_sets\":2"),
        )
        .unwrap();
        let said = held(&changed, key);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.out.contains("第 2 行: 签名不符"), "{said:?}");

        // The end is cut, and everything that is left fits together.
        without_guards(ledger);
        ledger.tamper("DELETE FROM relations WHERE since_seq = 3");
        ledger.tamper("DELETE FROM revisions WHERE seq = 3");
        ledger.tamper("DELETE FROM entries WHERE created_seq = 3");
        ledger.tamper("UPDATE imports SET change_set = NULL WHERE change_set = 3");
        ledger.tamper("DELETE FROM change_sets WHERE seq = 3");
        ledger.tamper(
            "UPDATE ledger_head SET seq = 2, hash = (SELECT hash FROM change_sets WHERE seq = 2)",
        );
        assert_eq!(ledger.verify().broken, None);
        let said = held(&kept, key);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(
            said.out.contains("第 2 行: 账本的变更链与检查点不符"),
            "{said:?}"
        );
    });
}
