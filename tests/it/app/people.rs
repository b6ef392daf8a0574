//! People of a test: viewers as the live database would make them.

use one_ledger::auth::{Role, Viewer};
use one_ledger::org::directory::{Directory, Found};
use one_ledger::org::tree::Tree;

use super::Ledger;

/// Departments of a city and of one of its counties, with a unit below one of them.
pub const PLACES: &[&str] = &[
    "单位全称 | 单位代码 | 行政区划 | 上级单位",
    "济南市教育局 | A1 | 370100 | ",
    "济南市第一中学 | A2 |  | 济南市教育局",
    "济南市公安局 | B1 | 370100 | ",
    "济南市大数据局 | D1 | 370100 | ",
    "历下区教育局 | E1 | 370102 | ",
];

/// Loads [`PLACES`].
pub fn settle(ledger: &Ledger) {
    let file = ledger.draw("机构.csv", PLACES);
    ledger.load_organisation(&file);
}

/// The id of a department.
pub fn department(ledger: &Ledger, name: &str) -> i64 {
    match Directory::load(&mut ledger.conn()).unwrap().find(name) {
        Found::One(id) => id,
        other => panic!("{name}: {other:?}"),
    }
}

/// Somebody with one role in a department; the account has the department's number.
pub fn viewer(ledger: &Ledger, role: Role, name: &str) -> Viewer {
    let id = department(ledger, name);
    let regions = ledger.app.catalogue.regions();
    let tree = Tree::load(&mut ledger.conn(), regions).unwrap();
    let at = if role.is_administrator() {
        None
    } else {
        Some(id)
    };
    let held = [(role, at, tree.extents(id))];
    let account = id * 100 + Role::ALL.iter().position(|r| *r == role).unwrap() as i64;
    Viewer::signed_in(account, &format!("{name}{}", role.label()), Some(id), &held)
}
