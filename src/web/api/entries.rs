//! Entries over the API: lists, single entries, changes with the version they were made from.

mod body;
mod change;
pub mod list;
pub mod past;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the operations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    // Words that stand where a code can stand come first.
    config
        .service(list::export_entries)
        .service(list::count_entries)
        .service(list::search_entries)
        .service(change::write_entries)
        .service(list::list_entries)
        .service(change::create_entry)
        .service(past::entry_history)
        .service(past::compare_versions)
        .service(past::entry_relations)
        .service(change::restore_entry)
        .service(past::show_entry)
        .service(change::amend_entry)
        .service(change::remove_entry);
}
