//! Whatever both ends write, the order of their lists makes no difference.

use proptest::prelude::*;

use super::{Scene, Side};
use crate::app::Ledger;

/// A row as one end might keep it: what it leaves open is empty.
fn row() -> impl Strategy<Value = String> {
    let mode = prop_oneof![Just(""), Just("服务接口"), Just("批量交换")];
    let frequency = prop_oneof![Just(""), Just("每日"), Just("每周")];
    let purpose = prop_oneof![Just(""), Just("核验"), Just("统计")];
    (mode, frequency, purpose).prop_map(|(mode, frequency, purpose)| {
        format!(
            "济南市教育局 | 济南市公安局 | 学籍信息 | {mode} | {frequency} | {purpose} | | 运行中"
        )
    })
}

fn outcome(first: Side, gives: &str, takes: &str) -> (String, Vec<String>, String) {
    let ledger = Ledger::sqlite();
    let scene = Scene::new(&ledger);
    for side in [first, first.other()] {
        let (who, row) = match side {
            Side::Provider => (&scene.gives, gives),
            Side::Consumer => (&scene.takes, takes),
        };
        scene.import(who, &format!("{}.xlsx", side.word()), &[row]);
    }
    let (one, other) = (scene.link(&scene.gives), scene.link(&scene.takes));
    assert_eq!(one.pair, other.pair, "both ends see the same");
    assert_eq!(one.standing(), other.standing());
    let stands = format!("{:?}", one.standing());
    (scene.only().attributes, one.pair.differences(), stands)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn both_orders_of_entry_come_to_the_same_link(gives in row(), takes in row()) {
        let one = outcome(Side::Provider, &gives, &takes);
        let other = outcome(Side::Consumer, &gives, &takes);
        prop_assert_eq!(one, other);
    }
}
