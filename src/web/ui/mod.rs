//! Pages for people: one file per desk, each with its routes.

use actix_web::web;

mod home;
mod registers;

/// All pages.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .configure(home::configure)
        .configure(registers::configure);
}
