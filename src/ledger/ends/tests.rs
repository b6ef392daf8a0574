//! The standing of a link follows from what its ends say, and from nothing else.

use proptest::prelude::*;

use super::*;

fn given(values: &[(&str, &str)]) -> Given {
    let one = |(k, v): &(&str, &str)| ((*k).to_owned(), Some(Value::Text((*v).to_owned())));
    values.iter().map(one).collect()
}

#[test]
fn a_link_waits_for_the_end_that_has_not_spoken() {
    let none = Pair::default();
    assert_eq!(none.standing(), Standing::Waiting(Side::Provider));
    let one = stated(&none, Side::Provider, &given(&[("share_mode", "1")]));
    assert_eq!(one.standing(), Standing::Waiting(Side::Consumer));
    let other = stated(&none, Side::Consumer, &given(&[("share_mode", "1")]));
    assert_eq!(other.standing(), Standing::Waiting(Side::Provider));
}

#[test]
fn a_change_of_what_was_agreed_waits_for_the_other_end_again() {
    let one = stated(
        &Pair::default(),
        Side::Provider,
        &given(&[("share_mode", "1")]),
    );
    let both = stated(&one, Side::Consumer, &given(&[("share_mode", "1")]));
    assert_eq!(both.standing(), Standing::Confirmed);
    let moved = stated(&both, Side::Provider, &given(&[("share_mode", "2")]));
    assert_eq!(moved.standing(), Standing::Waiting(Side::Consumer));
    let again = stated(&moved, Side::Consumer, &given(&[("share_mode", "1")]));
    assert_eq!(again.standing(), Standing::Disputed);
    assert_eq!(again.differences(), ["share_mode"]);
    let agreed = stated(&again, Side::Consumer, &given(&[("share_mode", "2")]));
    assert_eq!(agreed.standing(), Standing::Confirmed);
}

#[test]
fn what_one_end_leaves_open_is_no_difference() {
    let one = stated(
        &Pair::default(),
        Side::Provider,
        &given(&[("share_mode", "1"), ("frequency", "1")]),
    );
    let both = stated(&one, Side::Consumer, &given(&[("frequency", "1")]));
    assert_eq!(both.standing(), Standing::Confirmed);
}

fn said() -> impl Strategy<Value = Given> {
    proptest::collection::btree_map(
        prop_oneof![
            Just("share_mode".to_owned()),
            Just("frequency".to_owned()),
            Just("dataset".to_owned())
        ],
        prop_oneof![Just("1"), Just("2")].prop_map(|v| Some(Value::Text(v.to_owned()))),
        0..3,
    )
}

proptest! {
    #[test]
    fn the_first_words_of_both_ends_stand_alike_in_either_order(a in said(), b in said()) {
        let none = Pair::default();
        let one = stated(&stated(&none, Side::Provider, &a), Side::Consumer, &b);
        let other = stated(&stated(&none, Side::Consumer, &b), Side::Provider, &a);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn the_same_said_again_changes_nothing(a in said(), b in said()) {
        let both = stated(&stated(&Pair::default(), Side::Provider, &a), Side::Consumer, &b);
        let again = stated(&both, Side::Provider, &a);
        prop_assert_eq!(again.standing(), both.standing());
    }

    #[test]
    fn both_ends_are_alike(a in said(), b in said()) {
        let both = stated(&stated(&Pair::default(), Side::Provider, &a), Side::Consumer, &b);
        let turned = stated(&stated(&Pair::default(), Side::Provider, &b), Side::Consumer, &a);
        prop_assert_eq!(both.standing(), turned.standing());
    }
}
