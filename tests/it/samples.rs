//! The shipped sample workbooks, as departments fill them in, import with exactly what they hold.

use serde_json::Value as Json;

use crate::app::{Ledger, ORGANISATION, on_both_settled, program, run_to_end, sample};

/// What the samples hold, written down when they were made.
fn truth() -> Json {
    let text = std::fs::read_to_string(sample("truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Imports a sample at the command line.
fn import(ledger: &Ledger, name: &str) -> Json {
    let said = ledger.cli(["--json", "import", sample(name).to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{name}: {said:?}");
    said.json()
}

fn wan(number: &Json) -> String {
    let number: rust_decimal::Decimal = number.to_string().parse().unwrap();
    number.normalize().to_string()
}

fn check_sheet(name: &str, truth: &Json, sheet: &Json) {
    if let Some(records) = truth.get("records") {
        assert_eq!(sheet["rows"]["new"], *records, "{name}");
    }
    for key in ["register", "header_row", "header_rows"] {
        if let Some(wanted) = truth.get(key) {
            assert_eq!(sheet[key], *wanted, "{name} {key}");
        }
    }
    if let Some(total) = truth.get("total_wan") {
        assert_eq!(sheet["amount"], wan(total), "{name}");
    }
    assert_eq!(sheet["rows"]["refused"], 0, "{name}");
}

fn check_report(name: &str, truth: &Json, report: &Json) {
    assert_eq!(report["applied"], true, "{name}");
    assert_eq!(report["problems"], serde_json::json!([]), "{name}");
    let sheets = report["sheets"].as_array().unwrap();
    let taken: Vec<&Json> = sheets.iter().filter(|s| !s["register"].is_null()).collect();
    let Some(wanted) = truth.get("sheets") else {
        assert_eq!(taken.len(), 1, "{name}");
        return check_sheet(name, truth, taken[0]);
    };
    let wanted = wanted.as_object().unwrap();
    assert_eq!(taken.len(), wanted.len(), "{name}");
    for (sheet, records) in wanted {
        let found = sheets.iter().find(|s| s["sheet"] == **sheet).unwrap();
        assert_eq!(found["rows"]["new"], *records, "{name} {sheet}");
    }
}

#[test]
fn the_samples_hold_what_was_written_down_and_again_change_nothing() {
    let truth = truth();
    assert_eq!(truth.as_object().unwrap().len(), 4);
    for (name, truth) in truth.as_object().unwrap() {
        on_both_settled(|ledger| {
            check_report(name, truth, &import(ledger, name));
            let (before, head) = (ledger.snapshot(), ledger.head());
            let again = import(ledger, name);
            for sheet in again["sheets"].as_array().unwrap() {
                for outcome in ["new", "changed", "refused"] {
                    assert_eq!(sheet["rows"][outcome], 0, "{name} {outcome} {again:#}");
                }
            }
            assert_eq!(again["change_set"], Json::Null, "{name}");
            assert_eq!((ledger.snapshot(), ledger.head()), (before.clone(), head));
            let names = truth.get("names").and_then(Json::as_array);
            for name in names.into_iter().flatten() {
                before.named(name.as_str().unwrap());
            }
        });
    }
}

#[test]
fn the_demo_imports_all_samples_and_lists_what_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let said = run_to_end(program().args(["demo", "--once", "--out"]).arg(&out));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("历史完整"), "{}", said.out);
    assert!(out.join(ORGANISATION).exists());
    let again = run_to_end(program().args(["demo", "--once", "--out"]).arg(&out));
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("已经存在"), "{}", again.err);
    let database = out.join("one-ledger.db");
    let counted: Vec<usize> = ["information_system", "dataset", "data_item", "project"]
        .iter()
        .map(|register| {
            let args = [
                "--json",
                "entries",
                "--limit",
                "1000",
                "--register",
                register,
            ];
            let said = run_to_end(program().args(args).arg("--database").arg(&database));
            said.json().as_array().unwrap().len()
        })
        .collect();
    // Six systems are in both lists of systems.
    assert_eq!(counted, [114, 30, 171, 30]);
}
