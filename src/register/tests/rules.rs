//! Stage, completeness and the rules of a whole row.

use super::super::field::Stage;
use super::super::rules::Finding;
use super::super::value::Document;
use super::*;

fn document(values: &[(&str, &str)]) -> Document {
    values
        .iter()
        .map(|(k, v)| {
            let value = match *v {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                other => match other.strip_prefix('|') {
                    Some(one) => Value::List(vec![one.to_owned()]),
                    None => Value::Text(other.to_owned()),
                },
            };
            ((*k).to_owned(), value)
        })
        .collect()
}

fn findings(register: &str, values: &[(&str, &str)]) -> Vec<(String, Finding)> {
    let catalogue = catalogue();
    catalogue
        .register(register)
        .unwrap()
        .check(catalogue, &document(values))
}

#[test]
fn the_stage_follows_the_status() {
    let catalogue = catalogue();
    let stage = |register: &str, values: &[(&str, &str)]| {
        catalogue
            .register(register)
            .unwrap()
            .stage(catalogue, &document(values))
    };
    assert_eq!(
        stage("information_system", &[("status", "trial")]),
        Stage::Acceptance
    );
    assert_eq!(
        stage("information_system", &[("status", "suspended")]),
        Stage::Retired
    );
    assert_eq!(stage("information_system", &[]), Stage::Operation);
    assert_eq!(stage("project", &[]), Stage::Application);
    assert_eq!(
        stage("project", &[("status", "accepted")]),
        Stage::Acceptance
    );
    assert_eq!(stage("dataset", &[]), Stage::Operation);
}

#[test]
fn completeness_counts_what_the_stage_expects() {
    let catalogue = catalogue();
    let register = catalogue.register("information_system").unwrap();
    let mut entry = document(&[
        ("system_name", "甲"),
        ("owner_org", "A"),
        ("status", "planned"),
    ]);
    assert_eq!(
        register.completeness(Stage::Application, &entry).percent,
        100
    );
    let built = register.completeness(Stage::Operation, &entry);
    assert!(built.percent < 50 && !built.missing.is_empty());
    assert!(!built.missing.iter().any(|f| f.key == "mlps_no"));
    entry.insert("mlps_level".to_owned(), Value::Text("3".to_owned()));
    let secured = register.completeness(Stage::Operation, &entry);
    assert!(secured.missing.iter().any(|f| f.key == "mlps_no"));
}

#[test]
fn secret_systems_are_refused() {
    for (key, value) in [("is_secret", "true"), ("network", "|gov_intranet")] {
        let found = findings("information_system", &[(key, value)]);
        assert!(
            matches!(found.as_slice(), [(k, Finding::Fault(f))] if k == key && f.message.contains("不得录入")),
            "{found:?}"
        );
    }
    assert!(
        findings(
            "information_system",
            &[("is_secret", "false"), ("network", "|internet")]
        )
        .is_empty()
    );
}

#[test]
fn sharing_conditions_are_asked_for_but_let_through() {
    for (attr, key) in [("2", "share_condition"), ("3", "no_share_basis")] {
        let found = findings("dataset", &[("share_attr", attr)]);
        assert!(
            matches!(found.as_slice(), [(k, Finding::Note(n))] if k == key && n.warning && n.message.contains("第十五条")),
            "{found:?}"
        );
    }
    assert!(findings("dataset", &[("share_attr", "1")]).is_empty());
    assert!(
        findings(
            "dataset",
            &[("share_attr", "2"), ("share_condition", "核验")]
        )
        .is_empty()
    );
}

#[test]
fn a_filing_number_and_a_plausible_sum_are_asked_for() {
    let found = findings("information_system", &[("mlps_level", "2")]);
    assert!(matches!(found.as_slice(), [(k, Finding::Note(_))] if k == "mlps_no"));
    let found = findings("information_system", &[("budget_amount", "1200000")]);
    assert!(
        matches!(found.as_slice(), [(_, Finding::Note(n))] if n.message.contains("元还是万元"))
    );
    assert!(findings("information_system", &[("budget_amount", "100000")]).is_empty());
}
