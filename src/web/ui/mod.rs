//! Pages for people: one file per desk, each with its routes.

use actix_web::web;

mod account;
mod accounts;
pub(super) mod audit;
mod calendar;
mod campaigns;
mod collection;
mod deadlines;
pub(super) mod duplicates;
mod filings;
mod home;
mod imports;
mod issues;
mod links;
pub(super) mod lists;
mod map;
mod notices;
mod organisation;
mod people;
mod reconcile;
mod registers;
mod requests;
mod reviews;
mod setup;
mod sign_in;
mod stages;
mod time_limits;

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
        .configure(deadlines::configure)
        .configure(calendar::configure)
        .configure(time_limits::configure)
        .configure(notices::configure)
        .configure(requests::configure)
        .configure(reviews::configure)
        .configure(reconcile::configure)
        .configure(links::configure)
        .configure(stages::configure)
        .configure(duplicates::configure)
        .configure(campaigns::configure)
        .configure(map::configure)
        .configure(issues::configure)
        .configure(collection::configure);
}
