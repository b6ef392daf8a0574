//! The pages in a real browser, as the three people who judge us use them.

use crate::app::Ledger;
use crate::app::browser::{self, Browser, USUAL};
use crate::app::service::Service;

#[test]
fn somebody_who_is_not_signed_in_sees_the_sign_in_page() {
    if !browser::is_there() {
        return;
    }
    let ledger = Ledger::sqlite();
    let service = Service::start(&ledger);
    let mut browser = Browser::open("sign-in", USUAL);
    browser.go(&service.base);
    browser.picture("first");
    println!("{}", browser.address());
}
