//! The models of stages that are shipped, and what a broken one is told.

use std::collections::{BTreeMap, BTreeSet};

use one_ledger::register::catalogue::Catalogue;
use one_ledger::register::lifecycle::{By, Facts, GateVersion, Related, holds, missing};
use one_ledger::register::value::Value;
use proptest::prelude::*;

use crate::app::catalogue;

/// Names, reachability and the ways of submissions are checked when the models are loaded.
#[test]
fn every_register_with_a_status_has_a_model_and_only_known_ends() {
    let mut ends = BTreeMap::new();
    for register in catalogue().registers() {
        let model = catalogue().lifecycle(&register.key);
        assert_eq!(
            model.is_some(),
            register.keys.status.is_some(),
            "{}",
            register.key
        );
        let Some(model) = model else { continue };
        let all = model.steps.iter().filter(|s| model.is_end(&s.key));
        ends.insert(
            register.key.as_str(),
            all.map(|s| s.key.as_str()).collect::<Vec<_>>(),
        );
        // Whoever comes in at a step from elsewhere can go on without a submission, or begin one.
        for step in model.steps.iter().filter(|s| !model.is_end(&s.key)) {
            let by_hand = model.next(&step.key).any(|a| a.by != By::Submission);
            let begins = model.kinds.iter().any(|k| k.starts.contains(&step.key));
            assert!(by_hand || begins, "{} {}", register.key, step.key);
        }
    }
    let wanted = BTreeMap::from([
        ("dataset", vec![]),
        ("information_system", vec!["retired"]),
        ("project", vec!["rejected", "merged", "retired"]),
        ("sharing_link", vec!["ended"]),
    ]);
    assert_eq!(ends, wanted);
}

fn loaded(text: &str) -> Result<Catalogue, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("lifecycle")).unwrap();
    std::fs::write(folder.path().join("lifecycle/own.toml"), text).unwrap();
    Catalogue::load(Some(folder.path())).map_err(|e| e.to_string())
}

fn system() -> String {
    std::fs::read_to_string(
        crate::app::root().join("import_templates/lifecycle/information_system.toml"),
    )
    .unwrap()
}

#[test]
fn a_deployments_own_model_stands_in_place_of_the_built_in_one() {
    let own = system().replace("days = 365", "days = 100");
    let catalogue = loaded(&own).unwrap();
    let model = catalogue.lifecycle("information_system").unwrap();
    assert_eq!(model.step("building").unwrap().days, Some(100));
    assert_eq!(
        catalogue.lifecycles().len(),
        crate::app::catalogue().lifecycles().len()
    );
}

#[test]
fn a_broken_model_is_told_what_is_wrong_and_in_which_file() {
    let broken = [
        ("key = \"planned\"\n", "key = \"dreamt\"\n", "dreamt"),
        (
            "from = [\"planned\"]\nto = \"building\"",
            "from = [\"planned\"]\nto = \"flying\"",
            "flying",
        ),
        (
            "gate = \"trial\"",
            "gate = \"no_such_gate\"",
            "no_such_gate",
        ),
        (
            "{ field = \"go_live\" }",
            "{ field = \"no_such_field\" }",
            "no_such_field",
        ),
        (
            "{ attachment = \"crypto_report\"",
            "{ attachment = \"selfie\"",
            "selfie",
        ),
        (
            "is = [\"pass\", \"basic\", \"na\"]",
            "is = [\"splendid\"]",
            "splendid",
        ),
        (
            "version = 1\nfrom = \"2020-02-01\"\nbasis",
            "version = 7\nfrom = \"2020-02-01\"\nbasis",
            "版本号",
        ),
        ("to = \"retired\"", "to = \"running\"", "retired"),
        ("note = true", "note = perhaps", "写法有误"),
    ];
    for (from, to, told) in broken {
        assert!(system().contains(from), "{from}");
        let why = loaded(&system().replacen(from, to, 1)).unwrap_err();
        assert!(
            why.contains(told) && why.contains("own.toml"),
            "{to}: {why}"
        );
    }
}

#[test]
fn a_gate_counts_from_its_first_day() {
    let text = system().replacen(
        "need = [{ field = \"stop_date\" }]",
        "need = []\n\n[[gate.version]]\nversion = 2\nfrom = \"2026-01-01\"\nneed = [{ field = \"stop_date\" }]",
        1,
    );
    let catalogue = loaded(&text).unwrap();
    let model = catalogue.lifecycle("information_system").unwrap();
    let version = |day: &str| {
        let found = model.gate("suspend", day.parse().unwrap());
        found.map(|(_, v)| v.version)
    };
    assert_eq!(version("2020-01-31"), None);
    assert_eq!(version("2025-12-31"), Some(1));
    assert_eq!(version("2026-01-01"), Some(2));
}

/// All gates, with the register each belongs to.
fn gates() -> Vec<(String, GateVersion)> {
    let of = |model: &one_ledger::register::lifecycle::Lifecycle| {
        let all = model.gates.iter().flat_map(|g| g.versions.clone());
        let register = model.register.clone();
        all.map(|v| (register.clone(), v)).collect::<Vec<_>>()
    };
    catalogue().lifecycles().iter().flat_map(of).collect()
}

fn value(codes: &[String], field: &str, register: &str) -> Value {
    let kind = catalogue()
        .register(register)
        .unwrap()
        .field(field)
        .unwrap();
    match codes.first().map(String::as_str) {
        Some("true") => Value::Bool(true),
        Some(code) if kind.multiple => Value::List(vec![code.to_owned()]),
        Some(code) => Value::Text(code.to_owned()),
        None if kind.multiple => Value::List(vec!["甲".to_owned()]),
        None => Value::Text("甲".to_owned()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Supplying exactly what is listed opens the gate, but for what a supplied value makes due; nothing that was
    /// there is ever listed.
    #[test]
    fn the_list_of_a_gate_is_complete(which in 0..100_usize, there in any::<u64>(), conditions in any::<u16>()) {
        let gates = gates();
        let (register_key, gate) = &gates[which % gates.len()];
        let register = catalogue().register(register_key).unwrap();
        let mut facts = Facts::default();
        for (n, need) in gate.need.iter().enumerate() {
            if let Some(when) = need.when.as_ref().filter(|_| conditions >> (n % 16) & 1 == 1) {
                facts.document.insert(when.field.clone(), value(&when.values, &when.field, register_key));
            }
        }
        let supply = |facts: &mut Facts, need: &one_ledger::register::lifecycle::Need| {
            if let Some(field) = &need.field {
                facts.document.insert(field.clone(), value(&need.is, field, register_key));
            }
            if let Some(kind) = &need.attachment {
                facts.attachments.insert(kind.clone());
            }
            if let Some(via) = &need.related {
                let key = need.of.as_ref().map_or(via.clone(), |of| format!("{of}.{via}"));
                facts.related.insert(key, vec![Related {
                    register: String::new(),
                    code: "X-1".to_owned(),
                    name: "甲".to_owned(),
                    step: need.steps.first().cloned().unwrap_or_default(),
                }]);
            }
        };
        for (n, need) in gate.need.iter().enumerate() {
            if there >> (n % 64) & 1 == 1 {
                supply(&mut facts, need);
            }
        }
        let mut rounds = 0;
        loop {
            let list = missing(catalogue(), register, gate, &facts);
            let keys: BTreeSet<(&str, &str)> = list.iter().map(|m| (m.what, m.key.as_str())).collect();
            prop_assert_eq!(keys.len(), list.len(), "said once");
            if list.is_empty() {
                break;
            }
            let due: Vec<_> = gate.need.iter().filter(|n| holds(n.when.as_ref(), &facts.document)).cloned().collect();
            for need in due {
                let named = need.field.as_ref().or(need.attachment.as_ref()).or(need.related.as_ref());
                // Nobody is cut off here.
                let Some(key) = named else { continue };
                if keys.iter().any(|(_, k)| k == key) {
                    supply(&mut facts, &need);
                }
            }
            rounds += 1;
            prop_assert!(rounds <= 2, "{list:?}");
        }
    }
}
