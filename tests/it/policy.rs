//! Who may do what, printed for people to read; and what follows from it for a viewer.

use one_ledger::auth::policy::{Extent, extent, rule};
use one_ledger::auth::role::conflict;
use one_ledger::auth::viewer::Extents;
use one_ledger::auth::{Reach, Right, Role, Sight, Viewer};

#[test]
fn the_table_of_rights_is_what_was_agreed() {
    let mut table = String::new();
    for right in Right::ALL {
        table.push_str(&format!("{:<20}", right.word()));
        for role in Role::ALL {
            let far = match extent(role, right) {
                None => "-",
                Some(Extent::Own) => "own",
                Some(Extent::Level) => "level",
                Some(Extent::Subtree) => "subtree",
                Some(Extent::All) => "all",
            };
            table.push_str(&format!(" {}={far}", role.word()));
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn no_administrator_does_business_or_another_administrators_work() {
    let business = [
        Right::SeeMoney,
        Right::SeeOwn,
        Right::SeeSecurity,
        Right::Write,
        Right::ManagePeople,
        Right::AnswerFiling,
    ];
    let admins = Role::ALL.into_iter().filter(|r| r.is_administrator());
    for role in admins {
        for right in business {
            assert_eq!(extent(role, right), None, "{role:?} {right:?}");
        }
        for other in Role::ALL {
            let refused = conflict(&[role, other]).is_some();
            assert_eq!(refused, role != other, "{role:?} with {other:?}");
        }
    }
    let separated = [Right::ManageAccounts, Right::GrantRoles, Right::SeeAudit];
    for right in separated {
        let holders = Role::ALL
            .into_iter()
            .filter(|r| extent(*r, right).is_some());
        assert_eq!(holders.count(), 1, "{right:?}");
    }
}

fn viewer(role: Role) -> Viewer {
    let extents = Extents {
        own: vec![1, 2],
        level: vec![1, 2, 3],
        subtree: vec![1, 2, 3, 4],
    };
    Viewer::signed_in(7, "某人", Some(1), &[(role, Some(1), extents)])
}

#[test]
fn a_viewer_reaches_as_far_as_the_role() {
    let liaison = viewer(Role::Liaison);
    assert_eq!(liaison.reach(Right::Write), &Reach::Departments(vec![1, 2]));
    assert_eq!(liaison.sight(2), Sight::Security);
    assert_eq!(liaison.sight(3), Sight::Summary);
    let bureau = viewer(Role::Bureau);
    assert!(bureau.can(Right::Write, 3) && !bureau.can(Right::Write, 4));
    assert_eq!(bureau.sight(4), Sight::Own);
    assert_eq!(bureau.sight(5), Sight::Summary);
    let oversight = viewer(Role::Oversight);
    assert_eq!(oversight.sight(3), Sight::Money);
    let audit = viewer(Role::AuditAdmin);
    assert!(audit.reach(Right::SeeOwn).is_nothing());
    assert!(audit.can_anywhere(Right::SeeAudit));
}

#[test]
fn nobody_signed_in_without_a_role_sees_more_than_summaries() {
    let nobody = Viewer::signed_in(7, "某人", None, &[]);
    for right in Right::ALL {
        assert_eq!(
            nobody.can_anywhere(right),
            right == Right::SeeSummary,
            "{right:?}"
        );
    }
}

#[test]
fn a_refusal_names_who_may() {
    let refused = viewer(Role::Oversight).may(Right::Write, 1).unwrap_err();
    assert_eq!(refused.rule, rule(Right::Write));
    insta::assert_snapshot!(refused.rule, @"填报和修改条目限于: 数据联络员（本部门及下属单位）、数据专员（本部门及下属单位）、首席数据代表（本部门及下属单位）、数据管理部门（本级各部门）");
}
