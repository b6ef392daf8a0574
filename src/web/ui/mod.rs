//! Pages for people: one file per desk, each with its routes.

use actix_web::web;

mod account;
mod accounts;
pub(super) mod audit;
mod home;
mod imports;
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
        .configure(imports::configure);
}
