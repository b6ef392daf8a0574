//! Pages for people: one file per desk, each with its routes.

use actix_web::web;

mod account;
mod accounts;
pub(super) mod audit;
pub(super) mod duplicates;
mod filings;
mod home;
mod imports;
pub(super) mod lists;
mod organisation;
mod people;
mod registers;
mod setup;
mod sign_in;

/// All pages.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .configure(home::configure)
        .configure(registers::configure)
        .configure(sign_in::configure)
        .configure(setup::configure)
        .configure(account::configure)
        .configure(accounts::configure)
        .configure(audit::configure)
        .configure(imports::configure)
        .configure(organisation::configure)
        .configure(people::configure)
        .configure(filings::configure)
        .configure(duplicates::configure);
}
